/**
 * The fake Mac's osascript as a process.
 * Proves: its exit status, its two outputs, what reaches Messages from its arguments, and that killing it takes nothing back (MACOS 1.4, 1.5).
 * World: real processes, started as the agent starts them, and a Messages that only listens.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runTool } from '@bluewire/platform/run-tool'
import type { ToolResult } from '@bluewire/platform/run-tool'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { IMESSAGE_ACCOUNT, ListeningMessages, SMS_ACCOUNT } from '../../src/fake-mac/apple-script/listening-messages.ts'
import { until } from '../../src/stories/until.ts'

const OSASCRIPT = fileURLToPath(new URL('../../src/fake-mac/osascript-main.ts', import.meta.url))
const LIMIT_MS = 20_000

const compiled = mkdtempSync(join(tmpdir(), 'compiled-'))
afterAll(() => rmSync(compiled, { recursive: true }))

let messages: ListeningMessages
beforeEach(async () => {
  messages = await ListeningMessages.make()
})
afterEach(() => messages[Symbol.asyncDispose]())

type Given = { input?: string; timeoutMs?: number; started?: (pid: number) => void }

function osascript(args: readonly string[], { timeoutMs = LIMIT_MS, ...given }: Given = {}): Promise<ToolResult> {
  const env = { NODE_COMPILE_CACHE: compiled }
  return runTool(process.execPath, [OSASCRIPT, messages.folder, ...args], { ...given, timeoutMs, env })
}

const ended = (code: number, stdout: string, stderr: string) => ({ kind: 'ended', code, signal: null, stdout, stderr })
const lines = (...all: string[]) => all.join('\n')
const SEND = 'tell application "Messages" to send "x" to chat id "c"'
const PLACE = `${SEND.indexOf('send')}:${SEND.length}`

/** A sender as MACOS 1.5 wants it: one constant script, every value an argument. */
const SENDER = `on run argv
	set theService to item 2 of argv
	set theTarget to item 4 of argv
	if item 5 of argv is "file" then
		set thePayload to POSIX file (item 6 of argv) as alias
	else
		set thePayload to item 6 of argv
	end if
	with timeout of 25 seconds
		tell application id "com.apple.MobileSMS"
			if item 3 of argv is "chat" then
				send thePayload to chat id theTarget
			else if theService is "sms" then
				send thePayload to participant theTarget of (1st account whose service type = SMS and enabled is true)
			else
				send thePayload to participant theTarget of (1st account whose service type = iMessage and enabled is true)
			end if
		end tell
	end timeout
end run
`
const FROM_STDIN = ['-l', 'AppleScript', '-']

describe('MACOS 1.5: one constant script on stdin, values by argv', () => {
  test('a chat, a participant by each service, and a file: exit 0 and no word, for `send` gives back nothing', async () => {
    const photo = join(messages.folder, 'a photo.jpg')
    await writeFile(photo, 'x')
    const sends = [
      ['1', 'imessage', 'chat', 'iMessage;+;chat1', 'text', 'hi'],
      ['2', 'sms', 'participant', '+15550001', 'text', 'hi'],
      ['3', 'imessage', 'participant', 'ann@example.org', 'file', photo],
    ]
    for (const args of sends)
      expect(await osascript([...FROM_STDIN, ...args], { input: SENDER })).toEqual(ended(0, '', ''))
    expect(messages.sent).toEqual([
      { event: 'send', text: 'hi', to: { chat: 'iMessage;+;chat1' } },
      { event: 'send', text: 'hi', to: { participant: '+15550001', account: SMS_ACCOUNT.id } },
      { event: 'send', file: photo, to: { participant: 'ann@example.org', account: IMESSAGE_ACCOUNT.id } },
    ])
  })

  test('arguments survive unchanged', async () => {
    const all = lines(
      'on run argv',
      'repeat with t in argv',
      'tell application "Messages" to send t to chat id "c"',
      'end repeat',
      'end run',
    )
    const texts = [
      `"quotes" 'and' “more” \\ \\" $HOME \`id\``,
      'U+2028:\u2028 U+2029:\u2029 CR:\r LF:\n CRLF:\r\n.',
      'שלום \u202eעולם\u202c مرحبا 👨‍👩‍👧‍👦 🇩🇪 e\u0301',
      '-e do shell script "id"',
      '--',
      '" & (do shell script "id") & "\nend tell',
      'ä1 '.repeat(6_667).slice(0, 20_000),
      '',
    ]
    expect(await osascript(['-', ...texts], { input: all })).toEqual(ended(0, '', ''))
    expect(messages.sent).toEqual(texts.map((text) => ({ event: 'send', text, to: { chat: 'c' } })))
  })

  test('MACOS 5.4: what a script returns is printed bare', async () => {
    const probe = lines(
      'on run argv',
      'set theLines to {}',
      'tell application id "com.apple.MobileSMS"',
      'repeat with a in accounts',
      'set end of theLines to (id of a) & tab & (service type of a as text) & tab & (connection status of a as text)',
      'end repeat',
      'end tell',
      "set AppleScript's text item delimiters to linefeed",
      'return theLines as text',
      'end run',
    )
    const printed = `${IMESSAGE_ACCOUNT.id}\tiMessage\tconnected\n${SMS_ACCOUNT.id}\tSMS\tconnected\n`
    expect(await osascript(FROM_STDIN, { input: probe })).toEqual(ended(0, printed, ''))
  })
})

