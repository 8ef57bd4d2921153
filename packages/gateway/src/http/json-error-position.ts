/** Where a text stops being JSON. */

/** Its end is what tells: in between, some of the engine's messages quote the text, which may say anything. */
const NAMED_POSITION = / in JSON at position (\d+)(?: \(line \d+ column \d+\))?$/
const AFTER_JSON = / after JSON at position (\d+)(?: \(line \d+ column \d+\))?$/

/** One token, and the white space before it. */
const TOKEN = /[ \t\r\n]*(?:[{}[\],:]|"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*|true|false|null)/y

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | 'end of value'

/** `message` is what JSON.parse threw. `position` counts UTF-16 units from 0, `line` and `column` from 1. */
export function jsonErrorAt(text: string, message: string): { position: number; line: number; column: number } {
  const named = (NAMED_POSITION.exec(message) ?? AFTER_JSON.exec(message))?.[1]
  const position =
    named !== undefined ? Number(named) : /^unexpected end/i.test(message) ? text.length : firstUnexpected(text)
  const before = text.slice(0, position)
  return { position, line: before.split('\n').length, column: position - before.lastIndexOf('\n') }
}

/** The engine names no position for a token that cannot stand where it stands. In one pass, whatever the nesting. */
function firstUnexpected(text: string): number {
  const open: string[] = []
  let expected: Expected = 'value'
  for (let at = 0; ;) {
    TOKEN.lastIndex = at
    const token = TOKEN.exec(text)?.[0]
    const start = at + (/^[ \t\r\n]*/.exec(token ?? text.slice(at))?.[0].length ?? 0)
    const next: Expected | null = token === undefined ? null : after(token.trim(), expected, open)
    if (token === undefined || next === null) return start
    at += token.length
    expected = next
  }
}

/** What may stand after this token; null when it may not stand here itself. `open` holds the brackets around it. */
function after(token: string, expected: Expected, open: string[]): Expected | null {
  const closes = token === '}' || token === ']' ? token : null
  if (closes !== null) {
    const isEmpty = expected === (closes === '}' ? 'key or }' : 'value or ]')
    const opener = closes === '}' ? '{' : '['
    return (isEmpty || expected === 'end of value') && open.pop() === opener ? 'end of value' : null
  }
  if (token === ',')
    return expected === 'end of value' && open.length > 0 ? (open.at(-1) === '{' ? 'key' : 'value') : null
  if (token === ':') return expected === ':' ? 'value' : null
  if (expected === 'key' || expected === 'key or }') return token.startsWith('"') ? ':' : null
  if (expected !== 'value' && expected !== 'value or ]') return null
  if (token !== '{' && token !== '[') return 'end of value'
  open.push(token)
  return token === '{' ? 'key or }' : 'value or ]'
}
