/** One hand-over to Messages by osascript, and what is known of it: refused before anything was sent, accepted, or perhaps completed (MACOS 1.4, 1.5). */
import type { AttemptId, Service } from '@bluewire/contract/ids'
import { runTool } from '@bluewire/platform/run-tool'
import type { ToolResult } from '@bluewire/platform/run-tool'
import { appleErrorNumber } from './apple-error.ts'
import { ATTEMPT_MARK, SEND_SCRIPT } from './scripts.ts'

/** Above the 25 s inside of the script, so that the inner one fires first and leaves a number. */
const OSASCRIPT_MS = 30_000

export type HandOver = Readonly<{
  attempt: AttemptId
  service: Service
  form: 'participant' | 'chat'
  target: string
  payload: Readonly<{ kind: 'text'; text: string } | { kind: 'file'; path: string }>
}>

export type Handed =
  /** Messages took the event; nothing more. Unknown recipients and unreadable files are accepted too. */
  | Readonly<{ kind: 'accepted' }>
  | Readonly<{ kind: 'not_started'; reason: string; number: number | null }>
  /** It may be carried out, now or when Messages recovers. */
  | Readonly<{ kind: 'may_have_completed'; reason: string }>

export async function handOver(osascript: string, send: HandOver, timeoutMs = OSASCRIPT_MS): Promise<Handed> {
  const { attempt, service, form, target, payload } = send
  const value = payload.kind === 'text' ? payload.text : payload.path
  const args = ['-l', 'AppleScript', '-', `${ATTEMPT_MARK}${attempt}`, service, form, target, payload.kind, value]
  return disposition(await runTool(osascript, args, { timeoutMs, input: SEND_SCRIPT }))
}

/** Errors that Messages, or the system before it, answers with when nothing was sent (MACOS 1.4). */
const NOT_STARTED: Readonly<Record<number, string>> = {
  [-600]: 'messages_not_running',
  [-1700]: 'bad_target',
  [-1708]: 'bad_target',
  [-1719]: 'service_unavailable',
  [-1728]: 'target_not_found',
  [-1743]: 'automation_denied',
  [-1744]: 'automation_denied',
  [-2740]: 'messages_missing',
  [-2741]: 'messages_missing',
  [-2753]: 'service_unavailable',
  [-10004]: 'no_gui_session',
  [-10810]: 'no_gui_session',
  [-10827]: 'no_gui_session',
  [-43]: 'file_missing',
}

export function disposition(result: ToolResult): Handed {
  if (result.kind === 'not_started') return { kind: 'not_started', reason: 'osascript_missing', number: null }
  if (result.kind === 'timed_out') return { kind: 'may_have_completed', reason: 'osascript_hung' }
  if (result.code === 0) return { kind: 'accepted' }
  const number = appleErrorNumber(result.stderr)
  const reason = number === null ? undefined : NOT_STARTED[number]
  if (reason !== undefined) return { kind: 'not_started', reason, number }
  // -1712 (timed out), -609 (Messages went away during it), 1002, killed by somebody, a number nobody knows
  return {
    kind: 'may_have_completed',
    reason: number === null ? 'osascript_failed' : `apple_event_${Math.abs(number)}`,
  }
}
