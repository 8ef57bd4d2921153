/**
 * One form for message ids. Some SMSCs answer a submit with the id in hexadecimal and write the same id in decimal into the receipt, or
 * the other way round; both are made decimal then. Where both are text nothing is touched.
 */
import type { MessageIdForm } from './smpp-settings.ts'

type IdForms = Readonly<{ response_ids: MessageIdForm; receipt_ids: MessageIdForm }>

export function idOfResponse(id: string, forms: IdForms): string {
  return normal(id, forms.response_ids)
}

export function idOfReceipt(id: string, forms: IdForms): string {
  return normal(id, forms.receipt_ids)
}

/** As the SMSC wrote it in its answer, so far as that can be known: leading zeros and the case of letters are lost. */
export function idForQuery(ref: string, forms: IdForms): string {
  return forms.response_ids === 'hex' && /^\d+$/.test(ref) ? BigInt(ref).toString(16).toUpperCase() : ref
}

/** What is not of the form that it should have stays as it is: it matches nothing, and can be seen in the log. */
function normal(id: string, form: MessageIdForm): string {
  const bare = id.trim()
  if (form === 'decimal' && /^\d+$/.test(bare)) return BigInt(bare).toString()
  if (form === 'hex' && /^(0x)?[0-9a-f]+$/i.test(bare)) return BigInt(`0x${bare.replace(/^0x/i, '')}`).toString()
  return bare
}
