/**
 * Scripts that tell Messages something.
 * Proves: the forms of MACOS 1.2 send the Apple events they should; wrong forms fail with the numbers of MACOS 1.4, in four languages; an
 * argument reaches Messages unchanged, whatever is in it.
 * World: the interpreter, and a Messages that only listens, on its real socket.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { IMESSAGE_ACCOUNT, ListeningMessages, SMS_ACCOUNT, wellAndWilling } from './listening-messages.ts'
import type { Reply } from './listening-messages.ts'
import { readOsascriptSettings } from './osascript-settings.ts'
import { runScript } from './run-script.ts'

let messages: ListeningMessages
beforeEach(async () => {
  messages = await ListeningMessages.make()
})
afterEach(() => messages[Symbol.asyncDispose]())

const lines = (...all: string[]) => all.join('\n')
const tell = (...body: string[]) => lines('tell application id "com.apple.MobileSMS"', ...body, 'end tell')

async function run(source: string, argv: string[] = [], form: 'human' | 'source' = 'human'): Promise<string | null> {
  const settings = readOsascriptSettings(messages.folder)
  const { folder } = messages
  const outcome = await runScript(source, { folder, settings, argv, form, log: () => undefined })
  return outcome.kind === 'result' ? outcome.text : outcome.line
}

const IMESSAGE = IMESSAGE_ACCOUNT.id
const SMS = SMS_ACCOUNT.id
const ACCOUNT_OF = (service: string) => `1st account whose service type = ${service} and enabled is true`

describe('MACOS 1.2: forms that work', () => {
  const H = '+15550001'
  test.each([
    [
      'DM, iMessage',
      `send "hi" to participant "${H}" of (${ACCOUNT_OF('iMessage')})`,
      { participant: H, account: IMESSAGE },
    ],
    ['DM, SMS', `send "hi" to participant "${H}" of (${ACCOUNT_OF('SMS')})`, { participant: H, account: SMS }],
    [
      'without parentheses',
      `send "hi" to participant "${H}" of ${ACCOUNT_OF('SMS')}`,
      { participant: H, account: SMS },
    ],
    [
      'the account in a variable',
      lines(`set a to ${ACCOUNT_OF('iMessage')}`, `send "hi" to participant "${H}" of a`),
      { participant: H, account: IMESSAGE },
    ],
    [
      'the participant too',
      lines(`set p to participant "${H}" of (${ACCOUNT_OF('SMS')})`, 'send "hi" to p'),
      { participant: H, account: SMS },
    ],
    [
      'old words',
      `send "hi" to buddy "${H}" of (1st service whose service type is iMessage)`,
      { participant: H, account: IMESSAGE },
    ],
    [
      'service 1 whose',
      `send "hi" to buddy "${H}" of (service 1 whose service type is iMessage)`,
      { participant: H, account: IMESSAGE },
    ],
    [
      'by the id of the account',
      `send "hi" to participant "${H}" of account id "${SMS}"`,
      { participant: H, account: SMS },
    ],
    ['participant by id', `send "hi" to participant id "${IMESSAGE}:${H}"`, { participant: H, account: IMESSAGE }],
    ['existing chat', `send "hi" to chat id "iMessage;+;chat1"`, { chat: 'iMessage;+;chat1' }],
    ['text chat', `send "hi" to text chat id "iMessage;+;chat1"`, { chat: 'iMessage;+;chat1' }],
  ])('%s', async (_name, statement, to) => {
    expect(await run(tell(statement))).toBeNull()
    expect(messages.sent).toEqual([{ event: 'send', text: 'hi', to }])
  })

  test('in one line, by the name of the app', async () => {
    await run('tell application "Messages" to send "hi" to chat id "c"')
    expect(messages.sent).toEqual([{ event: 'send', text: 'hi', to: { chat: 'c' } }])
  })

  test('a participant without an account may go out as SMS', async () => {
    await run(tell(`send "hi" to buddy "${H}"`))
    expect(messages.sent).toEqual([{ event: 'send', text: 'hi', to: { participant: H, account: SMS } }])
  })

  test('a number is text for Messages, a list is not', async () => {
    await run(tell('send 42 to chat id "c"'))
    expect(messages.sent).toEqual([{ event: 'send', text: '42', to: { chat: 'c' } }])
    expect(await run(tell('send {1, 2} to chat id "c"'))).toContain(
      'Messages got an error: Can’t make {1, 2} into type text. (-1700)',
    )
    expect(messages.sent).toHaveLength(1)
  })

  test('MACOS 1.6: a file by alias, and by a specifier made outside of the tell', async () => {
    const file = join(messages.folder, 'a photo.jpg')
    writeFileSync(file, 'x')
    const to = { chat: 'c' }
    const told = (payload: string) => lines('on run argv', tell(`send ${payload} to chat id "c"`), 'end run')
    await run(told('((POSIX file (item 1 of argv)) as alias)'), [file])
    await run(lines('on run argv', 'set f to POSIX file (item 1 of argv)', tell('send f to chat id "c"'), 'end run'), [
      file,
    ])
    expect(messages.sent).toEqual([
      { event: 'send', file, to },
      { event: 'send', file, to },
    ])
    expect(await run(told('(POSIX file (item 1 of argv))'), [file])).toContain('into type file. (-1700)')
    expect(await run(told('((POSIX file (item 1 of argv)) as alias)'), ['/nope/x'])).toContain(
      'into type alias. (-1700)',
    )
    expect(messages.sent).toHaveLength(2)
  })
})

describe('MACOS 1.1: the dictionary', () => {
  const off = { ...SMS_ACCOUNT, enabled: false, connection: 'disconnected' }
  beforeEach(() => {
    const transfers = [
      { name: 'a.jpg', path: '/p/a.jpg', direction: 'outgoing', status: 'finished' },
      { name: 'a.jpg', path: '/p/b/a.jpg', direction: 'incoming', status: 'failed' },
      { name: 'a.jpg', path: '/p/c/a.jpg', direction: 'outgoing', status: 'transferring' },
    ]
    messages.reply = (event) =>
      event.event === 'accounts'
        ? { ok: [IMESSAGE_ACCOUNT, off] }
        : event.event === 'transfers'
          ? { ok: transfers }
          : wellAndWilling(event)
  })

  test.each([
    ['id of every account', `${IMESSAGE}, ${SMS}`],
    ['enabled of accounts', 'true, false'],
    ['{service type, enabled} of account 1', 'iMessage, true'],
    ['count of accounts', '2'],
    ['count (every account whose enabled is true)', '1'],
    ['service type of account 1', 'iMessage'],
    ['connection status of last account', 'disconnected'],
    ['connection status of account 2 as text', 'disconnected'],
    ['service type of account 1 = iMessage', 'true'],
    ['service type of account 1 is SMS', 'false'],
    ['description of (1st account whose id contains "0fd7")', 'ann@example.org'],
    ["account 1's description", 'ann@example.org'],
    ['id of (1st account whose connection status is not connected)', SMS],
    ['id of (1st account whose not (enabled is true) or description starts with "ann")', IMESSAGE],
    ['exists (1st account whose service type is RCS)', 'false'],
    ['(1st account whose service type is SMS) exists', 'true'],
    ['account 1', `account id ${IMESSAGE}`],
    ['chat id "c"', 'chat id c'],
    ['id of chat id "c"', 'c'],
    [`handle of participant id "${SMS}:+1555"`, '+1555'],
    [`service type of account of participant "+1555" of account id "${IMESSAGE}"`, 'iMessage'],
    [`id of participant "+1555" of account 1`, `${IMESSAGE}:+1555`],
    [
      'transfer status of (every file transfer whose name is "a.jpg" and direction is outgoing)',
      'finished, transferring',
    ],
    ['transfer status of last file transfer as text', 'transferring'],
    ['POSIX path of (get file path of file transfer 2)', '/p/b/a.jpg'],
    ['name of it', 'Messages'],
    ['it is running', 'true'],
  ])('%s', async (expression, result) => {
    expect(await run(tell(expression))).toBe(result)
  })

  test('MACOS 5.4: the health probe', async () => {
    const probe = lines(
      'on run argv',
      'set theLines to {}',
      'with timeout of 10 seconds',
      tell(
        'repeat with a in accounts',
        'set end of theLines to (id of a) & tab & (service type of a as text) & tab & (enabled of a as text) & tab & ¬',
        '(connection status of a as text) & tab & (description of a)',
        'end repeat',
      ),
      'end timeout',
      "set AppleScript's text item delimiters to linefeed",
      'return theLines as text',
      'end run',
    )
    expect(await run(probe)).toBe(
      lines(
        [IMESSAGE, 'iMessage', 'true', 'connected', 'ann@example.org'].join('\t'),
        [SMS, 'SMS', 'false', 'disconnected', 'SMS'].join('\t'),
      ),
    )
  })

  test('for a compiler, objects come with their app', async () => {
    expect(await run(tell('every account'), [], 'source')).toBe(
      `{account id "${IMESSAGE}" of application "Messages", account id "${SMS}" of application "Messages"}`,
    )
  })

  test('chats and participants can be named and not listed, and that is said', async () => {
    await expect(run(tell('count of chats'))).rejects.toThrow('cannot list its chats')
    await expect(run(tell('name of chat id "c"'))).rejects.toThrow('does not tell the name of a chat')
  })

  test('`send` gives back nothing: what it is assigned to stays undefined', async () => {
    const send = 'send "a" to chat id "c"'
    expect(await run(tell(`set x to ${send}`, 'x'))).toContain('The variable x is not defined. (-2753)')
    expect(await run(tell(send, 'result'))).toContain('The variable result is not defined. (-2753)')
    expect(await run(tell(`"sent " & (${send})`))).toContain(
      'No result was returned from some part of this expression. (-2763)',
    )
    expect(await run(tell(`return ${send}`))).toBeNull()
    expect(messages.sent).toHaveLength(4)
  })
})

describe('MACOS 1.4: error numbers', () => {
  const got = 'Messages got an error: '
  test.each([
    [
      '-1728 for a chat that is not loaded',
      'send "x" to chat id "any;-;+1555"',
      `${got}Can’t get chat id "any;-;+1555". (-1728)`,
    ],
    [
      '-1728 for a participant',
      'send "x" to participant "nobody" of account 1',
      `${got}Can’t get participant "nobody" of account 1. (-1728)`,
    ],
    [
      '-1728 for a chat by its guid without `id`',
      'send "x" to chat "iMessage;+;chat1"',
      `${got}Can’t get chat "iMessage;+;chat1". (-1728)`,
    ],
    [
      '-1719 when no account is such',
      `send "x" to participant "+1" of (${ACCOUNT_OF('RCS')})`,
      `${got}Can’t get account 1 whose service type = RCS and enabled = true. Invalid index. (-1719)`,
    ],
    ['-1719 for a name in quotes', 'get 1st account whose service type = "iMessage"', `Invalid index. (-1719)`],
    ['-1719 past the last', 'id of account 3', `${got}Can’t get account 3. Invalid index. (-1719)`],
    [
      '-1700 for `any` (MACOS 1.3)',
      'get 1st account whose service type = any',
      'execution error: Can’t make any into type constant. (-1700)',
    ],
    [
      '-2753 for a word that is none',
      'get 1st account whose service type = MMS',
      'execution error: The variable MMS is not defined. (-2753)',
    ],
    [
      '-10002 for an account by name',
      'send "x" to buddy "+1" of service "iMessage"',
      `${got}Invalid key form. (-10002)`,
    ],
    [
      '-1708 for a target of the wrong class',
      'send "x" to account 1',
      `${got}account 1 doesn’t understand the “send” message. (-1708)`,
    ],
    ['-1700 for a target that is text', 'send "x" to "+1555"', `${got}Can’t make "+1555" into type specifier. (-1700)`],
    ['-1708 for a handler without `my`', 'f(1)', `${got}Can’t continue f. (-1708)`],
    ['-1728 for a property of another class', 'handle of account 1', `${got}Can’t get handle of account 1. (-1728)`],
    [
      '-10006 for a property that is set',
      'set enabled of account 1 to true',
      `${got}Can’t set enabled of account 1 to true. (-10006)`,
    ],
    [
      '-2741 for a variable with a word of Messages',
      'set account to 1',
      'syntax error: Expected expression but found class name. (-2741)',
    ],
    [
      '-1728 for an app that is not there',
      'tell application "Telegram" to activate',
      'execution error: Can’t get application "Telegram". (-1728)',
    ],
  ])('%s', async (_name, statement, line) => {
    messages.reply = (event): Reply => {
      if (event.event === 'accounts' || event.event === 'transfers') return wellAndWilling(event)
      return { error: { number: -1728 } }
    }
    expect(await run(tell(statement))).toContain(line)
    expect(messages.sent.length).toBeLessThanOrEqual(1)
  })

  test.each([
    [-1728, `${got}Can’t get chat id "c". (-1728)`],
    [-10004, `${got}A privilege violation occurred. (-10004)`],
    [-609, `${got}Connection is invalid. (-609)`],
    [-600, `${got}Application isn’t running. (-600)`],
    [1002, `${got}An error of type 1002 has occurred. (1002)`],
    [-1743, `execution error: Not authorized to send Apple events to Messages. (-1743)`],
  ])('Messages may answer with any number: %i', async (number, line) => {
    messages.reply = () => ({ error: { number } })
    expect(await run(tell('send "x" to chat id "c"'))).toContain(line)
  })

  test('the place is that of the command', async () => {
    messages.reply = () => ({ error: { number: -1728, object: 'chat id "c"' } })
    const source = lines('with timeout of 5 seconds', tell('  send "x" to chat id "c"'), 'end timeout')
    const start = source.indexOf('send')
    const end = source.indexOf('\n', start)
    expect(await run(source)).toBe(`${start}:${end}: execution error: ${got}Can’t get chat id "c". (-1728)`)
  })

  test('-1712 when `with timeout` is over, and the event is not taken back', async () => {
    messages.reply = () => 'nothing'
    const source = lines('with timeout of 0.1 seconds', tell('send "x" to chat id "c"'), 'end timeout')
    expect(await run(source)).toContain(`${got}AppleEvent timed out. (-1712)`)
    expect(messages.sent).toHaveLength(1)
  })

  test('-609 when Messages goes away with the event', async () => {
    messages.reply = () => 'dies'
    expect(await run(tell('send "x" to chat id "c"'))).toContain(`${got}Connection is invalid. (-609)`)
    expect(messages.sent).toHaveLength(1)
  })

  test('a script catches them, with their numbers', async () => {
    messages.reply = () => ({ error: { number: -1728 } })
    const source = lines(
      'try',
      tell('send "x" to chat id "c"'),
      'on error m number n',
      'return (n as text) & "|" & m',
      'end try',
    )
    expect(await run(source)).toBe(`-1728|${got}Can’t get chat id "c".`)
  })

  test('ignoring application responses knows nothing of them', async () => {
    messages.reply = () => 'nothing'
    const source = lines('ignoring application responses', tell('send "x" to chat id "c"'), 'end ignoring')
    expect(await run(source)).toBeNull()
    await messages.untilSent(1)
  })

  test.each([
    ['denied', undefined, 'execution error: Not authorized to send Apple events to Messages. (-1743)'],
    ['granted', -10004, `${got}A privilege violation occurred. (-10004)`],
    ['granted', -1744, 'execution error: An error of type -1744 has occurred. (-1744)'],
  ])('nothing leaves: automation %s, each event fails with %s', async (automation, fails, line) => {
    await messages.configure({ automation, osascript: { fails } })
    expect(await run(tell('send "x" to chat id "c"'))).toContain(line)
    expect(messages.events).toEqual([])
  })
})

describe('MACOS 1.1 and 1.4: the words of each version', () => {
  const sms = tell(`send "x" to participant "+1" of (${ACCOUNT_OF('SMS')})`)
  const rcs = tell(`send "x" to participant "+1" of (${ACCOUNT_OF('RCS')})`)
  test.each([
    ['RCS is a word from 15', { macos: '15' }, rcs, '(-1719)'],
    ['and none before', { macos: '14' }, rcs, 'The variable RCS is not defined. (-2753)'],
    [
      'SMS is none on an option for old systems',
      { osascript: { dictionary: 'old' } },
      sms.replace('account', 'service').replace('participant', 'buddy'),
      'The variable SMS is not defined. (-2753)',
    ],
    [
      'which has no accounts',
      { osascript: { dictionary: 'old' } },
      sms,
      'A “"” can’t go after this identifier. (-2740)',
    ],
    [
      'without its dictionary no word of Messages is known',
      { osascript: { dictionary: 'missing' } },
      sms,
      'A “"” can’t go after this identifier. (-2740)',
    ],
    [
      'none at all',
      { osascript: { dictionary: 'missing' } },
      tell('id of (1st account whose enabled is true)'),
      'Expected class name but found identifier. (-2741)',
    ],
  ])('%s', async (...[, mac, source, line]) => {
    await messages.configure(mac)
    expect(await run(source)).toContain(line)
    expect(messages.sent).toEqual([])
  })
})

describe('MACOS 1.4: text is localised, and the number at the end is not', () => {
  const object = 'chat id "x"'
  test.each([
    ['en', -1728, 'Messages got an error: Can’t get chat id "x". (-1728)'],
    ['fr', -1728, 'Erreur dans Messages : Il est impossible d’obtenir chat id "x". (-1728)'],
    ['de', -1728, '„Nachrichten“ hat einen Fehler erhalten: „chat id "x"“ kann nicht gelesen werden. (-1728)'],
    ['zh', -1728, '“信息”遇到一个错误：不能获得“chat id "x"”。 (-1728)'],
    ['fr', -1743, 'execution error: Non autorisé à envoyer des événements Apple à Messages. (-1743)'],
    ['zh', -1743, 'execution error: 未获得授权将Apple事件发送给信息。 (-1743)'],
    ['fr', -1712, 'Erreur dans Messages : Délai dépassé pour un AppleEvent. (-1712)'],
    ['zh', -1712, '“信息”遇到一个错误：AppleEvent已超时。 (-1712)'],
    ['de', -609, '„Nachrichten“ hat einen Fehler erhalten: Die Verbindung ist ungültig. (-609)'],
    ['zh', -600, '“信息”遇到一个错误：应用程序没有运行。 (-600)'],
  ])('%s %i', async (language, number, line) => {
    await messages.configure({ language })
    messages.reply = () => ({ error: { number, object } })
    expect(await run(tell('send "x" to chat id "x"'))).toContain(line)
  })

  test.each(['en', 'fr', 'de', 'zh'])('%s: every fault has words, and ends in its number', async (language) => {
    await messages.configure({ language })
    const sources: [string, number][] = [
      ['foo', -2753],
      ['foo bar', -2740],
      ['set x 3', -2741],
      ['1 2', -2741],
      ['item 2 of {}', -1728],
      ['"x" as number', -1700],
      ['1 / 0', -2701],
      ['my f()', -1708],
      ['read POSIX file "/nope"', -43],
      [tell('f()'), -1708],
      [tell('set enabled of account 1 to true'), -10006],
      [tell('id of account 9'), -1719],
      [tell('id of account "x"'), -10002],
      [tell('"" & (send "a" to chat id "b")'), -2763],
      [tell('set account to 1'), -2741],
    ]
    for (const [source, number] of sources) {
      const line = await run(source)
      expect(line).toMatch(new RegExp(`^\\d+:\\d+: (?:execution|syntax) error: \\S.*\\S \\(${number}\\)$`))
      expect(line).not.toContain('undefined,')
    }
  })
})

describe('MACOS 1.5: a value that goes by argv is only a value', () => {
  const script = lines('on run argv', tell('send (item 1 of argv) to chat id (item 2 of argv)'), 'end run')
  test.each([
    ['quotes', `"double" 'single' “typographic” \`back\``],
    ['backslashes', '\\ \\n \\" \\\\'],
    ['U+2028 and U+2029', 'a\u2028b\u2029c'],
    ['CR, LF and both', 'a\rb\nc\r\nd\n'],
    ['right to left', 'שלום \u202eעולם\u202c مرحبا'],
    ['emoji', '👨‍👩‍👧‍👦 🇩🇪 👍🏽 \u{1F9D1}\u200d\u{1F680}'],
    ['combining marks', 'e\u0301 \u1100\u1161\u11a8 Z̸̢a̷l̴g̶o̵'],
    ['20,000 characters', 'ä1 '.repeat(6_667).slice(0, 20_000)],
    ['a leading dash', '-e display dialog "x"'],
    ['AppleScript', '" & (do shell script "id") & "'],
    ['AppleScript in lines', 'x"\nend tell\ntell application "Messages" to send "y" to chat id "z"'],
    ['a comment', '-- (* x # ¬'],
    ['guillemets', '«class utf8» |x|'],
    ['nothing', ''],
    ['spaces', '  a\t\u00a0 '],
  ])('%s', async (_name, text) => {
    await run(script, [text, 'iMessage;-;a"b\\c'])
    expect(messages.sent).toEqual([{ event: 'send', text, to: { chat: 'iMessage;-;a"b\\c' } }])
  })

  test('so is one that goes by a file', async () => {
    const text = '"quoted" \\ \u2028 שלום 👋\r\nend'
    mkdirSync(join(messages.folder, 'texts'))
    const file = join(messages.folder, 'texts', 'body.txt')
    writeFileSync(file, text, { mode: 0o600 })
    const body = '(read POSIX file (item 1 of argv) as «class utf8»)'
    await run(lines('on run argv', `set t to ${body}`, tell('send t to chat id "c"'), 'end run'), [file])
    expect(messages.sent).toEqual([{ event: 'send', text, to: { chat: 'c' } }])
  })

  test('a value that is put into the source is read as source', async () => {
    const injected = 'x" to chat id "c"\nsend "y'
    await run(tell(`send "${injected}" to chat id "c"`))
    expect(messages.sent).toHaveLength(2)
  })
})
