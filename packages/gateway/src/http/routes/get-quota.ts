/** `GET /user/get/quota`: what the account has used this month. Clients of the hosted service check their token with it. */
import { quotaAnswer } from '@bluewire/contract/api/quota'
import type { QuotaAnswer } from '@bluewire/contract/api/quota'
import type { FastifyInstance } from 'fastify'
import type { AuthHook } from '../auth.ts'
import { accountCrumbs } from '../crumbs.ts'
import { callerOf } from '../http-deps.ts'
import type { HttpDeps } from '../http-deps.ts'
import { describe } from '../openapi.ts'

/** Any active token may ask: one that was just made has no scope for accounts, and must still be found valid. */
export function getQuota(app: FastifyInstance, deps: HttpDeps, mayCall: AuthHook): void {
  app.get('/user/get/quota', { schema: SCHEMA, onRequest: mayCall }, async (request): Promise<QuotaAnswer> => {
    const { account } = callerOf(request)
    const used = await deps.store.usedByService(account.id)
    return {
      code: 200,
      message: 'Quota retrieved',
      crumbs: accountCrumbs({ account, used: used.all, adText: deps.options.adText }),
      plan: account.plan,
      text: { used: used.sms, limit: account.quotaLimit },
      imessage: { used: used.imessage },
    }
  })
}

const SCHEMA = describe({
  id: 'getQuota',
  summary: 'What was used this month',
  description: 'Also tells whether a token is valid.',
  scope: null,
  answer: quotaAnswer,
  errors: [401, 429],
})
