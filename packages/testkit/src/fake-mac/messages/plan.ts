/** What becomes of a message once its row is there: decided when it is sent, carried out step by step. */
import type { MacSettings, Person, Service } from '../mac-settings.ts'
import { isMacos26, scaled } from '../mac-settings.ts'
import type { SendRule } from './send-rule.ts'

/** `afterMs`: after the step before. Steps at 0 ms that come first are written together with the row. */
export type Step = Readonly<{ afterMs: number }> &
  (
    | Readonly<{ step: 'join' }>
    /** `message.error`. */
    | Readonly<{ step: 'fail'; error: number }>
    /** It leaves the Mac, and the row says sent. */
    | Readonly<{ step: 'leave' }>
    /** The row says sent; nobody got it. */
    | Readonly<{ step: 'accept' }>
    /** It leaves as an SMS. */
    | Readonly<{ step: 'downgrade' }>
    | Readonly<{ step: 'deliver' }>
    | Readonly<{ step: 'read' }>
    /** An own address: the same text comes in. */
    | Readonly<{ step: 'come_in' }>
    /** `attachment.transfer_state` (MACOS 1.6). */
    | Readonly<{ step: 'transfer'; state: number }>
    /** The file is read: when it cannot be, the message fails with error 25 and the rest of the plan is void. */
    | Readonly<{ step: 'read_file' }>
  )

export type Recipient = Readonly<{
  service: Service
  /** Undefined: a group. */
  handle?: string
  isEnabled: boolean
}>

const TRANSCODING_FAILED = 25
const NOT_ON_IMESSAGE = 22
const ACCOUNT_DISABLED = 30
const SEND_FAILED = 4
const ROUTABLE = /^(?:\+\d{7,15}|[^\s@]+@[^\s@]+)$/

type Circumstances = Readonly<{
  recipient: Recipient
  rule: SendRule
  settings: MacSettings
  file: 'none' | 'readable' | 'unreadable'
}>

export function planOf(circumstances: Circumstances): Step[] {
  const { rule, settings, file } = circumstances
  const failure = failureOf(circumstances)
  const join: Step[] =
    rule.joinAfterMs === 'never' ? [] : [{ step: 'join', afterMs: rule.joinAfterMs ?? scaled(settings, 'joinMs') }]
  const transfer: Step[] = file === 'none' ? [] : transferOf(settings)
  if (failure !== undefined) {
    const fail: Step = { step: 'fail', ...failure }
    const isAtOnce = failure.afterMs === 0 && file === 'none'
    return [...(isAtOnce ? [fail, ...join] : [...join, fail]), ...recovery(circumstances)]
  }
  return [...join, ...transfer, ...success(circumstances)]
}

function failureOf({ recipient, rule, settings, file }: Circumstances): { error: number; afterMs: number } | undefined {
  const afterMs = rule.rowErrorAfterMs ?? 0
  if (rule.rowError !== undefined) return { error: rule.rowError, afterMs }
  const later = scaled(settings, 'refusedMs')
  if (file === 'unreadable') return { error: TRANSCODING_FAILED, afterMs: later }
  const { service, handle, isEnabled } = recipient
  if (service === 'SMS') return settings.phoneReachable ? undefined : { error: SEND_FAILED, afterMs: later }
  if (!isEnabled) return { error: ACCOUNT_DISABLED, afterMs: 0 }
  if (settings.signedOut !== null) return { error: settings.signedOut.error, afterMs: 0 }
  if (handle === undefined) return undefined
  const isOwn = isMacos26(settings.macos) && settings.ownAddresses.includes(handle) && settings.selfSend === 'refused'
  const isKnown = ROUTABLE.test(handle) && personOf(settings, handle).onImessage !== false
  return isOwn || !isKnown ? { error: NOT_ON_IMESSAGE, afterMs: later } : undefined
}

function recovery({ rule, settings }: Circumstances): Step[] {
  if (rule.thenSentAfterMs === undefined) return []
  return [
    { step: 'leave', afterMs: rule.thenSentAfterMs },
    { step: 'deliver', afterMs: scaled(settings, 'deliveredMs') },
  ]
}

function transferOf(settings: MacSettings): Step[] {
  const afterMs = scaled(settings, 'transferMs')
  return [
    { step: 'transfer', state: 2, afterMs },
    { step: 'transfer', state: 3, afterMs },
    { step: 'transfer', state: 4, afterMs },
    { step: 'read_file', afterMs },
    { step: 'transfer', state: 5, afterMs: 0 },
  ]
}

function success({ recipient, rule, settings }: Circumstances): Step[] {
  if (rule.sentAfterMs === 'never') return []
  const sentMs = rule.sentAfterMs ?? scaled(settings, 'sentMs')
  if (rule.downgradedAfterMs !== undefined) {
    return [
      { step: 'accept', afterMs: sentMs },
      { step: 'downgrade', afterMs: rule.downgradedAfterMs },
    ]
  }
  return [{ step: 'leave', afterMs: sentMs }, ...receipts({ recipient, rule, settings })]
}

/** Delivery receipts are for iMessage and RCS one to one; never for SMS, mostly never in groups (MACOS 2.4). */
function receipts({ recipient, rule, settings }: Omit<Circumstances, 'file'>): Step[] {
  const { handle, service } = recipient
  const isOwn = handle !== undefined && settings.ownAddresses.includes(handle)
  if (isOwn) return [{ step: 'come_in', afterMs: 0 }]
  const person = handle === undefined ? {} : personOf(settings, handle)
  const usual = handle !== undefined && service !== 'SMS' && person.givesReceipts !== false
  const deliveredMs = rule.deliveredAfterMs ?? (usual ? scaled(settings, 'deliveredMs') : 'never')
  if (deliveredMs === 'never') return []
  const readMs = rule.readAfterMs ?? person.readsAfterMs
  return [
    { step: 'deliver', afterMs: deliveredMs },
    ...(readMs === undefined ? [] : [{ step: 'read', afterMs: readMs } as const]),
  ]
}

function personOf({ people }: MacSettings, handle: string): Person {
  return people[handle] ?? {}
}
