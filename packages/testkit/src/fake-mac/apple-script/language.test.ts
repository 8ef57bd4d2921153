/**
 * AppleScript without an app: values, statements, handlers, and what is refused.
 * Proves: each script has the result that osascript prints, or the error line with its place and number.
 * World: the interpreter itself; no app is told anything.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { UnsupportedError } from './faults.ts'
import { readOsascriptSettings } from './osascript-settings.ts'
import { runScript } from './run-script.ts'

const folder = mkdtempSync(join(tmpdir(), 'apple-script-'))
afterAll(() => rmSync(folder, { recursive: true }))

type Given = { argv?: string[]; form?: 'human' | 'source'; logged?: string[] }

/** What is printed: the result, null for none, or the error line. */
async function run(source: string, { argv = [], form = 'human', logged = [] }: Given = {}): Promise<string | null> {
  const settings = readOsascriptSettings(folder)
  const outcome = await runScript(source, { folder, settings, argv, form, log: (line) => logged.push(line) })
  return outcome.kind === 'result' ? outcome.text : outcome.line
}

const lines = (...all: string[]) => all.join('\n')

describe('values and operators, as osascript prints them', () => {
  test.each([
    ['1 + 2 * 3', '7'],
    ['(1 + 2) * 3', '9'],
    ['7 div 2 & 7 mod 2', '3, 1'],
    ['7 / 2', '3.5'],
    ['2 ^ 3', '8.0'],
    ['-5 + 2', '-3'],
    ['1.5e4', '1.5E+4'],
    ['"a" & "b" & 1', 'ab1'],
    ['1 & "a"', '1, a'],
    ['true & "a"', 'true, a'],
    ['{1, 2} & 3', '1, 2, 3'],
    ['{1, {2, "x"}}', '1, 2, x'],
    ['{}', ''],
    ['{a:1, b:"x"}', 'a:1, b:x'],
    ['missing value', 'missing value'],
    ['"say \\"hi\\"\\\\ \\t|\\n|"', 'say "hi"\\ \t|\n|'],
    ['"two\nlines"', 'two\nlines'],
    ['"a" = "A"', 'true'],
    ['"a" is "b"', 'false'],
    ['"a" is not "b"', 'true'],
    ['"a" isn\'t "b"', 'true'],
    ['1 = "1"', 'false'],
    ['1 = 1.0', 'true'],
    ['2 < 10', 'true'],
    ['"2" < "10"', 'false'],
    ['3 is less than or equal to 3', 'true'],
    ['3 is not greater than 3', 'true'],
    ['4 ≥ 5', 'false'],
    ['4 >= 4', 'true'],
    ['"abc" contains "B"', 'true'],
    ['"abc" does not contain "z"', 'true'],
    ['"abc" starts with "ab" and "abc" ends with "bc"', 'true'],
    ['"b" is in {"a", "b"}', 'true'],
    ['"c" is not in {"a", "b"}', 'true'],
    ['{1, 2, 3} contains {2, 3}', 'true'],
    ['not true or true', 'true'],
    ['not (true or true)', 'false'],
    ['false and (1 / 0 = 1)', 'false'],
    ['true or (1 / 0 = 1)', 'true'],
    ['"5" + 1', '6'],
    ['"12" as integer', '12'],
    ['"1.5" as number', '1.5'],
    ['2 as real', '2.0'],
    ['true as text', 'true'],
    ['"true" as boolean', 'true'],
    ['5 as text & "x"', '-2741'],
    ['(5 as text) & "x"', '5x'],
    ['class of "a"', 'text'],
    ['class of {1}', 'list'],
    ['length of "héllo"', '5'],
    ['count of {1, 2, 3}', '3'],
    ['count "👨‍👩‍👧x"', '2'],
    ['number of {1, 2}', '2'],
    ['item 2 of {"a", "b", "c"}', 'b'],
    ['item -1 of {"a", "b", "c"}', 'c'],
    ['last item of {"a", "b"}', 'b'],
    ['first item of {"a", "b"} & 2nd item of {"a", "b"}', 'ab'],
    ['items 2 thru 3 of {"a", "b", "c"}', 'b, c'],
    ['rest of {1, 2, 3}', '2, 3'],
    ['reverse of {1, 2, 3}', '3, 2, 1'],
    ['every text of {1, "a", 2}', 'a'],
    ['text 2 thru 4 of "abcdef"', 'bcd'],
    ['characters 1 thru 2 of "abc"', 'a, b'],
    ['paragraph 2 of ("a" & linefeed & "b")', 'b'],
    ['words of "one two, three"', 'one, two, three'],
    ['id of "€"', '8364'],
    ['character id 8232', '\u2028'],
    ['b of {a:1, b:"x"}', 'x'],
    ["{a:1}'s a", '1'],
    ['tab & quote & space & return', '\t" \r'],
    ['POSIX path of (POSIX file "/tmp/a b")', '/tmp/a b'],
    ['POSIX file "/tmp/a b" as text', 'Macintosh HD:tmp:a b'],
    ['application "Messages" is running', 'false'],
    ['name of application id "com.apple.MobileSMS"', 'Messages'],
  ])('%s', async (source, result) => {
    const found = await run(source)
    if (result.startsWith('-2')) expect(found).toContain(`(${result})`)
    else expect(found).toBe(result)
  })

  test('-s s prints what a compiler would read', async () => {
    expect(await run('{"a \\"b\\"", 1, {x:true}, missing value}', { form: 'source' })).toBe(
      '{"a \\"b\\"", 1, {x:true}, missing value}',
    )
  })
})

