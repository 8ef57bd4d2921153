/** `GET /messages/:id`: what became of a message, and everything that was tried. */
import { z } from 'zod'
import { messageStatus } from './envelope.ts'

const instant = z.iso.datetime()
const service = z.enum(['imessage', 'sms'])

export const messageParams = z.object({
  id: z.string().meta({ description: 'A `message_id`; `imsg_…` is understood as `imessage_…`' }),
})

export const attempt = z.object({
  id: z.string(),
  n: z.int().meta({ description: 'The first attempt is 1' }),
  from: z.string(),
  type: service,
  state: z.enum(['dispatched', 'taken', 'unknown', 'sent', 'delivered', 'read', 'not_sent', 'refuted', 'bounced']),
  reason: z.string().nullable(),
  detail: z.string().nullable(),
  overridden: z.boolean().meta({ description: 'Another attempt was asked for although this one may have gone out' }),
  dispatched_at: instant,
  taken_at: instant.nullable(),
  settled_at: instant.nullable(),
})

export const timelineEntry = z.object({
  seq: z.int(),
  type: z.string().meta({ examples: ['message.accepted'] }),
  at: instant,
  attempt_id: z.string().nullable(),
  data: z.record(z.string(), z.unknown()),
})

export const messageAnswer = z
  .object({
    message_id: z.string(),
    status: messageStatus,
    type: service.meta({ description: 'What really went out; while nothing has, what was asked for' }),
    asked_type: service,
    to: z.string(),
    from: z.string().nullable().meta({ description: 'The line it leaves by' }),
    text: z.string().nullable().meta({ description: 'Null once it was erased' }),
    failure: z
      .object({ code: z.string(), reason: z.string(), detail: z.string().nullable(), doc_url: z.string() })
      .nullable()
      .meta({ description: 'Why it failed, or what made its outcome unknown' }),
    held: z
      .object({ reason: z.string(), until: instant.nullable() })
      .nullable()
      .meta({ description: 'Why it waits, other than for its turn; `until` null: nobody knows for how long' }),
    fallback: z.boolean(),
    ad: z.boolean(),
    cancel_asked: z.boolean(),
    sealed: z.boolean().meta({ description: 'A caller was told that it failed: it is never tried again' }),
    simulated: z.boolean(),
    created_at: instant,
    updated_at: instant,
    expires_at: instant,
    attempts: z.array(attempt),
    timeline: z.array(timelineEntry),
  })
  .meta({ title: 'Message' })

export type MessageAnswer = z.infer<typeof messageAnswer>
export type AttemptAnswer = z.infer<typeof attempt>
export type TimelineEntry = z.infer<typeof timelineEntry>
