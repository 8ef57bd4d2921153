/** Asks Messages which accounts it has: the one question that shows whether it may be controlled, and is signed in (MACOS 5.4). */
import { runTool } from '@bluewire/platform/run-tool'
import type { MacTools } from '../mac/mac-tools.ts'
import { appleErrorNumber, isAutomationDenied } from './apple-error.ts'

export type Account = Readonly<{
  id: string
  /** `iMessage`, `SMS`, `RCS`. */
  service: string
  enabled: boolean
  /** `connected`, `connecting`, `disconnecting`, `disconnected`. */
  connection: string
  description: string
}>

export type AccountsProbe =
  | Readonly<{ kind: 'accounts'; accounts: readonly Account[] }>
  /** macOS does not let this program control Messages. */
  | Readonly<{ kind: 'denied' }>
  /** osascript hangs, as it does while macOS asks a person for permission (MACOS 5.1, 5.2). */
  | Readonly<{ kind: 'waiting_for_click' }>
  /** `text`: words of our own, never those of macOS. */
  | Readonly<{ kind: 'failed'; number: number | null; text: string }>

/** Messages that does not answer ends the script with -1712; only a question of macOS outlasts it. */
const MESSAGES_SECONDS = 10
const TIME_LIMIT_MS = 12_000

export const ACCOUNTS_SCRIPT = `on run argv
	set theLines to {}
	with timeout of ${MESSAGES_SECONDS} seconds
		tell application id "com.apple.MobileSMS"
			repeat with a in accounts
				set end of theLines to (id of a) & tab & (service type of a as text) & tab & (enabled of a as text) & tab & (connection status of a as text) & tab & (description of a)
			end repeat
		end tell
	end timeout
	set AppleScript's text item delimiters to linefeed
	return theLines as text
end run
`

/** Never rejects; over two seconds after its time limit at the latest. Starts Messages when it does not run. */
export async function probeAccounts(
  tools: Pick<MacTools, 'osascript'>,
  { timeoutMs = TIME_LIMIT_MS }: { timeoutMs?: number } = {},
): Promise<AccountsProbe> {
  const result = await runTool(tools.osascript, ['-l', 'AppleScript', '-'], { input: ACCOUNTS_SCRIPT, timeoutMs })
  if (result.kind === 'timed_out') return { kind: 'waiting_for_click' }
  if (result.kind === 'not_started') {
    return { kind: 'failed', number: null, text: `osascript cannot be run (${result.code})` }
  }
  if (result.code === 0) return { kind: 'accounts', accounts: result.stdout.split('\n').flatMap(accountOf) }
  const number = appleErrorNumber(result.stderr)
  if (isAutomationDenied(number)) return { kind: 'denied' }
  return { kind: 'failed', number, text: `osascript ended with ${number ?? result.code ?? result.signal ?? '?'}` }
}

/** A description with a line break leaves a line that is no account. */
function accountOf(line: string): Account[] {
  const [id, service, enabled, connection, ...description] = line.split('\t')
  if (id === undefined || service === undefined || connection === undefined || description.length === 0) return []
  return [{ id, service, enabled: enabled === 'true', connection, description: description.join('\t') }]
}
