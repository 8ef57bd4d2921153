import { nearestName } from '@bluewire/platform/nearest-name'
import { Refused } from './verb.ts'

/** What may be granted, and what it is for. */
const ENTITLEMENTS = { imessage: 'send iMessages' } as const

export function entitlementNamed(name: string): string {
  const known = Object.keys(ENTITLEMENTS)
  if (known.includes(name)) return name
  const nearest = nearestName(name, known)
  throw new Refused(
    `There is no entitlement ${name}. ${nearest === null ? `There is: ${known.join(', ')}.` : `Did you mean ${nearest}?`}`,
  )
}
