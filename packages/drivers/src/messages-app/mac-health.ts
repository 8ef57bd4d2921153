/**
 * How is this Mac? By evidence (rule R8): Messages answered a question, its account is enabled, chat.db can be read, and what its rows said
 * last. Nothing happening is not a fault, and an open socket is not health.
 */
import type { HealthCheck } from '@bluewire/contract/node-protocol/node-frames'
import type { DriverHealth } from '../driver.ts'
import type { AccountsProbe } from './accounts-probe.ts'
import type { MessageRow } from './message-row.ts'
import { isAccountError } from './row-state.ts'
import { ownAddress } from './inbound-row.ts'
import { canonicalAddress } from './row-match.ts'

export type Findings = Readonly<{
  /** Null: not asked yet. */
  probe: AccountsProbe | null
  probedAtMs: number | null
  /** Why chat.db cannot be read. */
  dbProblem: string | null
  /** Of rows of ours, newest first. */
  lastErrors: readonly number[]
  /** When a row last proved that something went out or came in. */
  rowProofMs: number | null
  isStuck: boolean
  /** Where a message of ours went out from, when that is not the line. */
  strangeAddress: boolean
}>

/** This many of ours failed one after the other, whoever they were for: the Mac is at fault, not they. */
const FAILURES_IN_A_ROW = 5

export function healthOf(f: Findings): DriverHealth {
  const checks = [automation(f), account(f), smsAccount(f), database(f), sending(f), address(f)]
  const problem = checks.find((check) => check.state === 'problem' && !MERELY_TOLD.has(check.name))
  const proofs = [f.rowProofMs, f.probe?.kind === 'accounts' ? f.probedAtMs : null].filter((ms) => ms !== null)
  return {
    state: problem !== undefined ? 'broken' : f.probe === null ? 'degraded' : 'ok',
    provenAtMs: proofs.length === 0 ? null : Math.max(...proofs),
    checks,
    ...(problem?.detail === undefined ? {} : { detail: problem.detail }),
  }
}

/** No fault: just what this Mac has not. */
const MERELY_TOLD: ReadonlySet<string> = new Set(['sms_account'])

const AUTOMATION_PANE = 'System Settings > Privacy & Security > Automation'
const DISK_PANE = 'System Settings > Privacy & Security > Full Disk Access'

function automation({ probe }: Findings): HealthCheck {
  const name = 'automation'
  switch (probe?.kind) {
    case undefined:
      return { name, state: 'unknown', detail: 'Messages has not been asked yet.' }
    case 'accounts':
      return { name, state: 'ok' }
    case 'denied':
      return {
        name,
        state: 'problem',
        detail: `This program may not control Messages. Open ${AUTOMATION_PANE} and switch Messages on under its name.`,
      }
    case 'waiting_for_click':
      return {
        name,
        state: 'problem',
        detail: `Messages does not answer: a question is waiting for a click on the Mac's screen. Click OK there, or open ${AUTOMATION_PANE} and switch Messages on.`,
      }
    case 'failed':
      return {
        name,
        state: 'problem',
        detail: `Messages could not be asked (${probe.number ?? 'no number'}). Open Messages on the Mac and look whether it works.`,
      }
    default:
      return probe satisfies undefined
  }
}

function account({ probe, lastErrors }: Findings): HealthCheck {
  const name = 'imessage_account'
  if (probe?.kind !== 'accounts') return { name, state: 'unknown' }
  const imessage = probe.accounts.filter((a) => a.service === 'iMessage')
  const fix = 'Sign in under Messages > Settings > iMessage.'
  if (imessage.length === 0) return { name, state: 'problem', detail: `Messages has no iMessage account. ${fix}` }
  const enabled = imessage.filter((a) => a.enabled)
  if (enabled.length === 0) return { name, state: 'problem', detail: `The iMessage account is switched off. ${fix}` }
  // A status of connected alone proves little: it may say so while every send fails (MACOS 5.4).
  const [code] = lastErrors
  if (code !== undefined && isAccountError(code))
    return {
      name,
      state: 'problem',
      detail: `Apple refused this account (error ${code}). Sign out of iMessage and in again.`,
    }
  if (!enabled.some((a) => a.connection === 'connected'))
    return { name, state: 'unknown', detail: 'The iMessage account is not connected at the moment.' }
  return { name, state: 'ok' }
}

