/** What an expression is made of: literals, variables, calls, objects and properties, and commands that give a value. */
import { RESERVED } from './dictionary.ts'
import type { ClassName, CommandName } from './dictionary.ts'
import type { CoercionType, ElementKey, Expression } from './syntax.ts'
import type { TokenReader } from './token-reader.ts'

/** What a primary is made of in its turn. */
export interface Grammar {
  readonly reader: TokenReader
  expression(): Expression
  reference(): Expression
}

const ORDINALS: Readonly<Record<string, number>> = {
  first: 1,
  second: 2,
  third: 3,
  fourth: 4,
  fifth: 5,
  sixth: 6,
  seventh: 7,
  eighth: 8,
  ninth: 9,
  tenth: 10,
  front: 1,
  last: -1,
  back: -1,
}

export function parsePrimary(grammar: Grammar): Expression {
  const { reader } = grammar
  reader.takeWords('the')
  const { kind, text, start } = reader.next
  switch (kind) {
    case 'text':
      reader.take()
      return { kind: 'text', text, ...reader.rangeSince(start) }
    case 'integer':
    case 'real':
      reader.take()
      return { kind: 'number', number: Number(text), real: kind === 'real', ...reader.rangeSince(start) }
    case 'ordinal':
      reader.take()
      return elementAt(reader, { start, index: Number(text) })
    case 'name':
      return variableOrCall(grammar)
    case 'word':
      return languageWord(grammar) ?? termOrVariable(grammar)
    case 'symbol':
      if (reader.takeSymbol('(')) {
        const inner = grammar.expression()
        reader.expectSymbol(')')
        return inner
      }
      if (reader.isSymbol('{')) return listOrRecord(grammar)
      throw reader.expected('expression')
    case 'raw':
      throw reader.unsupported(text)
    case 'newline':
    case 'end':
      throw reader.expected('expression')
  }
}

/** Words of the language that begin a value; null: it is another one. */
function languageWord(grammar: Grammar): Expression | null {
  const { reader } = grammar
  const { text, start } = reader.next
  const word = text.toLowerCase()
  const ordinal = ORDINALS[word]
  if (ordinal !== undefined) {
    reader.take()
    return elementAt(reader, { start, index: ordinal })
  }
  const reference = ['a reference to', 'a ref to', 'reference to', 'ref to'].find((words) => reader.takeWords(words))
  if (reference !== undefined) return { kind: 'reference_to', of: grammar.reference(), ...reader.rangeSince(start) }
  if (reader.takeWords('current application')) return { kind: 'me', ...reader.rangeSince(start) }
  switch (word) {
    case 'true':
    case 'false':
      reader.take()
      return { kind: 'boolean', value: word === 'true', ...reader.rangeSince(start) }
    case 'return':
      reader.take()
      return { kind: 'text', text: '\r', ...reader.rangeSince(start) }
    case 'it':
    case 'me':
    case 'result':
      reader.take()
      return { kind: word, ...reader.rangeSince(start) }
    case 'applescript':
      reader.take()
      return { kind: 'apple_script', ...reader.rangeSince(start) }
    case 'its':
    case 'my': {
      reader.take()
      const outer: Expression = { kind: word === 'my' ? 'me' : 'it', ...reader.rangeSince(start) }
      const inner = parsePrimary(grammar)
      return { kind: 'of', inner, outer, ...reader.rangeSince(start) }
    }
    case 'every':
      reader.take()
      return { kind: 'element', class: takeClass(reader), key: { by: 'every' }, ...reader.rangeSince(start) }
    case 'middle':
      reader.take()
      return { kind: 'element', class: takeClass(reader), key: { by: 'middle' }, ...reader.rangeSince(start) }
    case 'some':
      throw reader.unsupported('some')
    case 'beginning':
    case 'end':
      reader.take()
      if (!reader.isWord('of') && !reader.isWord('in')) throw reader.expected('“of”')
      return { kind: 'insertion', at: word, ...reader.rangeSince(start) }
    default:
      return null
  }
}

function elementAt(reader: TokenReader, { start, index }: { start: number; index: number }): Expression {
  const place: Expression = { kind: 'number', number: index, real: false, ...reader.rangeSince(start) }
  return {
    kind: 'element',
    class: takeClass(reader),
    key: { by: 'index', index: place },
    ...reader.rangeSince(start),
  }
}

