/** `crumbs`: what the hosted service tells beside its message about the account's plan and use. */
import type { AccountCrumbs, Crumbs } from '@bluewire/contract/api/envelope'
import type { Service } from '@bluewire/contract/ids'
import type { Account } from '../store/accounts-store.ts'
import type { Store } from '../store/store.ts'

export type AccountUse = Readonly<{ account: Account; used: number; adText: string | null }>

/** Texts on the free plan carry the ad line, unless the instance has none. */
export function adOf(account: Account, adText: string | null): string | null {
  return account.plan === 'free' && adText !== null && adText.trim() !== '' ? adText : null
}

export function accountCrumbs({ account, used, adText }: AccountUse): Omit<AccountCrumbs, 'type'> {
  const remaining =
    account.plan === 'free' && account.quotaLimit !== null ? Math.max(0, account.quotaLimit - used) : null
  return {
    plan: account.plan,
    quota: used,
    ...(remaining === null ? {} : { remaining }),
    ad: adOf(account, adText) !== null,
  }
}

/** In the order of the printed page. */
export function sendCrumbs(use: AccountUse, type: Service, ad = adOf(use.account, use.adText) !== null): Crumbs {
  const { plan, quota, remaining } = accountCrumbs(use)
  return { plan, quota, ...(remaining === undefined ? {} : { remaining }), type, ad }
}

/** For an error: null when the use cannot be read, because the error itself matters more. */
export async function crumbsForError(
  store: Store,
  who: { account: Account; adText: string | null },
  type: Service | null,
): Promise<AccountCrumbs | null> {
  try {
    const use = { ...who, used: await store.used(who.account.id) }
    return type === null ? accountCrumbs(use) : sendCrumbs(use, type)
  } catch {
    return null
  }
}
