/**
 * What an SMSC says with its command_status, in terms of what is known of the message. An answer that refuses carries no message id: the
 * message was not taken (SMPP 3.4, 4.4.2). Names and numbers: SMPP 3.4, table 5-2; the TLV ones: 5-2 and SMPP 5.0, table 4-45.
 */
import { REASONS } from '../provider.ts'

export type StatusVerdict = Readonly<{
  /** `throttled`: the same again, later and slower. `retry`: the same again. `refused`: for good. `unclear`: it may have been taken. */
  kind: 'throttled' | 'retry' | 'refused' | 'unclear'
  reason: string
  detail: string
}>

type Row = Readonly<{ kind?: StatusVerdict['kind']; reason?: string; say: string }>

const SAY: ReadonlyMap<number, Row> = new Map<number, Row>([
  [0x01, { say: 'the length of the message is wrong' }],
  [0x02, { say: 'the length of the request is wrong' }],
  [0x03, { say: 'the SMSC does not know the command' }],
  [0x04, { kind: 'retry', reason: REASONS.notConnected, say: 'the SMSC says that we are not logged in' }],
  [0x05, { kind: 'retry', reason: REASONS.notConnected, say: 'the SMSC says that we are logged in already' }],
  [0x06, { say: 'the SMSC does not take the priority' }],
  [0x07, { say: 'the SMSC does not take the request for a receipt' }],
  // It neither says that the text was at fault nor that it is busy. What fails again and again ends by its number of tries.
  [0x08, { kind: 'retry', say: 'an error inside the SMSC' }],
  [
    0x0a,
    { say: 'the SMSC does not take the sender; is it registered there, and are source_ton and source_npi right?' },
  ],
  [0x0b, { reason: REASONS.unreachable, say: "the SMSC does not take the recipient's number" }],
  [0x0d, { say: 'the SMSC refuses the login' }],
  [0x0e, { say: 'the SMSC does not know the password' }],
  [0x0f, { say: 'the SMSC does not know the system_id' }],
  [0x14, { kind: 'throttled', reason: REASONS.throttled, say: "the SMSC's queue is full" }],
  [0x15, { say: 'the SMSC does not take the service_type' }],
  [0x43, { say: 'the SMSC does not take long messages in parts (esm_class)' }],
  [0x45, { reason: REASONS.refused, say: 'the SMSC refuses the message' }],
  [0x48, { say: 'the SMSC does not take source_ton' }],
  [0x49, { say: 'the SMSC does not take source_npi' }],
  [0x50, { say: 'the SMSC does not take dest_ton' }],
  [0x51, { say: 'the SMSC does not take dest_npi' }],
  [0x53, { say: 'the SMSC does not take the system_type' }],
  [0x58, { kind: 'throttled', reason: REASONS.throttled, say: 'the SMSC is asked too fast' }],
  [0x61, { say: 'the SMSC does not take the time of sending' }],
  [0x62, { say: 'the SMSC does not take the time of expiry' }],
  [0x64, { kind: 'retry', say: 'the SMSC cannot take it now' }],
  [0x65, { reason: REASONS.refused, say: 'the SMSC refuses the message for good' }],
  [0x66, { reason: REASONS.refused, say: 'the SMSC refuses the message' }],
  [0xc0, { say: 'the SMSC cannot read the optional fields; try references=false' }],
  [0xc1, { say: 'the SMSC does not take an optional field; try references=false, or long_messages=udh' }],
  [0xc2, { say: 'the SMSC does not take the length of an optional field' }],
  [0xc3, { say: 'the SMSC misses an optional field' }],
  [0xc4, { say: 'the SMSC does not take the value of an optional field' }],
  [0xfe, { kind: 'retry', say: 'the SMSC could not pass it on' }],
  // By its name the SMSC itself does not know what went wrong, so nobody knows how far the message came.
  [0xff, { kind: 'unclear', say: 'an error that the SMSC does not know itself' }],
])

export function verdictOf(status: number, optedOut: ReadonlySet<number> = new Set()): StatusVerdict {
  const code = codeOf(status)
  if (optedOut.has(status)) {
    return { kind: 'refused', reason: REASONS.optedOut, detail: `The recipient wants no more messages (${code})` }
  }
  // A code of this SMSC's own is a refusal like any other: what is final must not be tried for ever.
  const { kind = 'refused', reason = `smpp_${code}`, say } = SAY.get(status) ?? { say: 'the SMSC refuses the message' }
  return { kind, reason, detail: `${say.charAt(0).toUpperCase()}${say.slice(1)} (${code})` }
}

export function codeOf(status: number): string {
  return `0x${status.toString(16).padStart(8, '0')}`
}

/** `opted_out_status`, parsed. */
export function statusesOf(list: string): ReadonlySet<number> {
  return new Set(
    list
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '')
      .map(Number),
  )
}
