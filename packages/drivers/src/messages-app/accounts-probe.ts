/** Asks Messages for its accounts: the harmless question that shows whether it answers at all, and whether it is signed in (MACOS 5.4). */
import { runTool } from '@bluewire/platform/run-tool'
import type { MacTools } from '../mac/mac-tools.ts'
import { appleErrorNumber } from './apple-error.ts'

export const ACCOUNTS_SCRIPT = `on run argv
	set theLines to {}
	with timeout of 10 seconds
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

export type Account = Readonly<{
  id: string
  service: string
  enabled: boolean
  /** `connected`, `connecting`, `disconnecting`, `disconnected`. */
  connection: string
  description: string
}>

export type AccountsProbe =
  | Readonly<{ kind: 'accounts'; accounts: readonly Account[] }>
  /** Somebody said no to the prompt, or it may not be shown (-1743, -1744). */
  | Readonly<{ kind: 'denied' }>
  /** The prompt stands on the Mac's screen, or Messages does not answer. */
  | Readonly<{ kind: 'waiting_for_click' }>
  | Readonly<{ kind: 'failed'; number: number | null; text: string }>

const DENIED: ReadonlySet<number> = new Set([-1743, -1744])
const TEXT_MAX = 200

export async function probeAccounts(tools: MacTools, { timeoutMs }: { timeoutMs: number }): Promise<AccountsProbe> {
  const result = await runTool(tools.osascript, ['-l', 'AppleScript', '-'], { timeoutMs, input: ACCOUNTS_SCRIPT })
  if (result.kind === 'timed_out') return { kind: 'waiting_for_click' }
  if (result.kind === 'not_started')
    return { kind: 'failed', number: null, text: `osascript cannot be run (${result.code})` }
  if (result.code === 0) return { kind: 'accounts', accounts: result.stdout.split('\n').flatMap(accountOf) }
  const number = appleErrorNumber(result.stderr)
  if (number !== null && DENIED.has(number)) return { kind: 'denied' }
  return { kind: 'failed', number, text: result.stderr.trim().slice(0, TEXT_MAX) }
}

function accountOf(line: string): Account[] {
  const [id, service, enabled, connection, ...description] = line.split('\t')
  if (id === undefined || service === undefined || connection === undefined || id === '') return []
  return [{ id, service, enabled: enabled === 'true', connection, description: description.join('\t') }]
}
