/** The checks of a Mac, each by itself: what was found goes in, a verdict comes out. */
import { downgrade, messageRetention, ownAddress } from './advice-checks.ts'
import type { Findings } from './findings.ts'
import * as machine from './machine-checks.ts'
import * as messages from './messages-checks.ts'
import { CHECK_NAMES } from './verdict.ts'
import type { CheckName, Verdict } from './verdict.ts'

const CHECKS: Readonly<Record<CheckName, (findings: Findings) => Verdict>> = {
  macos_version: machine.macosVersion,
  session: machine.session,
  console_user: machine.consoleUser,
  node_binary: machine.nodeBinary,
  launch_agent: machine.launchAgent,
  gateway_reachable: machine.gatewayReachable,
  clock: machine.clock,
  disk: machine.disk,
  awake: machine.awake,
  messages_running: messages.messagesRunning,
  automation: messages.automation,
  imessage_account: messages.imessageAccount,
  sms_account: messages.smsAccount,
  full_disk_access: messages.fullDiskAccess,
  db_readable: messages.dbReadable,
  db_fresh: messages.dbFresh,
  send_recent: messages.sendRecent,
  driver_health: machine.driverHealth,
  downgrade,
  message_retention: messageRetention,
  own_address: ownAddress,
}

/** Settings that only a person can look up: that they cannot be told is no reason to call the Mac doubtful. */
const ADVICE: readonly CheckName[] = ['downgrade', 'message_retention', 'own_address']

export type CheckResult = Readonly<{ check: CheckName; isAdvice: boolean }> & Verdict

export function runChecks(findings: Findings): CheckResult[] {
  return CHECK_NAMES.map((check) => ({ check, isAdvice: ADVICE.includes(check), ...CHECKS[check](findings) }))
}

/** Of all of them together: a problem outweighs what cannot be told. */
export function worstOf(results: readonly CheckResult[]): Verdict['state'] {
  if (results.some(({ state }) => state === 'problem')) return 'problem'
  return results.some(({ state, isAdvice }) => state === 'cannot_tell' && !isAdvice) ? 'cannot_tell' : 'ok'
}
