import { convertRecipient } from '@bluewire/contract/recipient'

/** Whether recipients can be converted for this country: asked of the converter itself, so that both always agree. */
export function isRegion(code: string): boolean {
  const result = convertRecipient('5551234567', { region: code, fromForm: false })
  return result.ok || !result.reason.includes('is not known')
}
