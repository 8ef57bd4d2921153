import type { ProviderRow } from '../store/providers-store.ts'
import { PROGRAM } from './program.ts'
import { Refused } from './verb.ts'
import type { Call } from './verb.ts'

/** The provider that the first word names, by id or name. */
export async function findProvider({ store, given }: Call): Promise<ProviderRow> {
  const wanted = given.positionals[0] ?? ''
  const found = (await store.providers()).find((p) => p.id === wanted || p.name === wanted)
  if (found === undefined) throw new Refused(`There is no provider ${wanted}. All of them: ${PROGRAM} provider list`)
  return found
}
