/** Addresses on the wire, and ours: E.164 with its plus sign, short codes and names as they are. */
import type { SmppSettings } from './smpp-settings.ts'

export type WireAddress = Readonly<{ ton: number; npi: number; address: string }>

const TON = { unknown: 0, international: 1, networkSpecific: 3, alphanumeric: 5 } as const
const NPI_E164 = 1

export function sourceOf(line: string, settings: Pick<SmppSettings, 'source_ton' | 'source_npi'>): WireAddress {
  const plain = plainSourceOf(line)
  return { ...plain, ton: settings.source_ton ?? plain.ton, npi: settings.source_npi ?? plain.npi }
}

function plainSourceOf(line: string): WireAddress {
  if (/^\+\d+$/.test(line)) return { ton: TON.international, npi: NPI_E164, address: line.slice(1) }
  if (/^\d+$/.test(line)) return { ton: TON.networkSpecific, npi: 0, address: line }
  return { ton: TON.alphanumeric, npi: 0, address: line }
}

export function destinationOf(to: string, settings: Pick<SmppSettings, 'dest_ton' | 'dest_npi'>): WireAddress {
  return { ton: settings.dest_ton, npi: settings.dest_npi, address: to.replace(/^\+/, '') }
}

/**
 * SMSCs are careless with the type of number in what they deliver. International, or of unknown type and as long as a whole number with
 * its country: E.164. Everything else (short codes, names, national numbers) stays as it came.
 */
export function addressOf(address: string, ton: number | undefined): string {
  const digits = /^(?:\+|00)?([1-9]\d*)$/.exec(address)?.[1]
  if (digits === undefined) return address
  const saysSo = ton === TON.international || /^(?:\+|00)/.test(address)
  const isLongEnough = (ton ?? TON.unknown) === TON.unknown && digits.length >= 10 && digits.length <= 15
  return saysSo || isLongEnough ? `+${digits}` : address
}
