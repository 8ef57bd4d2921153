/**
 * `message.attributedBody` and the texts of an edit: an archived NSAttributedString, its string and then runs of attributes (MACOS 2.8).
 * Since macOS 13 it is often all there is of a message's text, so damage behind the text must not cost the text.
 */
import { TypedStream } from './typedstream.ts'
import type { ArchivedObject, Value } from './typedstream.ts'

/** A range of the text with what Messages knows of it. Null and false: it has no such attribute. */
export type Run = Readonly<{
  /** In UTF-16 units, as strings count here. */
  start: number
  length: number
  /** Counted from 0. Edits and tapbacks name a part. An attachment is a part of its own, one U+FFFC long. */
  part: number | null
  /** `attachment.guid` of the file that stands at U+FFFC. */
  attachmentGuid: string | null
  /** The address of the person whose name this is. */
  mention: string | null
  link: string | null
  oneTimeCode: string | null
  bold: boolean
  italic: boolean
  underline: boolean
  strikethrough: boolean
  /** Apple's number of an animated text effect (macOS 15). */
  effect: number | null
}>

export type AttributedBody = Readonly<{
  /** With a U+FFFC for each attachment. Bytes that are no UTF-8 are U+FFFD. */
  text: string
  /** In their order; they may end before the text does. Null: they cannot be read. */
  runs: readonly Run[] | null
}>

type Attributes = Omit<Run, 'start' | 'length'>

const STRING = ['NSString', 'NSMutableString']
const ATTRIBUTED_STRING = ['NSAttributedString', 'NSMutableAttributedString']
const DICTIONARY = ['NSDictionary', 'NSMutableDictionary']

/** Messages writes 1 to 5. A dictionary is one byte to refer to, so it may not be much to read. */
const PAIRS_MAX = 64

/** The largest of 20,783 blobs had 48 KB. What is one byte there may be a hundred here, and a microsecond. */
const RUNS_BLOB_BYTES_MAX = 256 * 1024

/** Null: it cannot be read. Never throws; takes time and memory in proportion to the blob. */
export function readAttributedBody(blob: Uint8Array): AttributedBody | null {
  let stream: TypedStream
  let text: string
  try {
    stream = new TypedStream(blob)
    text = readText(stream)
  } catch {
    return null // what is thrown here and in TypedStream tells of the bytes, and nothing else can be
  }
  if (blob.length > RUNS_BLOB_BYTES_MAX) return { text, runs: null }
  try {
    return { text, runs: readRuns(stream, text.length) }
  } catch {
    return { text, runs: null }
  }
}

/** Ends with the last byte of the text: nothing that comes later has been looked at. */
function readText(stream: TypedStream): string {
  enter(stream, ATTRIBUTED_STRING)
  enter(stream, STRING)
  expectType(stream, '+')
  const [text] = stream.values('+')
  if (typeof text !== 'string') throw new Error('The body has no string.')
  return text
}

/**
 * Each run is the number of its dictionary and a length. Dictionaries are counted from 1, and written where their number comes first. The
 * lengths need not add up: of one message 15 of 30 units had a run.
 */
function readRuns(stream: TypedStream, textLength: number): Run[] {
  stream.leave()
  const dictionaries: Attributes[] = []
  const runs: Run[] = []
  let start = 0
  for (let type = stream.type(); type !== null; type = stream.type()) {
    if (type !== 'iI') throw new Error('There is something else between the runs.')
    const [number, units] = stream.values(type) as [number, number]
    if (number === dictionaries.length + 1) {
      expectType(stream, '@')
      dictionaries.push(attributesOf(stream.values('@')[0]))
    }
    const attributes = dictionaries[number - 1]
    if (attributes === undefined) throw new Error('A run has attributes that were never written.')
    const length = Math.min(units, textLength - start)
    if (length > 0) runs.push({ start, length, ...attributes })
    start += length
  }
  return runs
}

function enter(stream: TypedStream, classes: readonly string[]): void {
  expectType(stream, '@')
  if (!stream.enter().names.some((name) => classes.includes(name))) throw new Error('There is another object here.')
}

function expectType(stream: TypedStream, type: string): void {
  if (stream.type() !== type) throw new Error('There is a value of another type here.')
}

function attributesOf(value: Value | undefined): Attributes {
  const attributes = pairsOf(value)
  if (attributes === null) throw new Error('A run has no dictionary.')
  const get = (name: string): Value | undefined => attributes.get(`__kIM${name}`)
  const isSet = (name: string): boolean => (numberOf(get(name)) ?? 0) !== 0 // 0: taken back
  return {
    part: numberOf(get('MessagePartAttributeName')),
    attachmentGuid: stringOf(get('FileTransferGUIDAttributeName')),
    mention: stringOf(get('MentionConfirmedMention')),
    link: linkOf(get('LinkAttributeName')),
    oneTimeCode: codeOf(get('OneTimeCodeAttributeName')),
    bold: isSet('TextBoldAttributeName'),
    italic: isSet('TextItalicAttributeName'),
    underline: isSet('TextUnderlineAttributeName'),
    strikethrough: isSet('TextStrikethroughAttributeName'),
    effect: numberOf(get('TextEffectAttributeName')),
  }
}

/** A dictionary is the number of its pairs, then keys and values in turns. Null: it is none, or too large to be one of Messages. */
function pairsOf(value: Value | undefined): ReadonlyMap<string, Value> | null {
  if (!isOf(value, DICTIONARY) || value.fields.length > 1 + 2 * PAIRS_MAX) return null
  const pairs = new Map<string, Value>()
  for (let at = 1; at + 1 < value.fields.length; at += 2) {
    const key = stringOf(value.fields[at])
    if (key !== null) pairs.set(key, value.fields[at + 1] ?? null)
  }
  return pairs
}

function stringOf(value: Value | undefined): string | null {
  const text = isOf(value, STRING) ? value.fields[0] : null
  return typeof text === 'string' ? text : null
}

/** An NSNumber is the name of its C type, then its value. */
function numberOf(value: Value | undefined): number | null {
  const number = isOf(value, ['NSNumber']) ? value.fields[1] : null
  return typeof number === 'number' ? number : null
}

/** An NSURL is whether it is relative to another, which no link in a message is, then its string. Some links are strings. */
function linkOf(value: Value | undefined): string | null {
  return isOf(value, ['NSURL']) ? stringOf(value.fields[1]) : stringOf(value)
}

/** Messages keeps the code beside its spelling in the text. */
function codeOf(value: Value | undefined): string | null {
  return stringOf(pairsOf(value)?.get('code'))
}

function isOf(value: Value | undefined, classes: readonly string[]): value is ArchivedObject {
  return (
    typeof value === 'object' &&
    value !== null &&
    'kind' in value &&
    value.kind === 'object' &&
    value.class.names.some((name) => classes.includes(name))
  )
}
