/** What every answer shares: the envelope of the hosted service's newer API, and the `crumbs` of its older one. */
import { z } from 'zod'

/** The version of the hosted API whose shapes are answered. Its clients read it and act on none. */
export const API_VERSION = 'v2026.8.2'

const versioned = {
  timestamp: z.int().meta({ description: 'When it was answered, milliseconds since 1970' }),
  api_version: z.string().meta({ examples: [API_VERSION] }),
}

export const metadata = z.object({
  id: z.string(),
  ...versioned,
  object: z.enum(['response', 'error']),
})

export const crumbs = z.object({
  plan: z.enum(['free', 'payg', 'unlimited']),
  quota: z.int().meta({ description: 'Messages of this UTC calendar month, this one included' }),
  remaining: z.int().min(0).optional().meta({ description: 'Messages left this month; on the free plan only' }),
  type: z
    .enum(['imessage', 'sms'])
    .meta({ description: 'What really went out; while nothing has, what was asked for' }),
  ad: z.boolean().meta({ description: 'An ad line was appended to the text' }),
})

/** Answers that are not about one message have no `type`. */
export const accountCrumbs = crumbs.partial({ type: true })

export const messageStatus = z.enum([
  'queued',
  'sending',
  'sent',
  'delivered',
  'read',
  'failed',
  'unknown',
  'cancelled',
  'expired',
])

export type Metadata = z.infer<typeof metadata>
export type Crumbs = z.infer<typeof crumbs>
export type AccountCrumbs = z.infer<typeof accountCrumbs>
export type MessageStatus = z.infer<typeof messageStatus>