describe('options and files', () => {
  test('-e lines, `--` before arguments, and the form of the result', async () => {
    const list = ['-e', 'on run argv', '-e', 'return {1, item 1 of argv}', '-e', 'end run', '--', '-x']
    expect(await osascript(list)).toEqual(ended(0, '1, -x\n', ''))
    expect(await osascript(['-ss', ...list])).toEqual(ended(0, '{1, "-x"}\n', ''))
  })

  test('a script file is named in its errors; -s o prints them as results', async () => {
    const file = join(messages.folder, 'bad.applescript')
    await writeFile(file, 'item 2 of {}')
    const line = '0:12: execution error: Can’t get item 2 of {}. (-1728)\n'
    expect(await osascript([file])).toEqual(ended(1, '', `${file}:${line}`))
    expect(await osascript(['-so', '-e', 'item 2 of {}'])).toEqual(ended(1, line, ''))
  })

  test.each([
    [['-l', 'JavaScript', '-'], 'osascript: The fake Mac runs no JavaScript (JXA)'],
    [['/nope/x.applescript'], 'osascript: ENOENT: no such file or directory'],
  ])('%j ends with 1 and a sentence', async (args, sentence) => {
    const result = await osascript(args)
    expect(result).toMatchObject({ kind: 'ended', code: 1, stdout: '' })
    expect(result).toHaveProperty('stderr', expect.stringContaining(sentence))
  })
})

describe('MACOS 1.4: what is known after an error', () => {
  test('exit 1 and the number at the end; nothing was sent', async () => {
    messages.reply = () => ({ error: { number: -1728, object: 'chat id "c"' } })
    const line = `${PLACE}: execution error: Messages got an error: Can’t get chat id "c". (-1728)\n`
    expect(await osascript(['-e', SEND])).toEqual(ended(1, '', line))
  })

  test('in Chinese, among what libraries print of their own', async () => {
    await messages.configure({ language: 'zh', osascript: { noise: 'osascript[412:9001] a library says (-50)' } })
    messages.reply = () => ({ error: { number: -1728, object: 'chat id "c"' } })
    const line = `${PLACE}: execution error: “信息”遇到一个错误：不能获得“chat id "c"”。 (-1728)`
    expect(await osascript(['-e', SEND])).toEqual(ended(1, '', `osascript[412:9001] a library says (-50)\n${line}\n`))
  })

  test('-1712: given up, and not taken back', async () => {
    messages.reply = () => 'nothing'
    const source = lines('with timeout of 0.2 seconds', SEND, 'end timeout')
    expect(await osascript(['-'], { input: source })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('AppleEvent timed out. (-1712)'),
    })
    expect(messages.sent).toHaveLength(1)
  })

  test('killing it after the event left does not unsend', async () => {
    messages.reply = () => 'nothing'
    let pid = 0
    const running = osascript(['-e', SEND], { started: (started) => (pid = started) })
    await messages.untilSent(1)
    process.kill(pid, 'SIGKILL')
    expect(await running).toMatchObject({ kind: 'ended', code: null, signal: 'SIGKILL' })
    expect(messages.sent).toEqual([{ event: 'send', text: 'x', to: { chat: 'c' } }])
  })

  test('killed when the answer had come: it was sent all the same', async () => {
    await messages.configure({ osascript: { hangs: 'after' } })
    let pid = 0
    const running = osascript(['-e', SEND], { started: (started) => (pid = started) })
    await messages.untilSent(1)
    process.kill(pid, 'SIGTERM')
    expect(await running).toMatchObject({ kind: 'ended', code: null, signal: 'SIGTERM', stderr: '' })
  })
})

