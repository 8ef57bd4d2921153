/**
 * Binary property lists, read by `bplist-parser`. By itself it would follow 100 bytes of lists within lists for years, or a list of 2^31
 * elements that take no bytes. It reads everything but the type of an object through `buffer.slice` (0.3.2), so that is where its work is
 * counted.
 */
import { parseBuffer } from 'bplist-parser'

/** An edit is five values, and a message has at most five edits of each part. */
const READS_MAX = 20_000
const READ_BYTES_MAX = 16 * 1024 * 1024

export type PlistDictionary = Readonly<Record<string, unknown>>

/** Null: it is no binary property list, or is beyond any of Messages. Never throws. */
export function readBinaryPlist(bytes: Uint8Array): unknown {
  try {
    return parseBuffer<unknown>(withCountedReads(bytes))[0]
  } catch {
    return null
  }
}

export function isDictionary(value: unknown): value is PlistDictionary {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)
}

function withCountedReads(bytes: Uint8Array): Buffer {
  const counted = Buffer.from(bytes)
  let reads = 0
  let readBytes = 0
  counted.slice = (start, end) => {
    const slice = counted.subarray(start, end)
    reads += 1
    readBytes += slice.length
    if (reads > READS_MAX || readBytes > READ_BYTES_MAX) throw new Error('The property list goes on and on.')
    return slice
  }
  return counted
}
