/**
 * The parser, against whatever it is given.
 * Proves: any source compiles or is refused with a place inside of it; a text that is escaped as MACOS 1.5 says comes back as it was.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { messagesDictionary } from './dictionary.ts'
import { ScriptError, UnsupportedError } from './faults.ts'
import { parseScript } from './statement-parser.ts'

const dictionary = messagesDictionary('current')

const word = fc.constantFrom(
  ...`set to of in if then else end repeat with from tell application "Messages" id try on error number return 1 -2 3.5 "x" {
  } ( ) , : & + - = is not whose every first 1st account accounts participant chat send as text list alias file POSIX path
  my it its me count item items thru a x theTarget run argv timeout seconds ignoring considering case using terms the AppleScript 's
  contents name service type iMessage SMS any read «class utf8» and or true missing value global property | ¬`.split(
    /\s+/,
  ),
)
const source = fc
  .array(fc.oneof({ weight: 6, arbitrary: word }, { weight: 1, arbitrary: fc.constant('\n') }), { maxLength: 30 })
  .map((words) => words.join(' '))

test('any words compile, or are refused with a place and a number', () => {
  fc.assert(
    fc.property(fc.oneof(source, fc.string({ unit: 'grapheme', maxLength: 40 })), (text) => {
      try {
        parseScript(text, dictionary)
      } catch (error) {
        if (error instanceof UnsupportedError) return
        expect(error).toBeInstanceOf(ScriptError)
        const { number, range } = error as ScriptError
        expect([-2740, -2741]).toContain(number)
        expect(range).toBeDefined()
        expect(range?.start).toBeGreaterThanOrEqual(0)
        expect(range?.end).toBeLessThanOrEqual(text.length)
      }
    }),
    { numRuns: 3_000 },
  )
})

test('a literal is its text, when `\\` and `"` are escaped', () => {
  const text = fc.string({ unit: 'binary', maxLength: 60 }).filter((one) => !/[\u2028\u2029]/.test(one))
  fc.assert(
    fc.property(text, (one) => {
      const literal = `"${one.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
      const [statement] = parseScript(literal, null).body
      expect(statement).toMatchObject({ kind: 'expression', expression: { kind: 'text', text: one } })
    }),
    { numRuns: 200 },
  )
})
