/** The text of a row of chat.db, to hand on and to compare. */
import { readAttributedBody } from './attributed-body.ts'

/** Where an attachment stands in a text. */
const ATTACHMENTS = /\uFFFC/g

export type RowBody = Readonly<{
  text: string | null
  attributedBody: Uint8Array | null
  /** `date_edited` is set: the text column may still have what was there before. */
  isEdited: boolean
}>

/** What a person would read; '' where there are only attachments. Null: there is a body and it cannot be read. */
export function bodyText({ text, attributedBody, isEdited }: RowBody): string | null {
  const column = text === '' ? null : text
  const hasBody = attributedBody !== null && attributedBody.length > 0
  const read = (): string | null => (hasBody ? (readAttributedBody(attributedBody)?.text ?? null) : null)
  const found = isEdited ? (read() ?? column) : (column ?? read())
  if (found === null) return hasBody ? null : ''
  return found.replace(ATTACHMENTS, '')
}

/**
 * A form that is the same for a text given to Messages and for the row it made of it: Messages may make quotes round and dashes long
 * (MACOS 2.5.2), and emoji may gain or lose a variation selector on the way. For comparing only.
 */
export function normalizedBody(text: string): string {
  return text
    .replace(/[\uFFFC\p{Variation_Selector}]/gu, '')
    .replace(/\r\n?|[\u0085\u2028\u2029]/g, '\n')
    .replace(/[‘’‚‛‹›]/g, "'")
    .replace(/[“”„‟«»]/g, '"')
    .replace(/[-\u2010-\u2015\u2212]+/g, '-') // two hyphens become one dash
    .toWellFormed() // half of a character is U+FFFD in the row
    .normalize('NFC')
    .trim()
}
