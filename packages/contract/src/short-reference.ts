/**
 * A 16-bit number that stands for one part of an attempt where only so much fits (SMPP's user_message_reference). It is computed, not
 * given out, so nothing has to be stored before the part leaves: whoever holds the attempt's id can tell whether an echo is its own.
 * Two of the few attempts to one recipient that are open at a time share a number once in 65,535.
 */
import type { AttemptId } from './ids.ts'

/** 1 to 65,535; 0 means *no reference* on the wire. `part` counts from 1. */
export function shortReference(attempt: AttemptId, part: number): number {
  let hash = 0x811c9dc5 // FNV-1a, 32 bits
  for (const character of `${attempt}/${part}`) {
    hash ^= character.codePointAt(0) ?? 0
    hash = Math.imul(hash, 0x01000193) >>> 0
  }
  return ((hash >>> 16) ^ hash) & 0xffff || 1
}
