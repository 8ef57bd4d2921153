/** Every case there is. One list for all providers: what one of them cannot be put to, its peer says, with the reason. */
import type { Case } from './case.ts'
import { LIFE_CASES } from './life-cases.ts'
import { OUTCOME_CASES } from './outcome-cases.ts'
import type { Peer } from './peer.ts'
import { REPORT_CASES } from './report-cases.ts'
import { TEXT_CASES } from './text-cases.ts'
import { World } from './world.ts'

export const CASES: readonly Case[] = [...OUTCOME_CASES, ...LIFE_CASES, ...REPORT_CASES, ...TEXT_CASES]

/** Why a case cannot be run with this peer; null where it can. */
export function hindranceOf({ needs }: Case, peer: Peer): string | null {
  const reasons = needs.map((need) => peer.unable.get(need)).filter((reason) => reason !== undefined)
  return reasons[0] ?? null
}

/** @throws what does not hold */
export async function runCase(one: Case, peer: Peer): Promise<void> {
  const world = await World.open(peer)
  let failure: Error | null = null
  try {
    await one.run(world)
  } catch (error) {
    failure = asError(error)
  }
  try {
    await world.close()
  } catch (error) {
    failure ??= asError(error)
  } finally {
    await peer.up() // a case that failed may have left it down
  }
  if (failure !== null) throw failure
}

const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)))
