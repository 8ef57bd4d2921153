/** A reader of typedstreams that is not ours, to compare with: a port of the first description of the format that was published. */
import { NSAttributedString, TypedStreamReader, Unarchiver } from '@parseaple/typedstream'

export type OracleRun = Readonly<{ start: number; length: number; attributes: Readonly<Record<string, unknown>> }>

export type OracleBody = Readonly<{
  text: string
  runs: readonly OracleRun[]
  /** The blob as it saw it: with no highest bit in types and names of classes. */
  asSeen: Uint8Array
}>

/** Null: it complains, or finds no attributed string. */
export function readByOracle(blob: Uint8Array): OracleBody | null {
  const stop = silence()
  try {
    const asSeen = new Uint8Array(blob)
    const unarchiver = Unarchiver.open(Buffer.from(asSeen.buffer), Unarchiver.BinaryDecoding.none)
    const root: unknown = unarchiver.decodeSingleRoot()
    if (!(root instanceof NSAttributedString) || typeof root.string !== 'string') return null
    const runs = root.runs.map(({ range: [start = 0, length = 0], attributes }) => ({ start, length, attributes }))
    const names = unarchiver.reader instanceof TypedStreamReader ? unarchiver.reader.sharedStringTable : []
    for (const name of names) name.forEach((byte, at) => (name[at] = byte & 0x7f)) // parts of `asSeen`
    return { text: root.string, runs, asSeen }
  } catch {
    return null
  } finally {
    stop()
  }
}

/** It takes what has no header for a property list, and tells the console what it thinks of it. */
function silence(): () => void {
  const { error, warn } = console
  const ignore = (): void => {}
  Object.assign(console, { error: ignore, warn: ignore })
  return () => Object.assign(console, { error, warn })
}
