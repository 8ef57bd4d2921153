/** From source text to tokens: words, literals, symbols and line ends, each with its place. */
import { ScriptError } from './faults.ts'
import type { SourceRange, SyntaxWord } from './faults.ts'

export type TokenKind = 'word' | 'name' | 'text' | 'integer' | 'real' | 'ordinal' | 'symbol' | 'raw' | 'newline' | 'end'

export type Token = SourceRange &
  Readonly<{
    kind: TokenKind
    /** Words as written, `|names|` and texts without their quotes and escapes, ordinals without their letters. */
    text: string
  }>

/** CR, LF and both together, and what Unicode adds: "U+2028/U+2029 and CR/LF still end lines" (MACOS 1.5). */
const LINE_END = /\r\n|[\r\n\u2028\u2029]/y
const BLANK = /[ \t\u00a0]+/y
const LINE_COMMENT = /(?:--|#)[^\r\n\u2028\u2029]*/y
const CONTINUATION = /¬[ \t]*(?:\r\n|[\r\n])/y
const WORD = /(?:isn't|doesn't)\b|[A-Za-z_][A-Za-z0-9_]*/iy
const ORDINAL = /(\d+)(?:st|nd|rd|th)\b/iy
const REAL = /\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+/y
const INTEGER = /\d+/y
const NAME = /\|([^|\r\n]+)\|/y
const RAW = /«[^»\r\n]*»/y
const SYMBOL = /'s\b|<=|>=|[(){},:&+\-*/÷^=≠<>≤≥]/y

const PATTERNS: readonly (readonly [TokenKind | 'skipped', RegExp])[] = [
  ['skipped', BLANK],
  ['skipped', LINE_COMMENT],
  ['skipped', CONTINUATION],
  ['newline', LINE_END],
  ['word', WORD],
  ['ordinal', ORDINAL],
  ['real', REAL],
  ['integer', INTEGER],
  ['name', NAME],
  ['raw', RAW],
  ['symbol', SYMBOL],
]

/** Throws ScriptError -2741 at what is no token. The last token is of kind `end`. */
export function tokenize(source: string): readonly Token[] {
  const tokens: Token[] = []
  let at = source.startsWith('\ufeff') ? 1 : 0
  while (at < source.length) {
    if (source.startsWith('(*', at)) {
      at = endOfBlockComment(source, at)
    } else if (source[at] === '"') {
      const token = textLiteral(source, at)
      tokens.push(token)
      at = token.end
    } else {
      const { kind, text, end } = plainToken(source, at)
      if (kind !== 'skipped') tokens.push({ kind, text, start: at, end })
      at = end
    }
  }
  tokens.push({ kind: 'end', text: '', start: source.length, end: source.length })
  return tokens
}

function plainToken(source: string, at: number): { kind: TokenKind | 'skipped'; text: string; end: number } {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at
    const match = pattern.exec(source)
    if (match !== null) return { kind, text: match[1] ?? match[0], end: pattern.lastIndex }
  }
  throw unknownToken('expression', at)
}

/** `(* comments (* nest *) *)`. */
function endOfBlockComment(source: string, start: number): number {
  let depth = 0
  for (let at = start; at < source.length; at++) {
    if (source.startsWith('(*', at)) depth++
    else if (source.startsWith('*)', at)) depth--
    else continue
    at++
    if (depth === 0) return at + 1
  }
  throw new ScriptError(
    { kind: 'expected', expected: '“*)”', found: 'end of script' },
    { range: { start, end: source.length } },
  )
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\', '"': '"', n: '\n', r: '\r', t: '\t' }

/** A line break may stand in a literal, U+2028 and U+2029 may not; a backslash begins one of five escapes, or it is an error. */
function textLiteral(source: string, start: number): Token {
  let text = ''
  for (let at = start + 1; at < source.length; at++) {
    const character = source[at] ?? ''
    if (character === '"') return { kind: 'text', text, start, end: at + 1 }
    if (character === '\u2028' || character === '\u2029') throw unknownToken('“"”', at)
    if (character !== '\\') {
      text += character
      continue
    }
    const escaped = ESCAPES[source[at + 1] ?? '']
    if (escaped === undefined) throw unknownToken('“"”', at)
    text += escaped
    at++
  }
  const range = { start, end: source.length }
  throw new ScriptError({ kind: 'expected', expected: '“"”', found: 'end of script' }, { range })
}

function unknownToken(expected: SyntaxWord, at: number): ScriptError {
  return new ScriptError({ kind: 'expected', expected, found: 'unknown token' }, { range: { start: at, end: at + 1 } })
}
