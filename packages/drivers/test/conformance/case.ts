/** One case of the conformance suite: what is done with a peer, and what must hold. It throws when it does not. */
import type { Ability, Behaviour } from './peer.ts'
import type { World } from './world.ts'

export type Case = Readonly<{
  title: string
  /** What the peer must be able to do. Otherwise the case says *n/a*, with the peer's reason. */
  needs: ReadonlyArray<Behaviour | Ability>
  run(world: World): Promise<void>
}>

/** `needs` may be left out; the rest is the case. */
export function aCase(title: string, ...rest: readonly [...needs: Array<Behaviour | Ability>, run: Case['run']]): Case {
  return { title, needs: rest.slice(0, -1) as Array<Behaviour | Ability>, run: rest.at(-1) as Case['run'] }
}