describe('statements', () => {
  test.each([
    ['the last statement is the result', lines('set x to 5', 'x * 2'), '10'],
    ['an assignment has one too', 'set x to 5', '5'],
    ['comments', lines('-- a', '# b', '(* c (* d *) *) set x to 1 -- e', 'x'), '1'],
    ['a line that goes on', lines('set x to 1 + ¬', '  2', 'x'), '3'],
    ['lines end with CR, CR LF and LF', 'set x to 1\rset y to 2\r\nx + y\n', '3'],
    [
      'if',
      lines(
        'if 1 > 2 then',
        'set r to "a"',
        'else if 2 > 1 then',
        'set r to "b"',
        'else',
        'set r to "c"',
        'end if',
        'r',
      ),
      'b',
    ],
    ['else', lines('if 1 > 2 then', '"a"', 'else', '"c"', 'end'), 'c'],
    ['if on one line', lines('set r to 1', 'if r = 1 then set r to 2', 'r'), '2'],
    ['repeat with in', lines('set r to ""', 'repeat with x in {"a", "b"}', 'set r to r & x', 'end repeat', 'r'), 'ab'],
    [
      'repeat from to',
      lines('set r to ""', 'repeat with i from 3 to 1 by -1', 'set r to r & i', 'end repeat', 'r'),
      '321',
    ],
    ['repeat times', lines('set n to 0', 'repeat 3 times', 'set n to n + 1', 'end repeat', 'n'), '3'],
    ['repeat while', lines('set n to 0', 'repeat while n < 4', 'set n to n + 1', 'end repeat', 'n'), '4'],
    ['repeat until', lines('set n to 0', 'repeat until n = 2', 'set n to n + 1', 'end repeat', 'n'), '2'],
    [
      'exit repeat',
      lines('set n to 0', 'repeat', 'set n to n + 1', 'if n = 7 then exit repeat', 'end repeat', 'n'),
      '7',
    ],
    [
      'a list grows at its end',
      lines('set l to {}', 'set end of l to 1', 'set the end of l to 2', 'set beginning of l to 0', 'l'),
      '0, 1, 2',
    ],
    ['an item is set', lines('set l to {1, 2}', 'set item 2 of l to "b"', 'l'), '1, b'],
    ['a field is set', lines('set r to {a:1}', 'set a of r to 2', 'r'), 'a:2'],
    ['set shares a list', lines('set a to {1}', 'set b to a', 'set end of b to 2', 'a'), '1, 2'],
    ['copy does not', lines('set a to {1}', 'copy a to b', 'set end of b to 2', 'a'), '1'],
    ['a list of names', lines('set {a, b} to {1, 2}', 'b & a'), '2, 1'],
    ['delimiters join', lines("set AppleScript's text item delimiters to linefeed", '{"a", "b"} as text'), 'a\nb'],
    [
      'delimiters divide',
      lines('set AppleScript\'s text item delimiters to {","}', 'text items of "a,b,,c"'),
      'a, b, , c',
    ],
    ['delimiters as they were', lines('set text item delimiters to "-"', 'text item delimiters'), '-'],
    ['names are alike in any case', lines('set Thing to 1', 'thing + THING'), '2'],
    ['names in bars', lines('set |two words| to 2', '|two words|'), '2'],
    ['considering case', lines('considering case', '"a" = "A"', 'end considering'), 'false'],
    ['result', lines('3 + 4', 'result + 1'), '8'],
    ['property', lines('property p : 3', 'p + 1'), '4'],
    ['try', lines('try', 'error "x" number 7', 'on error m number n', 'm & "/" & n', 'end try'), 'x/7'],
    ['try without on error', lines('set r to 1', 'try', 'error "x"', 'end try', 'r'), '1'],
    ['return ends it', lines('return 1', 'error "never"'), '1'],
    [
      'a reference of a loop is not its item for =',
      lines('set r to {}', 'repeat with x in {"a"}', 'set r to {x = "a", contents of x = "a"}', 'end repeat', 'r'),
      'false, true',
    ],
    ['delay', 'delay 0.001', null],
  ])('%s', async (_name, source, result) => {
    expect(await run(source)).toBe(result)
  })

  test('log prints beside the result', async () => {
    const logged: string[] = []
    expect(await run(lines('log "a"', 'log {1, "b"}', '2'), { logged })).toBe('2')
    expect(logged).toEqual(['a', '1, b'])
  })
})

