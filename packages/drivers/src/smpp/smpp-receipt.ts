/**
 * Delivery receipts: a `deliver_sm` that says what became of a message. SMPP 3.4 leaves the form of its text to the SMSC (appendix B is an
 * example that nearly all follow), so it is read with patience, and the TLVs win over it.
 */
import type { Pdu } from './smpp-pdu.ts'

export type SmppReceipt = Readonly<{
  /** As the SMSC wrote it. */
  id: string | null
  /** Our user_message_reference. */
  reference: number | null
  fact: 'sent' | 'delivered' | 'failed'
  reason: string | null
  detail: string
  textStart: string | null
}>

const ESM_TYPE = 0x3c
const ESM_TYPE_RECEIPT = 0x04
const ESM_TYPE_INTERMEDIATE = 0x20

/** SMPP 3.4, 5.2.28. */
const STATES: ReadonlyMap<number, string> = new Map([
  [1, 'ENROUTE'],
  [2, 'DELIVRD'],
  [3, 'EXPIRED'],
  [4, 'DELETED'],
  [5, 'UNDELIV'],
  [6, 'ACCEPTD'],
  [7, 'UNKNOWN'],
  [8, 'REJECTD'],
])
/** By their first letters: SMSCs write DELIVRD and DELIVERED, UNDELIV and UNDELIVERABLE. */
const FINAL: ReadonlyArray<readonly [start: string, fact: 'delivered' | 'failed', reason: string | null]> = [
  ['DELIV', 'delivered', null],
  ['UNDEL', 'failed', 'smpp_undelivered'],
  ['EXPIR', 'failed', 'smpp_expired'],
  ['DELET', 'failed', 'smpp_deleted'],
  ['REJEC', 'failed', 'smpp_rejected'],
]

/** Null: it is no receipt but a message from a person. */
export function receiptOf(pdu: Pdu, text: string): SmppReceipt | null {
  const type = (pdu.esm_class ?? 0) & ESM_TYPE
  const saysSo = type === ESM_TYPE_RECEIPT || type === ESM_TYPE_INTERMEDIATE
  const hasTlvs = pdu.receipted_message_id !== undefined && pdu.message_state !== undefined
  if (!saysSo && !hasTlvs && !looksLikeReceipt(text)) return null
  const fields = fieldsOf(text)
  const state = stateOf(pdu, fields.stat)
  const id = pdu.receipted_message_id?.trim() || fields.id
  return {
    id: id ?? null,
    reference: pdu.user_message_reference ?? null,
    ...factOf(state),
    detail: `The SMSC reports ${state}${fields.err === null || /^0*$/.test(fields.err) ? '' : `, error ${fields.err}`}`,
    textStart: fields.text,
  }
}

/** What a state means; also of `query_sm`. On its way is no failure, and where the SMSC lost track nothing is known to have failed. */
export function factOf(state: string): Pick<SmppReceipt, 'fact' | 'reason'> {
  const row = FINAL.find(([start]) => state.startsWith(start))
  return row ? { fact: row[1], reason: row[2] } : { fact: 'sent', reason: null }
}

export function stateName(state: number): string {
  return STATES.get(state) ?? `state ${state}`
}

function stateOf({ message_state }: Pdu, stat: string | null): string {
  if (message_state !== undefined && STATES.has(message_state)) return stateName(message_state)
  return stat?.toUpperCase() ?? 'UNKNOWN'
}

/** Without the bit, only what has all of the form: anyone can write "id: 7" to us. */
function looksLikeReceipt(text: string): boolean {
  const { id, stat, done } = fieldsOf(text)
  return /^\s*id:/i.test(text) && id !== null && stat !== null && done !== null
}

type ReceiptFields = Readonly<Record<'id' | 'stat' | 'done' | 'err' | 'text', string | null>>

function fieldsOf(receipt: string): ReceiptFields {
  // The text of the message comes last, and may say anything.
  const cut = /\btext:/i.exec(receipt)
  const head = cut ? receipt.slice(0, cut.index) : receipt
  const text = cut ? receipt.slice(cut.index + cut[0].length).trim() : ''
  const field = (pattern: RegExp): string | null => pattern.exec(head)?.[1] ?? null
  // What stands in a detail is short, and no number of a phone: the SMSC could write anything.
  return {
    id: field(/(?:^|\s)id:\s*([^\s:]+)(?=\s|$)/i),
    stat: field(/(?:^|\s)stat(?:us)?:\s*([a-z]{1,20})/i),
    done: field(/(?:^|\s)done[ _]?date:\s*(\d+)/i),
    err: field(/(?:^|\s)err(?:or)?:\s*(?!\w*\d{7})(\w{1,20})\b/i),
    text: text === '' ? null : text,
  }
}
