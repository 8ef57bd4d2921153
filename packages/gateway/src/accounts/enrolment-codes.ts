/** One-time codes with which a node joins: short enough to type, 80 random bits, stored only as a hash. */
import { createHash, randomInt } from 'node:crypto'

/** Crockford base 32: no I, L, O or U, so nothing is misread. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const GROUPS = 4
const GROUP_LENGTH = 4

export const ENROLMENT_CODE_TTL_MS = 15 * 60_000

/** `7K3M-…`: shown once, to a person. */
export function newEnrolmentCode(): { code: string; hash: string } {
  const characters = Array.from({ length: GROUPS * GROUP_LENGTH }, () => ALPHABET.charAt(randomInt(ALPHABET.length)))
  const groups = Array.from({ length: GROUPS }, (_, i) =>
    characters.slice(i * GROUP_LENGTH, (i + 1) * GROUP_LENGTH).join(''),
  )
  const code = groups.join('-')
  return { code, hash: hashOf(code.replaceAll('-', '')) }
}

/**
 * The hash under which a typed code is stored. Case, dashes, spaces and the letters people confuse with digits do not matter.
 * Null: this cannot be a code.
 */
export function enrolmentCodeHash(typed: string): string | null {
  if (typed.length > 64) return null
  const plain = typed.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1')
  if (plain.length !== GROUPS * GROUP_LENGTH) return null
  return [...plain].every((c) => ALPHABET.includes(c)) ? hashOf(plain) : null
}

function hashOf(plain: string): string {
  return createHash('sha256').update(plain).digest('hex')
}