function smsAccount({ probe }: Findings): HealthCheck {
  const name = 'sms_account'
  if (probe?.kind !== 'accounts') return { name, state: 'unknown' }
  if (hasSms(probe)) return { name, state: 'ok' }
  return { name, state: 'unknown', detail: 'No SMS from this Mac: Text Message Forwarding is off on the iPhone.' }
}

export function hasSms(probe: AccountsProbe | null): boolean {
  return probe?.kind === 'accounts' && probe.accounts.some((a) => a.service === 'SMS' && a.enabled)
}

const DB_PROBLEMS: Readonly<Record<string, string>> = {
  missing: 'There is no chat.db: open Messages once on this Mac and sign in.',
  denied: `This program may not read Messages' database. Open ${DISK_PANE}, add the node binary, then start the node again.`,
  not_a_database: 'chat.db is no database. Restore it, or sign out of Messages and in again.',
  unreadable: 'chat.db cannot be read at the moment: it is locked for long, or damaged.',
}

function database({ dbProblem }: Findings): HealthCheck {
  const name = dbProblem === 'denied' ? 'full_disk_access' : 'db_readable'
  if (dbProblem === null) return { name, state: 'ok' }
  return { name, state: 'problem', detail: DB_PROBLEMS[dbProblem] ?? 'chat.db cannot be read.' }
}

function sending({ isStuck, lastErrors }: Findings): HealthCheck {
  const name = 'sending'
  if (isStuck)
    return {
      name,
      state: 'problem',
      detail: 'Messages hangs and does not end. Quit it on the Mac (Force Quit), it is started again by itself.',
    }
  const failed = lastErrors.findIndex((code) => code === 0)
  const inARow = failed === -1 ? lastErrors.length : failed
  if (inARow < FAILURES_IN_A_ROW) return { name, state: 'ok' }
  return {
    name,
    state: 'problem',
    detail: `The last ${inARow} messages failed, whoever they were for (error ${lastErrors[0] ?? 0}).`,
  }
}

function address({ strangeAddress }: Findings): HealthCheck {
  const name = 'sending_address'
  if (!strangeAddress) return { name, state: 'ok' }
  return {
    name,
    state: 'problem',
    detail:
      'Messages sent from another address than this line. Choose the right one under Messages > Settings > iMessage > Start new conversations from.',
  }
}

const ERRORS_KEPT = 10

/** What rows say of the Mac, as they are seen. */
export class RowEvidence {
  readonly #lines: () => readonly string[]
  #errors: number[] = []
  #guids: string[] = []
  proofMs: number | null = null
  strangeAddress = false

  constructor(lines: () => readonly string[]) {
    this.#lines = lines
  }

  get lastErrors(): readonly number[] {
    return this.#errors
  }

  saw(row: MessageRow, nowMs: number): void {
    if (!row.isFromMe || (row.isSent && row.error === 0)) this.proofMs = nowMs
    if (!row.isFromMe || this.#guids.includes(row.guid) || (!row.isSent && row.error === 0)) return
    this.#guids = [row.guid, ...this.#guids].slice(0, ERRORS_KEPT)
    this.#errors = [row.error, ...this.#errors].slice(0, ERRORS_KEPT)
  }

  /** A row that is known to be one of our attempts. */
  sentFrom(row: MessageRow): void {
    const from = ownAddress(row.account)
    const lines = this.#lines().map(canonicalAddress)
    if (from !== null && from !== '' && lines.length > 0) this.strangeAddress = !lines.includes(from)
  }
}
