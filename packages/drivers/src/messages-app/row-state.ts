/** What a row of ours says of a send (MACOS 2.4, PROTOCOL holes 8 and 9). Pure. */
import type { Service } from '@bluewire/contract/ids'
import type { SendOutcome } from '../driver.ts'
import type { MessageRow } from './message-row.ts'

export type RowState =
  | Readonly<{ kind: 'sending' }>
  | Readonly<{ kind: 'sent'; asSms: boolean }>
  /** The only code that firmly says that the recipient cannot be reached by iMessage. */
  | Readonly<{ kind: 'not_on_imessage' }>
  /** May still go out: Messages itself, or a person by “Try Again”. */
  | Readonly<{ kind: 'error'; code: number }>

/** Remote user does not exist (FZErrorType 22). */
const NOT_ON_IMESSAGE = 22
/** The account on this Mac is at fault: signed out, disabled, too old. */
const ACCOUNT_ERRORS: ReadonlySet<number> = new Set([19, 30, 31, 32, 33, 38, 40])

export function rowState(row: MessageRow, asked: Service): RowState {
  const asSms = row.wasDowngraded || (asked === 'imessage' && isText(row.service))
  if (row.error !== 0) {
    if (row.error === NOT_ON_IMESSAGE && asked === 'imessage' && !asSms) return { kind: 'not_on_imessage' }
    return { kind: 'error', code: row.error }
  }
  return row.isSent ? { kind: 'sent', asSms } : { kind: 'sending' }
}

export function isAccountError(code: number): boolean {
  return ACCOUNT_ERRORS.has(code)
}

/** Null while it may still become one. A row that only says *sending* is never proof that nothing went out. */
export function outcomeOfRow(row: MessageRow, asked: Service): SendOutcome | null {
  const state = rowState(row, asked)
  const rowGuids = [row.guid]
  switch (state.kind) {
    case 'sending':
      return null
    case 'sent':
      return { kind: 'sent', rowGuids, ...(state.asSms ? { wasDowngraded: true } : {}) }
    case 'not_on_imessage':
      return { kind: 'not_sent', class: 'refused', reason: 'recipient_not_on_imessage', rowGuids }
    case 'error':
      return { kind: 'unknown', reason: `apple_error_${state.code}`, rowGuids }
    default:
      return state satisfies never
  }
}

function isText(service: string): boolean {
  return ['sms', 'rcs'].includes(service.toLowerCase())
}