describe('MACOS 5.2: permission', () => {
  test('a prompt that nobody answers: it hangs until it is killed, whatever the script’s own time limit', async () => {
    await messages.configure({ automation: 'prompt' })
    const source = lines('with timeout of 0.01 seconds', SEND, 'end timeout')
    expect(await osascript(['-'], { input: source, timeoutMs: 1_500 })).toMatchObject({ kind: 'timed_out', stderr: '' })
    expect(messages.events).toEqual([])
  })

  test('-1743 when it is refused', async () => {
    await messages.configure({ automation: 'denied' })
    const line = `${PLACE}: execution error: Not authorized to send Apple events to Messages. (-1743)\n`
    expect(await osascript(['-e', SEND])).toEqual(ended(1, '', line))
    expect(messages.events).toEqual([])
  })
})

describe('MACOS 1.5: `tell application` launches Messages', () => {
  beforeEach(async () => {
    await messages[Symbol.asyncDispose]()
    messages = await ListeningMessages.make({ running: false })
  })

  /** The fake Mac's `open`, which here says that it ran, and how it was called. */
  async function makeOpen(exitCode: number): Promise<string> {
    const open = join(messages.folder, 'bin', 'open')
    const called = join(messages.folder, 'opened')
    await writeFile(
      open,
      `#!/bin/sh\necho "$@" > '${called}.part' && mv '${called}.part' '${called}'\nexit ${exitCode}\n`,
    )
    await chmod(open, 0o755)
    return called
  }

  test('and waits for it', async () => {
    const called = await makeOpen(0)
    const running = osascript(['-e', SEND])
    const how = await until('open is run', () => readFile(called, 'utf8').catch(() => null))
    expect(how).toBe('-b com.apple.MobileSMS\n')
    await messages.start()
    expect(await running).toEqual(ended(0, '', ''))
    expect(messages.sent).toHaveLength(1)
  })

  test('-10810 when it does not start', async () => {
    await makeOpen(1)
    expect(await osascript(['-e', SEND])).toEqual(
      ended(1, '', `${PLACE}: execution error: An error of type -10810 has occurred. (-10810)\n`),
    )
  })

  test('-600 when it started and does not come', async () => {
    await makeOpen(0)
    const source = lines('with timeout of 0.2 seconds', SEND, 'end timeout')
    expect(await osascript(['-'], { input: source })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Application isn’t running. (-600)'),
    })
  })

  test('-10827 without a graphical session, and nothing is opened', async () => {
    const called = await makeOpen(0)
    await messages.configure({ session: 'Background' })
    expect(await osascript(['-e', SEND])).toMatchObject({ code: 1, stderr: expect.stringContaining('(-10827)') })
    await expect(readFile(called)).rejects.toThrow('ENOENT')
  })

  test('asking whether it runs does not', async () => {
    const called = await makeOpen(0)
    expect(await osascript(['-e', 'application "Messages" is running'])).toEqual(ended(0, 'false\n', ''))
    await expect(readFile(called)).rejects.toThrow('ENOENT')
  })
})
