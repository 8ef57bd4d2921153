/** `GET /user/get/quota`: what was used this month. Clients of the hosted service also call it to check a token. */
import { z } from 'zod'
import { accountCrumbs, crumbs } from './envelope.ts'

export const quotaAnswer = z
  .object({
    code: z.literal(200),
    message: z.string().meta({ examples: ['Quota retrieved'] }),
    crumbs: accountCrumbs.omit({ type: true }),
    plan: crumbs.shape.plan,
    text: z.object({
      used: z.int().meta({ description: 'Messages of this UTC calendar month that were asked for as SMS' }),
      limit: z.int().nullable().meta({ description: 'Of all messages of a month, iMessage and SMS; null: no limit' }),
    }),
    imessage: z.object({
      used: z
        .int()
        .meta({ description: 'Messages of this month that were asked for as iMessage, also if they fell back' }),
    }),
  })
  .meta({ title: 'Quota' })

export type QuotaAnswer = z.infer<typeof quotaAnswer>
