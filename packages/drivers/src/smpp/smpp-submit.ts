/** A text as the PDUs that carry it. */
import { shortReference } from '@bluewire/contract/short-reference'
import type { Fields } from 'smpp'
import { encodeGsm } from '@bluewire/contract/gsm-alphabet'
import type { OutgoingSms } from '../provider.ts'
import { SEGMENTS_MAX, segmentsOf } from '@bluewire/contract/sms-segments'
import type { SmsAlphabet, SmsEncoding } from '@bluewire/contract/sms-segments'
import { destinationOf, sourceOf } from './smpp-address.ts'
import type { SmppSettings } from './smpp-settings.ts'

const ESM_CLASS_UDH = 0x40
const DATA_CODING = { default: 0, ucs2: 8 } as const
const RECEIPT_WANTED = 1
/** A TLV's length is two bytes. */
const PAYLOAD_BYTES_MAX = 65_535

export type Submits =
  Readonly<{ kind: 'parts'; parts: readonly Fields[] }> | Readonly<{ kind: 'too_long'; detail: string }>

/** `reference`: what joins the parts at the phone; the same for all of them, and for each time a part is sent. */
export function submitsOf(sms: OutgoingSms, settings: SmppSettings, reference: number): Submits {
  const alphabet: SmsAlphabet = settings.encoding === 'ucs2' ? 'ucs2' : settings.default_alphabet
  const { encoding, count, parts } = segmentsOf(sms.body, alphabet)
  if (count > SEGMENTS_MAX) {
    return { kind: 'too_long', detail: `The text needs ${count} SMS; one message can be at most ${SEGMENTS_MAX}` }
  }
  const encode = (text: string): Buffer => bytesOf(text, encoding, settings.default_alphabet)
  if (count === 1)
    return {
      kind: 'parts',
      parts: [{ ...common(sms, settings, 1), ...coding(encoding), short_message: encode(sms.body) }],
    }
  if (settings.long_messages === 'payload') {
    const payload = encode(sms.body)
    if (payload.length > PAYLOAD_BYTES_MAX)
      return { kind: 'too_long', detail: 'The text is too long for one SMPP message' }
    return { kind: 'parts', parts: [{ ...common(sms, settings, 1), ...coding(encoding), message_payload: payload }] }
  }
  return {
    kind: 'parts',
    parts: parts.map((text, index) => ({
      ...common(sms, settings, index + 1),
      ...coding(encoding),
      esm_class: ESM_CLASS_UDH,
      short_message: Buffer.concat([Buffer.of(5, 0, 3, reference, count, index + 1), encode(text)]),
    })),
  }
}

function common(sms: OutgoingSms, settings: SmppSettings, part: number): Fields {
  const source = sourceOf(sms.line, settings)
  const destination = destinationOf(sms.to, settings)
  return {
    service_type: settings.service_type,
    source_addr_ton: source.ton,
    source_addr_npi: source.npi,
    source_addr: source.address,
    dest_addr_ton: destination.ton,
    dest_addr_npi: destination.npi,
    destination_addr: destination.address,
    registered_delivery: RECEIPT_WANTED,
    ...(settings.references && { user_message_reference: shortReference(sms.attempt, part) }),
  }
}

function coding(encoding: SmsEncoding): Fields {
  return { data_coding: encoding === 'gsm7' ? DATA_CODING.default : DATA_CODING.ucs2 }
}

function bytesOf(text: string, encoding: SmsEncoding, alphabet: SmppSettings['default_alphabet']): Buffer {
  if (encoding === 'ucs2') return Buffer.from(text, 'utf16le').swap16()
  if (alphabet === 'latin1') return Buffer.from(text, 'latin1')
  return Buffer.from(encodeGsm(text) ?? [])
}
