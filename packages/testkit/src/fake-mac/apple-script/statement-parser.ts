/** From source text to a script that can run, or to the first syntax error: osascript compiles all of it before anything runs. */
import type { Dictionary } from './dictionary.ts'
import { ExpressionParser } from './expression-parser.ts'
import { ScriptError } from './faults.ts'
import type { Expression, Handler, Loop, OnError, Script, Statement } from './syntax.ts'
import { TokenReader } from './token-reader.ts'
import { tokenize } from './tokens.ts'

/** Throws ScriptError -2740 or -2741; UnsupportedError for what the fake Mac does not know. `messages` is null when Messages is not found. */
export function parseScript(source: string, messages: Dictionary | null): Script {
  return new ScriptParser(new TokenReader(tokenize(source), messages)).script()
}

/** How people and systems call the app: by its name or by its bundle id. */
export function isMessages(by: 'name' | 'id', which: string): boolean {
  return by === 'name' ? /^messages(?:\.app)?$/i.test(which) : which.toLowerCase() === 'com.apple.mobilesms'
}

class ScriptParser {
  readonly #reader: TokenReader
  readonly #expressions: ExpressionParser

  constructor(reader: TokenReader) {
    this.#reader = reader
    this.#expressions = new ExpressionParser(reader)
  }

  script(): Script {
    const reader = this.#reader
    const properties: { name: string; value: Expression }[] = []
    const globals: string[] = []
    const handlers = new Map<string, Handler>()
    const body: Statement[] = []
    reader.takeLineEnds()
    while (reader.next.kind !== 'end') {
      if (reader.isWord('on') || reader.isWord('to')) {
        const handler = this.#handler()
        handlers.set(handler.name.toLowerCase(), handler)
      } else if (reader.takeWords('property') || reader.takeWords('prop')) {
        const name = reader.takeIdentifier()
        reader.expectSymbol(':')
        properties.push({ name, value: this.#expressions.expression() })
      } else {
        const statement = this.#statement()
        if (statement.kind === 'global') globals.push(...statement.names)
        body.push(statement)
      }
      reader.expectLineEnd()
    }
    if (handlers.has('run') && body.some(({ kind }) => kind !== 'global' && kind !== 'local')) {
      throw new ScriptError(
        { kind: 'expected', expected: 'end of script', found: '“run”' },
        { range: body[0] ?? reader.next },
      )
    }
    return { properties, globals, handlers, body }
  }

  #handler(): Handler {
    const reader = this.#reader
    reader.take()
    const name = reader.takeIdentifier()
    const { parameters, takesList } = this.#parameters()
    reader.expectLineEnd()
    const body = this.#block()
    this.#end(name)
    return { name, parameters, takesList, body }
  }

  /** `(a, b)`, `a` or `{a, b}`: the last is one list that is taken apart. */
  #parameters(): { parameters: readonly string[]; takesList: boolean } {
    const reader = this.#reader
    if (reader.takeSymbol('(')) return { parameters: this.#names(')'), takesList: false }
    if (reader.takeSymbol('{')) return { parameters: this.#names('}'), takesList: true }
    const isAtEnd = reader.next.kind === 'newline' || reader.next.kind === 'end'
    return { parameters: isAtEnd ? [] : [reader.takeIdentifier()], takesList: false }
  }

  #names(closing: ')' | '}'): readonly string[] {
    const reader = this.#reader
    if (reader.takeSymbol(closing)) return []
    const names = [reader.takeIdentifier()]
    while (reader.takeSymbol(',')) names.push(reader.takeIdentifier())
    reader.expectSymbol(closing)
    return names
  }

  /** Statements up to the word that ends or divides the block, which stays. */
  #block(): readonly Statement[] {
    const reader = this.#reader
    const statements: Statement[] = []
    reader.takeLineEnds()
    while (!this.#isAtBlockEnd()) {
      if (reader.next.kind === 'end') throw reader.expected('“end”')
      statements.push(this.#statement())
      reader.expectLineEnd()
    }
    return statements
  }

  #isAtBlockEnd(): boolean {
    const reader = this.#reader
    if (reader.isWord('else')) return true
    if (reader.isWord('on') && reader.isWord('error', reader.ahead(1))) return true
    return reader.isWord('end') && !reader.isWord('of', reader.ahead(1)) && !reader.isWord('in', reader.ahead(1))
  }

