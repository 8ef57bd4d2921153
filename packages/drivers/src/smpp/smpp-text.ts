/** The text of an inbound PDU: out of its bytes by data_coding, without the header that says which part it is. */
import { decodeGsm } from '@bluewire/contract/gsm-alphabet'
import type { Pdu } from './smpp-pdu.ts'
import type { SmppSettings } from './smpp-settings.ts'

type Alphabet = SmppSettings['default_alphabet']

/** Which part of what: parts with one `key` of one sender are one text. */
export type PartOf = Readonly<{ key: string; total: number; number: number }>

export type InboundText = Readonly<{ text: string; part: PartOf | null }>

const ESM_CLASS_UDH = 0x40
const CONCATENATED_8 = 0x00
const CONCATENATED_16 = 0x08
/** SMPP 3.4, 5.2.19. */
const CHARSETS: ReadonlyMap<number, string> = new Map([
  [0x05, 'shift_jis'],
  [0x06, 'iso-8859-5'],
  [0x07, 'iso-8859-8'],
  [0x0d, 'shift_jis'],
  [0x0e, 'euc-kr'],
])

export function textOf(pdu: Pdu, alphabet: Alphabet): InboundText {
  const bytes = pdu.message_payload ?? pdu.short_message ?? Buffer.alloc(0)
  const { header, body } = split(bytes, ((pdu.esm_class ?? 0) & ESM_CLASS_UDH) !== 0)
  const part = partOfHeader(header) ?? partOfTlvs(pdu)
  return { text: decode(body, pdu.data_coding ?? 0, alphabet), part: part && part.total > 1 ? part : null }
}

/** A header that is longer than the message is none: what there is is shown as text. */
function split(bytes: Buffer, hasHeader: boolean): Readonly<{ header: Buffer; body: Buffer }> {
  const length = hasHeader ? (bytes[0] ?? 0) + 1 : 0
  if (length > bytes.length) return { header: Buffer.alloc(0), body: bytes }
  return { header: bytes.subarray(1, length), body: bytes.subarray(length) }
}

function partOfHeader(header: Buffer): PartOf | null {
  for (let at = 0; at + 2 <= header.length; at += 2 + (header[at + 1] as number)) {
    const element = header.subarray(at + 2, at + 2 + (header[at + 1] as number))
    if (header[at] === CONCATENATED_8 && element.length === 3) {
      return valid({ key: `udh8-${element[0]}`, total: element[1] as number, number: element[2] as number })
    }
    if (header[at] === CONCATENATED_16 && element.length === 4) {
      const key = `udh16-${element.readUInt16BE(0)}`
      return valid({ key, total: element[2] as number, number: element[3] as number })
    }
  }
  return null
}

function partOfTlvs({ sar_msg_ref_num, sar_total_segments, sar_segment_seqnum }: Pdu): PartOf | null {
  if (sar_msg_ref_num === undefined || sar_total_segments === undefined || sar_segment_seqnum === undefined) return null
  return valid({ key: `sar-${sar_msg_ref_num}`, total: sar_total_segments, number: sar_segment_seqnum })
}

function valid(part: PartOf): PartOf | null {
  return part.number >= 1 && part.number <= part.total ? part : null
}

export function decode(bytes: Buffer, dataCoding: number, alphabet: Alphabet): string {
  const charset = CHARSETS.get(dataCoding)
  if (charset !== undefined) return new TextDecoder(charset).decode(bytes)
  switch (alphabetOf(dataCoding)) {
    case 'ucs2':
      return Buffer.from(bytes.subarray(0, bytes.length & ~1))
        .swap16()
        .toString('utf16le')
    case 'latin1':
      return bytes.toString('latin1')
    case 'default':
      return alphabet === 'latin1' ? bytes.toString('latin1') : decodeGsm(bytes)
  }
}

/** SMPP's own codes, and those of GSM 03.38 (0x10-0x1f, 0xf0-0xff) that carry a message class. */
function alphabetOf(dataCoding: number): 'default' | 'latin1' | 'ucs2' {
  if (dataCoding === 0x08 || (dataCoding & 0xfc) === 0x18) return 'ucs2'
  if (dataCoding === 0x00 || (dataCoding & 0xfc) === 0x10 || (dataCoding & 0xf4) === 0xf0) return 'default'
  return 'latin1' // ASCII, Latin-1, and bytes that are no text at all
}
