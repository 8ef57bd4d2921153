import type { Account } from '../store/accounts-store.ts'
import { PROGRAM } from './program.ts'
import { Refused } from './verb.ts'
import type { Call } from './verb.ts'

/** By id, or by a name that only one account has. Without either: the instance account. */
export async function findAccount({ store }: Call, wanted: string | undefined): Promise<Account> {
  const accounts = await store.accounts()
  if (wanted === undefined) {
    const instance = accounts.find((account) => account.isInstance)
    if (instance === undefined) throw new Refused(`There is no account yet. Make one: ${PROGRAM} account create NAME`)
    return instance
  }
  const named = accounts.filter((account) => account.id === wanted || account.name === wanted)
  const [found] = named
  if (found === undefined) throw new Refused(`No account is called ${wanted}. All of them: ${PROGRAM} account list`)
  if (named.length > 1)
    throw new Refused(`${named.length} accounts are called ${wanted}; give the id: ${PROGRAM} account list`)
  return found
}