describe('handlers', () => {
  test.each([
    ['on run argv', lines('on run argv', 'return item 2 of argv', 'end run'), 'b'],
    ['on run {a, b}', lines('on run {x, y}', 'y & x', 'end run'), 'ba'],
    ['on run alone', lines('on run', '1', 'end'), '1'],
    ['no run handler ignores them', '1', '1'],
    ['count of argv', lines('on run argv', 'count of argv', 'end run'), '2'],
    ['a handler', lines('on run', 'my twice(4)', 'end run', 'on twice(n)', 'return n * 2', 'end twice'), '8'],
    [
      'its variables are its own',
      lines('on run', 'set n to 1', 'f()', 'n', 'end run', 'on f()', 'set n to 2', 'end f'),
      '1',
    ],
    [
      "a property is everybody's",
      lines('property n : 1', 'on run', 'f()', 'n', 'end run', 'on f()', 'set n to 2', 'end f'),
      '2',
    ],
    [
      'global',
      lines('on run', 'global n', 'set n to 1', 'f()', 'n', 'end run', 'on f()', 'global n', 'set n to 2', 'end f'),
      '2',
    ],
    [
      'recursion',
      lines('on run', 'f(5)', 'end run', 'on f(n)', 'if n = 0 then return 1', 'n * (my f(n - 1))', 'end f'),
      '120',
    ],
  ])('%s', async (_name, source, result) => {
    expect(await run(source, { argv: ['a', 'b'] })).toBe(result)
  })
})

