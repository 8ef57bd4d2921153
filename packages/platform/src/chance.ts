import { randomInt } from 'node:crypto'
import { monotonicFactory } from 'ulid'
import type { Ulid } from '@bluewire/contract/ids'

/** A number in [0, 1). Passed in wherever chance decides, so that a seed can replay it. */
export type Chance = () => number

export const systemChance: Chance = () => randomInt(2 ** 32) / 2 ** 32

/** Time-ordered unique ids; within one millisecond each is greater than the one before. */
export function newUlidSource(nowMs: () => number, chance: Chance): Ulid {
  const next = monotonicFactory(chance)
  return () => next(nowMs())
}