function takeClass(reader: TokenReader): ClassName {
  const found = reader.term()
  if (found?.term.kind !== 'class') throw reader.expected('class name')
  reader.takeTerm(found.length)
  return found.term.name
}

function termOrVariable(grammar: Grammar): Expression {
  const { reader } = grammar
  const { start } = reader.next
  const found = reader.term()
  if (found === null) return variableOrCall(grammar)
  const { term } = found
  reader.takeTerm(found.length)
  switch (term.kind) {
    case 'class':
      return objectOfClass(grammar, { start, class: term.name, plural: term.plural })
    case 'property':
      return { kind: 'property', name: term.name, ...reader.rangeSince(start) }
    case 'constant':
      return { kind: 'constant', name: term.name, ...reader.rangeSince(start) }
    case 'text':
      return { kind: 'text', text: term.text, ...reader.rangeSince(start) }
    case 'command':
      return commands[term.name](grammar, start)
    case 'unsupported':
      throw reader.unsupported(term.name)
  }
}

type ClassTerm = Readonly<{ start: number; class: ClassName; plural: boolean }>

function objectOfClass(grammar: Grammar, term: ClassTerm): Expression {
  const { reader } = grammar
  const { start } = term
  const byId = reader.takeWords('id')
  if (term.class === 'application') {
    const which = parsePrimary(grammar)
    return { kind: 'application', by: byId ? 'id' : 'name', which, ...reader.rangeSince(start) }
  }
  if (!byId && beginsIndex(reader) && !term.plural) {
    if (term.class === 'POSIX file') {
      return { kind: 'posix_file', path: parsePrimary(grammar), ...reader.rangeSince(start) }
    }
    if (term.class === 'file' || term.class === 'alias') {
      const alias = term.class === 'alias'
      return { kind: 'file_by_name', alias, name: parsePrimary(grammar), ...reader.rangeSince(start) }
    }
  }
  const isFollowedByOf = reader.isWord('of') || reader.isWord('in')
  if (term.class === 'number' && isFollowedByOf) return commands.count(grammar, start)
  const key = byId ? ({ by: 'id', id: parsePrimary(grammar) } as const) : elementKey(grammar, term)
  if (key !== null) return { kind: 'element', class: term.class, key, ...reader.rangeSince(start) }
  if (isFollowedByOf && (term.class === 'account' || term.class === 'participant')) {
    return { kind: 'property', name: term.class, ...reader.rangeSince(start) }
  }
  return { kind: 'class', name: term.class, ...reader.rangeSince(start) }
}

function elementKey(grammar: Grammar, { plural }: ClassTerm): ElementKey | null {
  const { reader } = grammar
  if (reader.takeWords('named')) return { by: 'name', name: parsePrimary(grammar) }
  if (!beginsIndex(reader)) return plural ? { by: 'every' } : null
  const index = parseIndex(grammar)
  if (!reader.takeWords('thru') && !reader.takeWords('through')) return { by: 'index', index }
  return { by: 'range', from: index, to: parseIndex(grammar) }
}

function parseIndex(grammar: Grammar): Expression {
  const { reader } = grammar
  const { start } = reader.next
  if (!reader.takeSymbol('-')) return parsePrimary(grammar)
  return { kind: 'negative', operand: parsePrimary(grammar), ...reader.rangeSince(start) }
}

type CommandParser = (grammar: Grammar, start: number) => Expression

const commands = {
  activate: addressed('activate'),
  launch: addressed('launch'),
  count(grammar, start) {
    const { reader } = grammar
    for (const word of ['of', 'in', 'each']) reader.takeWords(word)
    return { kind: 'command', name: 'count', direct: grammar.reference(), parameter: null, ...reader.rangeSince(start) }
  },
  delay(grammar, start) {
    const { reader } = grammar
    const direct = isAtLineEnd(reader) ? null : grammar.expression()
    return { kind: 'command', name: 'delay', direct, parameter: null, ...reader.rangeSince(start) }
  },
  exists(grammar, start) {
    const { reader } = grammar
    return {
      kind: 'command',
      name: 'exists',
      direct: grammar.reference(),
      parameter: null,
      ...reader.rangeSince(start),
    }
  },
  get(grammar, start) {
    const { reader } = grammar
    return { kind: 'command', name: 'get', direct: grammar.expression(), parameter: null, ...reader.rangeSince(start) }
  },
  log(grammar, start) {
    const { reader } = grammar
    return { kind: 'command', name: 'log', direct: grammar.expression(), parameter: null, ...reader.rangeSince(start) }
  },
  read(grammar, start) {
    const { reader } = grammar
    const direct = grammar.reference()
    for (const word of ['from', 'for', 'to', 'until', 'before', 'using']) {
      if (reader.isWord(word)) throw reader.unsupported(`read … ${word}`)
    }
    const parameter = reader.takeWords('as') ? parseCoercionType(reader) : null
    return { kind: 'command', name: 'read', direct, parameter, ...reader.rangeSince(start) }
  },
  send(grammar, start) {
    const { reader } = grammar
    const direct = grammar.expression()
    reader.expectWord('to')
    return { kind: 'command', name: 'send', direct, parameter: grammar.expression(), ...reader.rangeSince(start) }
  },
} as const satisfies Record<CommandName, CommandParser>

