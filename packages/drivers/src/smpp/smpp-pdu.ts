/**
 * PDUs in and out. The `smpp` package is the codec and no more: its session reads the socket before it looks at the length (0 is taken
 * for "not there yet", 2 asks the stream for -2 bytes), stays silent after its first error, and decodes texts by guesses that cannot be
 * switched off. Framing, sequence numbers and texts are therefore ours.
 */
import smpp from 'smpp'
import type { Fields, PDU } from 'smpp'
import { PDU_BYTES_MAX } from './smpp-frames.ts'

export type Pdu = PDU

/** Its own limit is a quarter of that. */
smpp.PDU.maxLength = PDU_BYTES_MAX

/** Without the filters texts stay bytes, and dates strings. */
class RawPdu extends smpp.PDU {
  override _filter(): void {
    // Nothing: see above.
  }
}

export type Outgoing = Readonly<{ command: string; status?: number; sequence: number; fields?: Fields }>

export function encodePdu({ command, status, sequence, fields }: Outgoing): Buffer {
  return new RawPdu(command, { ...fields, command_status: status ?? 0, sequence_number: sequence }).toBuffer()
}

export type Header = Readonly<{ id: number; status: number; sequence: number }>

export type Decoded =
  | Readonly<{ kind: 'pdu'; pdu: Pdu }>
  /** Its length is right, and what is in it is not: a field or a TLV goes on behind the end, or is missing. */
  | Readonly<{ kind: 'malformed'; header: Header; command: string | null }>

/** `frame`: one whole PDU of at least 16 bytes. */
export function decodePdu(frame: Buffer): Decoded {
  const pdu = parsed(frame)
  if (pdu && isWhole(pdu, frame)) return { kind: 'pdu', pdu }
  const header = { id: frame.readUInt32BE(4), status: frame.readUInt32BE(8), sequence: frame.readUInt32BE(12) }
  const command = Object.values(smpp.commands).find((known) => known?.id === header.id)
  return { kind: 'malformed', header, command: command?.command ?? null }
}

function parsed(frame: Buffer): Pdu | null {
  try {
    return new RawPdu(frame)
  } catch {
    return null // a number that goes on behind the end
  }
}

/** The codec cuts short what is too long without a word, so every field and TLV is walked once more. */
function isWhole(pdu: Pdu, frame: Buffer): boolean {
  if (pdu.command === 'unknown') return true
  let at = 16
  for (const [name, { type }] of Object.entries(smpp.commands[pdu.command]?.params ?? {})) {
    // An answer may lack its body: most do when they refuse.
    if (at >= frame.length) return pdu.isResponse()
    const value: unknown = pdu[name as keyof Fields]
    if (Buffer.isBuffer(value) && frame[at] !== value.length) return false
    at += type.size(value)
    if (type === smpp.types.cstring && frame[at - 1] !== 0) return false
  }
  while (at + 4 <= frame.length) at += 4 + frame.readUInt16BE(at + 2)
  // Up to three bytes behind the last TLV are padding of some SMSCs.
  return at <= frame.length
}
