/** The parser's place in the tokens, and the words that are known there. */
import { APPLE_SCRIPT, RESERVED } from './dictionary.ts'
import type { Dictionary, Term } from './dictionary.ts'
import { ScriptError, UnsupportedError } from './faults.ts'
import type { SourceRange, SyntaxWord } from './faults.ts'
import type { Token } from './tokens.ts'

export class TokenReader {
  readonly #tokens: readonly Token[]
  #at = 0
  /** Innermost last: the apps whose `tell` we are in. */
  readonly #dictionaries: Dictionary[] = [APPLE_SCRIPT]
  /** The dictionary of Messages; null: it was not found, and its words are unknown (MACOS 1.4: -2740, -2741). */
  readonly messages: Dictionary | null

  constructor(tokens: readonly Token[], messages: Dictionary | null) {
    this.#tokens = tokens
    this.messages = messages
  }

  get next(): Token {
    return this.ahead(0)
  }

  ahead(count: number): Token {
    const token = this.#tokens[Math.min(this.#at + count, this.#tokens.length - 1)]
    if (token === undefined) throw new Error('there is always a last token')
    return token
  }

  take(): Token {
    const token = this.next
    this.#at++
    return token
  }

  get position(): number {
    return this.#at
  }

  /** Of what was read since `from`, a token's start. */
  rangeSince(from: number): SourceRange {
    return { start: from, end: this.#tokens[this.#at - 1]?.end ?? from }
  }

  isWord(word: string, token = this.next): boolean {
    return token.kind === 'word' && token.text.toLowerCase() === word
  }

  isSymbol(symbol: string, token = this.next): boolean {
    return token.kind === 'symbol' && token.text === symbol
  }

  /** True, and past it, if these words come next. */
  takeWords(words: string): boolean {
    const list = words.split(' ')
    if (!list.every((word, i) => this.isWord(word, this.ahead(i)))) return false
    this.#at += list.length
    return true
  }

  takeSymbol(symbol: string): boolean {
    if (!this.isSymbol(symbol)) return false
    this.#at++
    return true
  }

  expectWord(word: string): void {
    if (!this.takeWords(word)) throw this.expected(`“${word}”`)
  }

  expectSymbol(symbol: string): void {
    if (!this.takeSymbol(symbol)) throw this.expected(`“${symbol}”`)
  }

  /** The longest term that begins here. */
  term(): { term: Term; length: number } | null {
    for (const dictionary of this.#dictionaries.toReversed()) {
      for (let length = dictionary.wordsMax; length > 0; length--) {
        const words = Array.from({ length }, (_, i) => this.ahead(i))
        if (!words.every(({ kind }) => kind === 'word')) continue
        const term = dictionary.find(words.map(({ text }) => text).join(' '))
        if (term !== undefined) return { term, length }
      }
    }
    return null
  }

  takeTerm(length: number): void {
    this.#at += length
  }

  /** Parses `body` with the words of Messages, when they are known. */
  within<T>(isMessages: boolean, body: () => T): T {
    if (!isMessages || this.messages === null) return body()
    this.#dictionaries.push(this.messages)
    try {
      return body()
    } finally {
      this.#dictionaries.pop()
    }
  }

  /** The name of a variable, a handler or a parameter, as written. */
  takeIdentifier(): string {
    const { kind, text } = this.next
    const isFree = kind === 'word' && !RESERVED.has(text.toLowerCase()) && this.term() === null
    if (kind !== 'name' && !isFree) throw this.expected('identifier')
    this.#at++
    return text
  }

  takeLineEnds(): void {
    while (this.next.kind === 'newline') this.#at++
  }

  expectLineEnd(): void {
    if (this.next.kind === 'end') return
    if (this.next.kind !== 'newline') throw this.unexpectedAfterExpression()
    this.takeLineEnds()
  }

  expected(what: SyntaxWord): ScriptError {
    return new ScriptError(
      { kind: 'expected', expected: what, found: this.#nameOfNext() },
      { range: this.#nextRange() },
    )
  }

  /** A name right after a name has an error of its own: -2740. */
  unexpectedAfterExpression(): ScriptError {
    const found = this.#nameOfNext()
    const before = this.#tokens[this.#at - 1]
    const afterName = before !== undefined && this.#isIdentifier(before)
    if (afterName && (found === 'identifier' || found === 'property' || found === '“"”')) {
      return new ScriptError({ kind: 'cannot_follow', found, after: 'identifier' }, { range: this.#nextRange() })
    }
    return this.expected('end of line, etc.')
  }

  /** For words of macOS that mean something there, and nothing here. */
  unsupported(name: string): UnsupportedError {
    return new UnsupportedError(`The fake Mac's AppleScript does not know “${name}”.`)
  }

  #isIdentifier({ kind, text }: Token): boolean {
    return (
      kind === 'name' || (kind === 'word' && !RESERVED.has(text.toLowerCase()) && APPLE_SCRIPT.find(text) === undefined)
    )
  }

  #nextRange(): SourceRange {
    const { start, end } = this.next
    return { start, end }
  }

  #nameOfNext(): SyntaxWord {
    const token = this.next
    switch (token.kind) {
      case 'word':
        return this.#nameOfWord(token)
      case 'name':
        return 'identifier'
      case 'text':
        return '“"”'
      case 'integer':
      case 'real':
      case 'ordinal':
        return 'number'
      case 'symbol':
        return `“${token.text}”`
      case 'raw':
        return 'class name'
      case 'newline':
        return 'end of line'
      case 'end':
        return 'end of script'
    }
  }

  #nameOfWord({ text }: Token): SyntaxWord {
    const found = this.term()
    if (found === null) return RESERVED.has(text.toLowerCase()) ? `“${text.toLowerCase()}”` : 'identifier'
    switch (found.term.kind) {
      case 'class':
        return 'class name'
      case 'property':
      case 'text':
        return 'property'
      case 'constant':
        return 'application constant or consideration'
      case 'command':
      case 'unsupported':
        return 'command name'
    }
  }
}
