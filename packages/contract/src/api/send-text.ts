/**
 * `POST /send/text`. The request schema is what validates a body and what the OpenAPI document shows; docs/send-text.md
 * tells row by row what comes of it.
 */
import { z } from 'zod'
import { crumbs, messageStatus, metadata } from './envelope.ts'

export const EXPIRES_IN_S_MIN = 10
export const EXPIRES_IN_S_MAX = 604_800

/** The keys that may stand in `beta_features`. `whatsapp` and `intent` are known, and refused when true. */
export const betaFeatures = z.strictObject({
  imessage: z.boolean().meta({ description: 'Send an iMessage. When false, an SMS.' }),
  from: z
    .string()
    .nullish()
    .meta({
      description: 'The line to send from, in any form. Left out, Bluewire chooses.',
      examples: ['+15005550001'],
    }),
  fallback: z.boolean().nullish().meta({ description: 'Send it as SMS when the iMessage provably did not go out.' }),
  whatsapp: z.boolean().nullish().meta({ description: 'Not supported' }),
  intent: z.boolean().nullish().meta({ description: 'Not supported' }),
})

/** Keys that are not named here are ignored: clients of the hosted service pass extra ones. */
export const sendTextRequest = z
  .object({
    to: z.string().meta({
      description:
        "The recipient. `+`, the country code and the number; other forms are converted with the account's region.",
      examples: ['+1234567890'],
    }),
    message: z.string().meta({ description: 'The text', examples: ['Hello, this is a test iMessage.'] }),
    recipient: z.string().nullish().meta({ description: 'An older name of `to`', deprecated: true }),
    from: z.string().nullish().meta({ description: 'As `beta_features.from`, for an SMS without `beta_features`' }),
    beta_features: betaFeatures
      .nullish()
      .meta({ description: 'Asks for an iMessage. Without it, the message goes out as SMS.' }),
    expires_in: z
      .int()
      .min(EXPIRES_IN_S_MIN)
      .max(EXPIRES_IN_S_MAX)
      .nullish()
      .meta({ description: 'Seconds after which it is no longer sent (ours). 4 hours by default.' }),
    on_unknown: z.enum(['hold', 'resend']).nullish().meta({
      description: 'When it cannot be learnt whether it went out: hold it (default), or send it again (ours)',
    }),
  })
  .meta({
    title: 'SendText',
    examples: [
      {
        to: '+1234567890',
        message: 'Hello, this is a test iMessage.',
        beta_features: { imessage: true, fallback: false },
      },
    ],
  })

export type SendTextRequest = z.infer<typeof sendTextRequest>

/** Beside the printed page's two keys. */
const understood = {
  message_id: z.string(),
  status: messageStatus,
  to: z.string().meta({ description: 'The recipient as understood', examples: ['+1234567890'] }),
  simulated: z.literal(true).optional().meta({ description: 'Nothing left the machine' }),
}

const UNDERSTOOD_EXAMPLE = {
  message_id: 'imessage_01K9Z7Q2M8S4T6V0X2Y4Z6A8B0',
  status: 'sent',
  to: '+1234567890',
}

/** The answer to a request with `beta_features`. */
export const sendTextPageAnswer = z
  .strictObject({ message: z.string().meta({ examples: ['Successfully sent'] }), crumbs, ...understood })
  .meta({
    title: 'Sent',
    examples: [
      {
        message: 'Successfully sent',
        crumbs: { plan: 'unlimited', quota: 1, type: 'imessage', ad: false },
        ...UNDERSTOOD_EXAMPLE,
      },
    ],
  })

const responseMetadata = metadata.extend({ object: z.literal('response') })

/** The answer to a request without: both of the hosted service's APIs share this path, so it satisfies the clients of both. */
export const sendTextUnionAnswer = z
  .strictObject({
    ...responseMetadata.shape,
    data: z.strictObject({ message_id: z.string(), metadata: responseMetadata }),
    code: z.literal(200),
    message: z.string(),
    crumbs,
    ...understood,
  })
  .meta({ title: 'SentText' })

export const sendTextAnswer = z.union([sendTextPageAnswer, sendTextUnionAnswer])

export const sendTextHeaders = z.object({
  'idempotency-key': z.string().optional().meta({
    description: '1 to 255 visible ASCII characters, remembered for 24 hours: the same key never sends twice.',
  }),
  prefer: z.string().optional().meta({ description: '`respond-async`: answer as soon as the message is accepted.' }),
})

export type SendTextPageAnswer = z.infer<typeof sendTextPageAnswer>
export type SendTextUnionAnswer = z.infer<typeof sendTextUnionAnswer>