/** A command whose object is what the `tell` says, or an application that is named. */
function addressed(name: 'activate' | 'launch'): CommandParser {
  return (grammar, start) => {
    const { reader } = grammar
    const direct = isAtLineEnd(reader) ? null : grammar.reference()
    return { kind: 'command', name, direct, parameter: null, ...reader.rangeSince(start) }
  }
}

function isAtLineEnd(reader: TokenReader): boolean {
  return reader.next.kind === 'newline' || reader.next.kind === 'end' || reader.isSymbol(')')
}

function variableOrCall(grammar: Grammar): Expression {
  const { reader } = grammar
  const { start } = reader.next
  const name = takeValueName(reader)
  if (!reader.takeSymbol('(')) return { kind: 'variable', name, ...reader.rangeSince(start) }
  const list = parseItems(grammar, ')')
  return { kind: 'call', handler: name, arguments: list, ...reader.rangeSince(start) }
}

/** A name where a value is expected: the error says so. */
function takeValueName(reader: TokenReader): string {
  const { kind, text } = reader.next
  if (kind === 'word' && !beginsIndex(reader)) throw reader.expected('expression')
  reader.take()
  return text
}

/** Up to the closing symbol, and past it. */
function parseItems(grammar: Grammar, closing: ')' | '}'): readonly Expression[] {
  const { reader } = grammar
  if (reader.takeSymbol(closing)) return []
  const items = [grammar.expression()]
  while (reader.takeSymbol(',')) items.push(grammar.expression())
  reader.expectSymbol(closing)
  return items
}

function listOrRecord(grammar: Grammar): Expression {
  const { reader } = grammar
  const { start } = reader.take()
  if (!isFieldName(reader)) return { kind: 'list', items: parseItems(grammar, '}'), ...reader.rangeSince(start) }
  const fields: { name: string; value: Expression }[] = []
  do {
    const name = takeFieldName(reader)
    fields.push({ name, value: grammar.expression() })
  } while (reader.takeSymbol(','))
  reader.expectSymbol('}')
  return { kind: 'record', fields, ...reader.rangeSince(start) }
}

function isFieldName(reader: TokenReader): boolean {
  const length = reader.term()?.length ?? 1
  return reader.isSymbol(':', reader.ahead(length)) && (reader.next.kind === 'word' || reader.next.kind === 'name')
}

function takeFieldName(reader: TokenReader): string {
  if (!isFieldName(reader)) throw reader.expected('identifier')
  const words: string[] = []
  while (!reader.takeSymbol(':')) words.push(reader.take().text)
  return words.join(' ')
}

/** What comes after `as`. */
export function parseCoercionType(reader: TokenReader): CoercionType {
  reader.takeWords('the')
  if (reader.next.kind === 'raw') {
    const { text } = reader.take()
    if (text === '«class utf8»') return { kind: 'type', name: 'utf8' }
    throw reader.unsupported(text)
  }
  const found = reader.term()
  if (found?.term.kind !== 'class') throw reader.expected('class name')
  reader.takeTerm(found.length)
  return { kind: 'type', name: found.term.name }
}

/** Whether a token can be the index in `item i of`, `chat id G`, `participant H of`: one value, no operators. */
function beginsIndex(reader: TokenReader): boolean {
  const token = reader.next
  switch (token.kind) {
    case 'integer':
    case 'text':
    case 'name':
      return true
    case 'symbol':
      return token.text === '(' || (token.text === '-' && reader.ahead(1).kind === 'integer')
    case 'word':
      return !RESERVED.has(token.text.toLowerCase()) && reader.term() === null
    case 'real':
    case 'ordinal':
    case 'raw':
    case 'newline':
    case 'end':
      return false
  }
}
