/** The settings of the provider `twilio`. */
import { z } from 'zod'
import { count, duration } from '../settings-values.ts'

const sid = (prefix: string) =>
  z.string().regex(new RegExp(`^${prefix}[0-9a-fA-F]{32}$`), `must be ${prefix} and 32 hexadecimal digits`)

export const twilioSettings = z.strictObject({
  account_sid: sid('AC').describe('the account, as the console shows it: AC and 32 digits'),
  api_key_sid: sid('SK').optional().describe('an API key to sign in with, in place of the auth token; its secret is api_key_secret'),
  messaging_service_sid: sid('MG').optional().describe("the messaging service that the lines' numbers are in, if they are in one"),
  base_url: z.url({ protocol: /^https?$/ }).default('https://api.twilio.com').describe('https://api.twilio.com by default'),
  validity_period: duration({ minMs: 1_000, maxMs: 36_000_000 }).default(14_400_000).describe('how long Twilio may keep a message that it cannot deliver at once, up to 10h; 4h by default'),
  window: count({ min: 1, max: 200 }).default(10).describe('messages on their way at a time; 10 by default'),
  answer_within: duration({ minMs: 100, maxMs: 60_000 }).default(20_000).describe('how long an answer may take; 20s by default'),
}) // prettier-ignore

export const twilioSecrets = z.strictObject({
  auth_token: z.string().min(1).describe("the account's auth token: Twilio signs its callbacks with it"),
  api_key_secret: z.string().min(1).optional().describe('the secret of api_key_sid'),
})

export type TwilioSettings = z.infer<typeof twilioSettings>
export type TwilioSecrets = z.infer<typeof twilioSecrets>
