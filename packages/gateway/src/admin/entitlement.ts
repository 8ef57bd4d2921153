import { answer, changed } from './account.ts'
import { entitlementNamed } from './entitlement-names.ts'
import { findAccount } from './find-account.ts'
import { ACCOUNT_OPTION } from './verb.ts'
import type { Answer, Call, Noun } from './verb.ts'

export const entitlement: Noun = {
  name: 'entitlement',
  summary: 'what an account may do beyond sending texts',
  verbs: [
    {
      name: 'grant',
      summary: 'allow an account something (imessage)',
      takes: ['NAME'],
      options: ACCOUNT_OPTION,
      run: (call) => setEntitlement(call, true),
    },
    {
      name: 'revoke',
      summary: 'take it back',
      takes: ['NAME'],
      options: ACCOUNT_OPTION,
      run: (call) => setEntitlement(call, false),
    },
  ],
}

async function setEntitlement(call: Call, isGranted: boolean): Promise<Answer> {
  const name = entitlementNamed(call.given.positionals[0] ?? '')
  const { id, entitlements } = await findAccount(call, call.given.text('account'))
  const others = entitlements.filter((other) => other !== name)
  return answer(call, await changed(call, id, { entitlements: isGranted ? [...others, name] : others }))
}
