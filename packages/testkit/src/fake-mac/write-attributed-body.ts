/** `message.attributedBody` as Messages writes it: a string, and runs of what it knows of its parts (MACOS 2.8). */
import { TypedStreamWriter } from './write-typedstream.ts'
import type { Archived } from './write-typedstream.ts'

/** Where a text has an attachment. */
export const ATTACHMENT_CHARACTER = '\uFFFC'

/** A range in UTF-16 units. Spans may overlap. */
export type Span = Readonly<{
  start: number
  length: number
  mention?: string
  link?: string
  oneTimeCode?: string
  bold?: boolean
  italic?: boolean
  underline?: boolean
  strikethrough?: boolean
  effect?: number
  /** What a data detector found: bytes of its own, which stand behind the text. */
  detected?: Uint8Array
}>

export type BodyToWrite = Readonly<{
  /** With a U+FFFC for each attachment. Half of a surrogate pair becomes U+FFFD: there is no UTF-8 for it. */
  text: string
  /** NSMutableAttributedString, as in three of ten rows. */
  mutable?: boolean
  /** `at`: where the text has the U+FFFC. */
  attachments?: ReadonlyArray<Readonly<{ at: number; guid: string; name?: string }>>
  spans?: readonly Span[]
}>

type Pair = readonly [key: string, value: Archived]

/** Throws when an attachment or a span is not in the text. */
export function writeAttributedBody(body: BodyToWrite): Uint8Array {
  checkRanges(body)
  const writer = new TypedStreamWriter()
  writer.type('@')
  writer.begin(body.mutable === true ? 'NSMutableAttributedString' : 'NSAttributedString')
  writer.string(body.text, body.mutable === true ? 'NSMutableString' : 'NSString')
  const known = new Map<string, number>()
  for (const { length, attributes } of runsOf(body)) {
    const key = JSON.stringify(attributes)
    const number = known.get(key) ?? known.size + 1
    writer.type('iI')
    writer.integer(number)
    writer.integer(length)
    if (known.has(key)) continue // a dictionary is written where its number comes first
    known.set(key, number)
    writer.value({ dictionary: attributes })
  }
  writer.end()
  return writer.bytes()
}

function checkRanges({ text, attachments = [], spans = [] }: BodyToWrite): void {
  for (const { at } of attachments)
    if (text[at] !== ATTACHMENT_CHARACTER)
      throw new Error(`There is no U+FFFC at ${at}, where an attachment should be.`)
  for (const { start, length } of spans)
    if (start < 0 || length < 1 || start + length > text.length)
      throw new Error(`The span of ${length} at ${start} is not in the text of ${text.length}.`)
}

function* runsOf({
  text,
  attachments = [],
  spans = [],
}: BodyToWrite): Generator<{ length: number; attributes: Pair[] }> {
  const edges = new Set([0, text.length])
  for (const { at } of attachments) edges.add(at).add(at + 1)
  for (const { start, length } of spans) edges.add(start).add(start + length)
  const [first, ...rest] = [...edges].sort((a, b) => a - b)
  let start = first ?? 0
  let part = 0
  let afterAttachment = false
  for (const end of rest) {
    const attachment = attachments.find(({ at }) => at === start)
    // An attachment is a part, and so is the text before, between and behind attachments.
    if (start > 0 && (attachment !== undefined || afterAttachment)) part++
    afterAttachment = attachment !== undefined
    const own = spans.filter((span) => span.start <= start && end <= span.start + span.length).flatMap(pairsOfSpan)
    const attributes = [...(attachment === undefined ? [] : pairsOfAttachment(attachment)), partPair(part), ...own]
    // An attribute of two spans is there once.
    yield { length: end - start, attributes: [...new Map(attributes)] }
    start = end
  }
}

function pairsOfAttachment({ guid, name }: { guid: string; name?: string }): Pair[] {
  const direction: Pair = ['__kIMBaseWritingDirectionAttributeName', { number: -1, as: 'q' }]
  const pairs: Pair[] = [['__kIMFileTransferGUIDAttributeName', guid], direction]
  return name === undefined ? pairs : [...pairs, ['__kIMFilenameAttributeName', name]]
}

function partPair(part: number): Pair {
  return ['__kIMMessagePartAttributeName', { number: part, as: 'i' }]
}

function pairsOfSpan(span: Span): Pair[] {
  const pairs: Pair[] = []
  if (span.mention !== undefined) pairs.push(['__kIMMentionConfirmedMention', span.mention])
  if (span.link !== undefined) {
    pairs.push(['__kIMLinkAttributeName', { url: span.link }])
    pairs.push(['__kIMLinkIsRichLinkAttributeName', { number: 1, as: 'c' }])
  }
  if (span.oneTimeCode !== undefined) {
    const code: Pair[] = [
      ['code', span.oneTimeCode],
      ['displayCode', span.oneTimeCode],
    ]
    pairs.push(['__kIMOneTimeCodeAttributeName', { dictionary: code }])
  }
  if (span.detected !== undefined) pairs.push(['__kIMDataDetectedAttributeName', { data: span.detected }])
  for (const style of ['Bold', 'Italic', 'Underline', 'Strikethrough'] as const) {
    const isSet = span[style.toLowerCase() as Lowercase<typeof style>]
    if (isSet === true) pairs.push([`__kIMText${style}AttributeName`, { number: 1, as: 'i' }])
  }
  if (span.effect !== undefined) pairs.push(['__kIMTextEffectAttributeName', { number: span.effect, as: 'i' }])
  return pairs
}
