/** The words of a row, from its own column or from a body that our own writer wrote: the first string behind the type `+`. */
export function textOf(row: Readonly<Record<string, unknown>>): string {
  const { text, attributedBody } = row
  if (typeof text === 'string') return text
  const bytes = Buffer.from((attributedBody as Uint8Array | null) ?? [])
  const type = bytes.indexOf(Buffer.from([0x84, 0x01, 0x2b]))
  if (type < 0) return ''
  const at = type + 3
  const [head = 0] = bytes.subarray(at, at + 1)
  if (head === 0x81) return bytes.toString('utf8', at + 3, at + 3 + bytes.readUInt16LE(at + 1))
  if (head === 0x82) return bytes.toString('utf8', at + 5, at + 5 + bytes.readUInt32LE(at + 1))
  return bytes.toString('utf8', at + 1, at + 1 + head)
}
