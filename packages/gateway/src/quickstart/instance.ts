/** The account and the token of the quick start: made at the first start, found again at the others. */
import { newUlidSource, systemChance } from '@bluewire/platform/chance'
import { ENROLMENT_CODE_TTL_MS, newEnrolmentCode } from '../accounts/enrolment-codes.ts'
import { DEFAULT_SCOPES, newToken, tokenHash } from '../accounts/tokens.ts'
import type { Account, Actor } from '../store/accounts-store.ts'
import type { Store } from '../store/store.ts'

const ACTOR: Actor = 'quickstart'

export type Instance = Readonly<{
  account: Account
  token: string
  /** `replaced`: there was an account already, but no token of it that works. */
  tokenIs: 'new' | 'kept' | 'replaced'
}>

/** `saved`: the token of the start before, if it is known. */
export async function prepareInstance(store: Store, saved: string | undefined): Promise<Instance> {
  const existing = await store.instanceAccount()
  const account = existing ?? (await createAccount(store))
  if (saved !== undefined && (await works(store, account, saved))) return { account, token: saved, tokenIs: 'kept' }
  const { token, hash, hint } = newToken()
  const id = `tok_${newId()}` as const
  await store.createToken(ACTOR, { id, account: account.id, name: 'quick start', hash, hint, scopes: DEFAULT_SCOPES })
  return { account, token, tokenIs: existing === undefined ? 'new' : 'replaced' }
}

/** A code with which one node may join. */
export async function createEnrolment(store: Store, account: Account): Promise<string> {
  const { code, hash } = newEnrolmentCode()
  await store.createEnrolment(ACTOR, { codeHash: hash, account: account.id, expiresInMs: ENROLMENT_CODE_TTL_MS })
  return code
}

function createAccount(store: Store): Promise<Account> {
  return store.createAccount(ACTOR, {
    id: `acct_${newId()}`,
    name: 'Quick start',
    plan: 'unlimited',
    quotaLimit: null,
    entitlements: ['imessage'],
    region: 'US',
  })
}

async function works(store: Store, account: Account, token: string): Promise<boolean> {
  const found = await store.tokenByHash(tokenHash(token))
  return found?.account.id === account.id && found.token.state === 'active'
}

function newId(): string {
  return newUlidSource(Date.now, systemChance)()
}