  /** `end`, alone or with what it ends. */
  #end(...names: readonly string[]): void {
    const reader = this.#reader
    reader.expectWord('end')
    if (reader.next.kind === 'newline' || reader.next.kind === 'end') return
    if (names.some((name) => reader.takeWords(name.toLowerCase()))) return
    throw reader.expected(`“${names[0] ?? 'end'}”`)
  }

  #statement(): Statement {
    const { start } = this.#reader.next
    const statement = this.#compound() ?? this.#simple()
    return { ...statement, ...this.#reader.rangeSince(start) }
  }

  #compound(): UnplacedStatement | null {
    const reader = this.#reader
    if (reader.takeWords('if')) return this.#if()
    if (reader.takeWords('repeat')) return this.#repeat()
    if (reader.takeWords('tell')) return this.#tell()
    if (reader.takeWords('try')) return this.#try()
    if (reader.takeWords('with timeout')) return this.#withTimeout()
    if (reader.takeWords('considering')) return this.#considering(true)
    if (reader.takeWords('ignoring')) return this.#considering(false)
    if (reader.takeWords('using terms from')) {
      const target = this.#expressions.reference()
      const body = reader.within(isTellToMessages(target), () => this.#lineEndAndBlock())
      this.#end('using terms from')
      return { kind: 'block', body }
    }
    return null
  }

  #simple(): UnplacedStatement {
    const reader = this.#reader
    if (reader.takeWords('set')) {
      const target = this.#target()
      reader.expectWord('to')
      return { kind: 'set', target, value: this.#expressions.expression() }
    }
    if (reader.takeWords('copy')) {
      const value = this.#expressions.expression()
      reader.expectWord('to')
      return { kind: 'copy', value, target: this.#target() }
    }
    if (reader.takeWords('return')) {
      return { kind: 'return', value: this.#isAtLineEnd() ? null : this.#expressions.expression() }
    }
    if (reader.takeWords('exit')) {
      reader.takeWords('repeat')
      return { kind: 'exit_repeat' }
    }
    if (reader.takeWords('error')) return this.#error()
    if (reader.takeWords('global')) return { kind: 'global', names: this.#listOfNames() }
    if (reader.takeWords('local')) return { kind: 'local', names: this.#listOfNames() }
    return { kind: 'expression', expression: this.#expressions.expression() }
  }

  /** A word of a dictionary that is no property can't be the name of a variable. */
  #target(): Expression {
    const target = this.#expressions.reference()
    if (target.kind !== 'class' && target.kind !== 'constant') return target
    const found = target.kind === 'class' ? 'class name' : 'application constant or consideration'
    throw new ScriptError({ kind: 'expected', expected: 'expression', found }, { range: target })
  }

  #if(): UnplacedStatement {
    const reader = this.#reader
    const first = this.#expressions.expression()
    reader.takeWords('then')
    if (reader.next.kind !== 'newline') {
      return { kind: 'if', branches: [{ test: first, body: [this.#statement()] }], otherwise: [] }
    }
    const branches = [{ test: first, body: this.#lineEndAndBlock() }]
    let otherwise: readonly Statement[] = []
    while (reader.takeWords('else')) {
      if (!reader.takeWords('if')) {
        otherwise = this.#lineEndAndBlock()
        break
      }
      const test = this.#expressions.expression()
      reader.takeWords('then')
      branches.push({ test, body: this.#lineEndAndBlock() })
    }
    this.#end('if')
    return { kind: 'if', branches, otherwise }
  }

  #repeat(): UnplacedStatement {
    const loop = this.#loop()
    const body = this.#lineEndAndBlock()
    this.#end('repeat')
    return { kind: 'repeat', loop, body }
  }

  #loop(): Loop {
    const reader = this.#reader
    if (this.#isAtLineEnd()) return { kind: 'forever' }
    if (reader.takeWords('while')) return { kind: 'while', test: this.#expressions.expression() }
    if (reader.takeWords('until')) return { kind: 'until', test: this.#expressions.expression() }
    if (!reader.takeWords('with')) {
      const times = this.#expressions.expression()
      reader.takeWords('times')
      return { kind: 'times', times }
    }
    const variable = reader.takeIdentifier()
    if (reader.takeWords('in')) return { kind: 'in', variable, list: this.#expressions.expression() }
    reader.expectWord('from')
    const from = this.#expressions.expression()
    reader.expectWord('to')
    const to = this.#expressions.expression()
    return { kind: 'range', variable, from, to, by: reader.takeWords('by') ? this.#expressions.expression() : null }
  }

  #tell(): UnplacedStatement {
    const reader = this.#reader
    const target = this.#expressions.reference()
    return reader.within(isTellToMessages(target), () => {
      if (reader.takeWords('to')) return { kind: 'tell', target, body: [this.#statement()] }
      const body = this.#lineEndAndBlock()
      this.#end('tell')
      return { kind: 'tell', target, body }
    })
  }

  #try(): UnplacedStatement {
    const reader = this.#reader
    const body = this.#lineEndAndBlock()
    let onError: OnError | null = null
    if (reader.takeWords('on error')) {
      const message = this.#isAtLineEnd() || reader.isWord('number') ? null : reader.takeIdentifier()
      const number = reader.takeWords('number') ? reader.takeIdentifier() : null
      onError = { message, number, body: this.#lineEndAndBlock() }
    }
    this.#end('try', 'error')
    return { kind: 'try', body, onError }
  }

  #withTimeout(): UnplacedStatement {
    const reader = this.#reader
    reader.takeWords('of')
    const seconds = this.#expressions.expression()
    if (!reader.takeWords('seconds')) reader.expectWord('second')
    const body = this.#lineEndAndBlock()
    this.#end('timeout')
    return { kind: 'with_timeout', seconds, body }
  }

  #considering(considered: boolean): UnplacedStatement {
    const reader = this.#reader
    const words: string[] = []
    while (!this.#isAtLineEnd()) words.push(reader.take().text.toLowerCase())
    const said = words.join(' ')
    const known = (['case', 'application responses'] as const).find((what) => what === said)
    const body = this.#lineEndAndBlock()
    this.#end(considered ? 'considering' : 'ignoring')
    return { kind: 'considering', what: known ?? 'other', considered, body }
  }

  #error(): UnplacedStatement {
    const reader = this.#reader
    const text = this.#isAtLineEnd() || reader.isWord('number') ? null : this.#expressions.expression()
    const number = reader.takeWords('number') ? this.#expressions.expression() : null
    return { kind: 'error', text, number }
  }

  #listOfNames(): readonly string[] {
    const names = [this.#reader.takeIdentifier()]
    while (this.#reader.takeSymbol(',')) names.push(this.#reader.takeIdentifier())
    return names
  }

  #lineEndAndBlock(): readonly Statement[] {
    this.#reader.expectLineEnd()
    return this.#block()
  }

  #isAtLineEnd(): boolean {
    return this.#reader.next.kind === 'newline' || this.#reader.next.kind === 'end'
  }
}

/** A statement before its place in the source is known. */
type UnplacedStatement = Statement extends infer One
  ? One extends Statement
    ? Omit<One, 'start' | 'end'>
    : never
  : never

/** Its words are known while compiling only when the app is written out: a variable's app has none. */
function isTellToMessages(target: Expression): boolean {
  return target.kind === 'application' && target.which.kind === 'text' && isMessages(target.by, target.which.text)
}