describe('errors have the shape of MACOS 1.4: START:END: kind: text (number)', () => {
  test.each([
    ['foo', '0:3: execution error: The variable foo is not defined. (-2753)'],
    ['set x to SMS', '9:12: execution error: The variable SMS is not defined. (-2753)'],
    ['item 3 of {"a", "b"}', '0:20: execution error: Can’t get item 3 of {"a", "b"}. (-1728)'],
    ['"x" as integer', '0:14: execution error: Can’t make "x" into type number. (-1700)'],
    ['if "x" then return 1', 'execution error: Can’t make "x" into type boolean. (-1700)'],
    ['1 / 0', '0:5: execution error: Can’t divide 1 by zero. (-2701)'],
    ['error "No!" number 42', '0:21: execution error: No! (42)'],
    ['error "No!"', '0:11: execution error: No! (-2700)'],
    [
      '(POSIX file "/nope/x") as alias',
      '0:31: execution error: Can’t make file "Macintosh HD:nope:x" into type alias. (-1700)',
    ],
    ['read POSIX file "/nope/x"', '0:25: execution error: File file Macintosh HD:nope:x wasn’t found. (-43)'],
    ['application "TextEdit" is running', 'execution error: Can’t get application "TextEdit". (-1728)'],
    ['my f(1)', 'execution error: «script» doesn’t understand the “f” message. (-1708)'],
    ['foo bar', '4:7: syntax error: A identifier can’t go after this identifier. (-2740)'],
    ['foo "bar"', '4:9: syntax error: A “"” can’t go after this identifier. (-2740)'],
    ['1 2', '2:3: syntax error: Expected end of line, etc. but found number. (-2741)'],
    ['set to 3', '4:6: syntax error: Expected expression but found “to”. (-2741)'],
    ['set x 3', '6:7: syntax error: Expected “to” but found number. (-2741)'],
    ['"open', '0:5: syntax error: Expected “"” but found end of script. (-2741)'],
    ['"a\\q"', '2:3: syntax error: Expected “"” but found unknown token. (-2741)'],
    ['“a”', '0:1: syntax error: Expected expression but found unknown token. (-2741)'],
    ['every foo of {1}', '6:9: syntax error: Expected class name but found identifier. (-2741)'],
    [lines('if true then', '1'), 'syntax error: Expected “end” but found end of script. (-2741)'],
    [lines('repeat 2 times', '1', 'end if'), 'syntax error: Expected “repeat” but found “if”. (-2741)'],
    ['(1 + 2', 'syntax error: Expected “)” but found end of script. (-2741)'],
    ['{1, 2', 'syntax error: Expected “}” but found end of script. (-2741)'],
    [lines('set x to 1', 'on run', '2', 'end run'), 'syntax error: Expected end of script but found “run”. (-2741)'],
    ['"first\u2028second"', '6:7: syntax error: Expected “"” but found unknown token. (-2741)'],
  ])('%s', async (source, line) => {
    expect(await run(source)).toContain(line)
  })

  test('all is compiled before anything runs', async () => {
    const logged: string[] = []
    expect(await run(lines('log "ran"', 'set x 3'), { logged })).toContain('(-2741)')
    expect(logged).toEqual([])
  })

  test('U+2028 and U+2029 end a line, as CR and LF do (MACOS 1.5)', async () => {
    expect(await run('set x to 1\u2028x + 1')).toBe('2')
    expect(await run('-- a comment\u2029"after it"')).toBe('after it')
  })

  test('what macOS could and the fake Mac cannot is said as such, and not caught by a script', async () => {
    const source = lines('try', 'do shell script "id"', 'on error', '1', 'end try')
    await expect(run(source)).rejects.toThrow(UnsupportedError)
    await expect(run(source)).rejects.toThrow('does not know “do shell script”')
  })
})

describe('read', () => {
  const words = 'grüße, 世界 👋\r\n\u2028"\\'

  test('a file as «class utf8», byte for byte (MACOS 1.5)', async () => {
    const path = join(folder, 'utf8.txt')
    writeFileSync(path, words)
    expect(
      await run(lines('on run argv', 'read POSIX file (item 1 of argv) as «class utf8»', 'end run'), { argv: [path] }),
    ).toBe(words)
  })

  test('without it as Mac OS Roman: what is not ASCII comes out wrong', async () => {
    const path = join(folder, 'roman.txt')
    writeFileSync(path, 'grüße')
    expect(await run(lines('on run argv', 'read POSIX file (item 1 of argv)', 'end run'), { argv: [path] })).toBe(
      'gr√º√üe',
    )
  })

  test('an empty file is an error, -39', async () => {
    const path = join(folder, 'empty.txt')
    writeFileSync(path, '')
    expect(
      await run(lines('on run argv', 'read POSIX file (item 1 of argv) as «class utf8»', 'end run'), { argv: [path] }),
    ).toContain('End of file error. (-39)')
  })
})
