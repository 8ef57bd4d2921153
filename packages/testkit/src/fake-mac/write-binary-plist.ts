/** Binary property lists as Apple writes them, as far as `message_summary_info` needs it. */

/** A number that is not whole is written as a double, and so is `{ real }`. */
export type Plist =
  number | string | boolean | Uint8Array | Readonly<{ real: number }> | readonly Plist[] | ReadonlyMap<string, Plist>

const MAGIC = Buffer.from('bplist00')
const INTEGER = 0x10
const DOUBLE = 0x23
const DATA = 0x40
const ASCII = 0x50
const UTF16 = 0x60
const ARRAY = 0xa0
const DICTIONARY = 0xd0
/** A count that does not fit into the marker is a number behind it. */
const COUNT_FOLLOWS = 0x0f
/** Of a reference and of an offset in the file. */
const REFERENCE_BYTES = 2
const OFFSET_BYTES = 4

export function writeBinaryPlist(root: Plist): Uint8Array {
  const objects: Buffer[] = []
  const top = add(root, objects)
  const offsets = Buffer.alloc(objects.length * OFFSET_BYTES)
  let end = MAGIC.length
  objects.forEach((object, index) => {
    offsets.writeUInt32BE(end, index * OFFSET_BYTES)
    end += object.length
  })
  const trailer = Buffer.alloc(32)
  trailer.writeUInt8(OFFSET_BYTES, 6)
  trailer.writeUInt8(REFERENCE_BYTES, 7)
  trailer.writeBigUInt64BE(BigInt(objects.length), 8)
  trailer.writeBigUInt64BE(BigInt(top), 16)
  trailer.writeBigUInt64BE(BigInt(end), 24)
  return Buffer.concat([MAGIC, ...objects, offsets, trailer])
}

/** The number of the object, by which others refer to it. */
function add(value: Plist, objects: Buffer[]): number {
  // Its number comes before those of what it contains.
  const index = objects.push(Buffer.alloc(0)) - 1
  objects[index] = encoded(value, (inner) => add(inner, objects))
  return index
}

function encoded(value: Plist, add: (inner: Plist) => number): Buffer {
  if (typeof value === 'boolean') return Buffer.of(value ? 0x09 : 0x08)
  if (typeof value === 'number') return Number.isInteger(value) ? integer(value) : double(value)
  if (typeof value === 'string') return text(value)
  if (value instanceof Uint8Array) return Buffer.concat([marker(DATA, value.length), value])
  if (value instanceof Map) {
    const keys = [...value.keys()].map(add)
    const values = [...value.values()].map(add)
    return Buffer.concat([marker(DICTIONARY, keys.length), ...[...keys, ...values].map(reference)])
  }
  if (Array.isArray(value)) return Buffer.concat([marker(ARRAY, value.length), ...value.map(add).map(reference)])
  return double((value as { real: number }).real)
}

function text(value: string): Buffer {
  const isAscii = [...value].every((character) => character <= '\x7f')
  if (isAscii) return Buffer.concat([marker(ASCII, value.length), Buffer.from(value)])
  return Buffer.concat([marker(UTF16, value.length), Buffer.from(value, 'utf16le').swap16()])
}

function marker(kind: number, count: number): Buffer {
  if (count < COUNT_FOLLOWS) return Buffer.of(kind | count)
  return Buffer.concat([Buffer.of(kind | COUNT_FOLLOWS), integer(count)])
}

/** 1, 2 or 4 bytes without a sign, or 8 with one. */
function integer(value: number): Buffer {
  const power = value < 0 ? 3 : [0x100, 0x10000, 0x1_0000_0000].findIndex((limit) => value < limit)
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(value))
  const size = power === -1 ? 3 : power
  return Buffer.concat([Buffer.of(INTEGER | size), bytes.subarray(8 - 2 ** size)])
}

function double(value: number): Buffer {
  const bytes = Buffer.alloc(9, DOUBLE)
  bytes.writeDoubleBE(value, 1)
  return bytes
}

function reference(index: number): Buffer {
  const bytes = Buffer.alloc(REFERENCE_BYTES)
  bytes.writeUInt16BE(index)
  return bytes
}
