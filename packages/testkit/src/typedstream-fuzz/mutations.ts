/** Damage to blobs, by chance: what a broken disk, a cut write or somebody hostile could make of one. */
import type { Random } from '../simulator/random.ts'

/** Heads of numbers that are too large for anything, and of tags where no tag belongs. */
const HOSTILE: readonly string[] = [
  '82ffffffff',
  '82ffffff7f',
  '8200000080',
  '8200000100',
  '81ffff',
  '81ff7f',
  '810080',
  '83',
  '80',
  'ff',
  '7f',
  '85',
  '86',
  '84',
]
const TYPE_OF_TEXT = '+'.charCodeAt(0)

/** One to three times another kind of damage. A blob may come out as it went in. */
export function damaged(random: Random, blob: Uint8Array, other: Uint8Array): Uint8Array {
  let result = Buffer.from(blob)
  for (let times = random.pick([1, 1, 1, 2, 3]); times > 0; times--) result = damagedOnce(random, result, other)
  return result
}

function damagedOnce(random: Random, blob: Buffer<ArrayBuffer>, other: Uint8Array): Buffer<ArrayBuffer> {
  const at = somewhere(random, blob)
  const behind = at + random.between(1, 12)
  switch (random.between(0, 9)) {
    case 0:
    case 1:
      return spliced(blob, [at, at + 1], Uint8Array.of((blob[at] ?? 0) ^ (1 << random.between(0, 8))))
    case 2:
      return spliced(blob, [at, at + 1], Uint8Array.of(random.between(0, 256)))
    case 3:
      return Buffer.from(blob.subarray(0, at))
    case 4:
      return spliced(blob, [at, at], bytes(random, random.between(1, 8)))
    case 5:
      return spliced(blob, [at, behind], new Uint8Array())
    case 6:
      return spliced(blob, [at, at], blob.subarray(at, behind))
    case 7:
      return spliced(blob, [at, at + 1], Buffer.from(random.pick(HOSTILE), 'hex'))
    default:
      return spliced(blob, [at, blob.length], other.subarray(random.between(0, other.length)))
  }
}

/** Mostly where the grammar is: the head, the length of a string, and the end. Within a text there is less to break. */
function somewhere(random: Random, blob: Uint8Array): number {
  if (blob.length === 0) return 0
  const length = blob.indexOf(TYPE_OF_TEXT) + 1
  switch (random.between(0, 4)) {
    case 0:
      return random.between(0, Math.min(blob.length, 90))
    case 1:
      return Math.min(length, blob.length - 1)
    case 2:
      return Math.max(0, blob.length - 1 - random.between(0, 200))
    default:
      return random.between(0, blob.length)
  }
}

function bytes(random: Random, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => random.between(0, 256))
}

function spliced(blob: Uint8Array, [from, to]: readonly [number, number], put: Uint8Array): Buffer<ArrayBuffer> {
  return Buffer.concat([blob.subarray(0, from), put, blob.subarray(to)])
}
