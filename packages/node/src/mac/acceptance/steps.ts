/** The steps of the acceptance: what nobody has seen on a real Mac yet, one by one (MACOS 6). */
import { runTool } from '@bluewire/platform/run-tool'
import { appleErrorNumber } from '@bluewire/drivers/messages-app/apple-error'
import type { MacHost } from '../mac-host.ts'
import type { Observation, Watching } from './observe.ts'

export type Step = Readonly<{
  id: string
  title: string
  /** What is believed, and stands in the code. */
  believed: string
  /** What a person does; null: nothing. */
  ask: string | null
  watch?: Watching
}>

export const STEPS: readonly Step[] = [
  {
    id: 'error_words',
    title: 'What Messages answers to questions that it cannot answer',
    believed: 'The last number in parentheses is the error: -1728, -1728 and -2741.',
    ask: null,
  },
  {
    id: 'first_contact',
    title: 'An iMessage to somebody who was never written to',
    believed: 'One row: text empty, attributedBody there; sent within seconds, mostly delivered.',
    ask: 'Have a program send one iMessage to a phone with iMessage that this Mac has never written to.',
    watch: { direction: 'out', seconds: 120 },
  },
  {
    id: 'not_on_imessage',
    title: 'An iMessage to a number without iMessage',
    believed: 'One row, not sent, error 22 within seconds.',
    ask: 'Have a program send one iMessage, without fallback, to a number that is not on iMessage.',
    watch: { direction: 'out', seconds: 120 },
  },
  {
    id: 'sms',
    title: 'An SMS through the iPhone',
    believed: 'One row with the service SMS, sent and never delivered.',
    ask: 'Only with Text Message Forwarding: have a program send one SMS.',
    watch: { direction: 'out', seconds: 120 },
  },
  {
    id: 'sms_phone_off',
    title: 'An SMS while the iPhone is switched off',
    believed: 'Nobody knows which error comes, nor when.',
    ask: 'Only with Text Message Forwarding: switch the iPhone off and have a program send one SMS.',
    watch: { direction: 'out', seconds: 300 },
  },
  {
    id: 'file',
    title: 'A picture',
    believed: 'transfer_state ends with 5; 6 is an error.',
    ask: 'Send one picture to a phone, by hand in Messages.',
    watch: { direction: 'out', seconds: 120 },
  },
  {
    id: 'group',
    title: 'A message to a group',
    believed:
      'One row in one chat, whose guid begins with iMessage;+ (macOS 26: any;+). A row in no chat is a ghost: nothing went out.',
    ask: 'Send one message to a group, by hand in Messages.',
    watch: { direction: 'out', seconds: 120 },
  },
  {
    id: 'inbound',
    title: 'A message to this Mac',
    believed: 'fs.watch tells within a second; data_version changes; the row is seen within two seconds.',
    ask: 'Write to this Mac from a phone that is not signed in to the same Apple account.',
    watch: { direction: 'in', seconds: 180 },
  },
  {
    id: 'inbound_in_background',
    title: 'A message to this Mac while another user is at its screen',
    believed: 'It comes as quickly; nobody knows.',
    ask: 'Begin this step, switch to another user of this Mac within a minute, write to this Mac from the same phone, and come back after five minutes.',
    watch: { direction: 'in', seconds: 420 },
  },
]

const QUESTIONS: readonly string[] = [
  'tell application id "com.apple.MobileSMS" to get name of chat id "bluewire;-;acceptance"',
  'tell application id "com.apple.MobileSMS" to get name of participant "bluewire-acceptance" of account id "bluewire-acceptance"',
  'tell application id "com.apple.MobileSMS" to get the the',
]
const QUESTION_MS = 15_000

/** Harmless ones: nothing of them sends. The words quote nothing but what stands above. */
export async function errorWords({ tools }: MacHost): Promise<string[]> {
  const lines: string[] = []
  for (const question of QUESTIONS) {
    const asked = await runTool(tools.osascript, ['-l', 'AppleScript', '-'], {
      input: question,
      timeoutMs: QUESTION_MS,
    })
    if (asked.kind !== 'ended')
      lines.push(asked.kind === 'timed_out' ? 'no answer in time' : `osascript: ${asked.code}`)
    else if (asked.code === 0) lines.push('it was answered')
    else lines.push(`${appleErrorNumber(asked.stderr) ?? 'no number'}: ${asked.stderr.trim().slice(0, 300)}`)
  }
  return lines
}

export function linesOf(seen: Observation): string[] {
  if (seen.problem !== null) return [seen.problem]
  const lag =
    seen.firstEventLagMs === null
      ? ''
      : `, the first ${Math.abs(seen.firstEventLagMs)} ms ${seen.firstEventLagMs <= 0 ? 'before' : 'after'} the first change`
  return [
    ...(seen.rows.length === 0 ? ['no row came'] : []),
    ...seen.rows.flatMap((row) => [
      `a row of ${row.service || 'no service'} ${row.chat === null ? 'in no chat' : `in a chat ${row.chat}`}, text ${row.hasText ? 'there' : 'empty'}, attributedBody ${row.hasAttributedBody ? 'there' : 'empty'}, seen ${row.seenAfterMs} ms after its date`,
      ...row.states.map(({ afterMs, state }) => `  +${afterMs} ms: ${state}`),
    ]),
    `${seen.fileEvents} file events${lag}; ${seen.changes} changes of data_version`,
  ]
}
