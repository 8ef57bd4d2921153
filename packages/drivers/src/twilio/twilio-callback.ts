/** What Twilio posts to us: forms, signed with the account's auth token. */
import { BlockList, isIP } from 'node:net'
import twilio from 'twilio'
import { isAttemptId } from '@bluewire/contract/ids'
import type { CallbackRequest, ProviderInbound, ProviderReceipt } from '../provider.ts'
import { reasonOfFailure } from './twilio-errors.ts'

export type Form = Readonly<Record<string, string>>

/**
 * Twilio repeats a callback that it could not deliver, when the address asks for it: up to 5 times, whatever went wrong. The fragment
 * stays with Twilio; whether it is signed is not documented, so both forms are right.
 */
export const RETRIES = '#rc=5&rp=all'

const PRIVATE = new BlockList()
const PRIVATE_RANGES = ['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16', '::/127', 'fc00::/7', 'fe80::/10'] // prettier-ignore
for (const range of PRIVATE_RANGES) {
  const [address = '', bits = ''] = range.split('/')
  PRIVATE.addSubnet(address, Number(bits), familyOf(address))
}

/**
 * Whether Twilio can call it. One that it cannot call makes it refuse the whole message (21609), so it is not given. An address of this
 * network will do where what stands for Twilio is in this network, too.
 */
export function canBeCalled(callbackUrl: string, baseUrl: string): boolean {
  const { hostname } = new URL(callbackUrl)
  if (hostname === 'localhost' || hostname.endsWith('.localhost')) return false
  return !isPrivate(hostname) || isPrivate(new URL(baseUrl).hostname)
}

function isPrivate(hostname: string): boolean {
  const address = hostname.replace(/^\[|\]$/g, '')
  return isIP(address) !== 0 && PRIVATE.check(address, familyOf(address))
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4'
}

export function isSigned(request: CallbackRequest, form: Form, authToken: string): boolean {
  const signature = request.headers['x-twilio-signature'] ?? ''
  if (signature === '' || !URL.canParse(request.url)) return false
  return [request.url, request.url + RETRIES].some((url) => twilio.validateRequest(authToken, signature, url, form))
}

export function formOf({ body }: CallbackRequest): Form {
  return Object.fromEntries(new URLSearchParams(body))
}

/** Steps on the way (queued, sending, accepted …) are no receipt. */
const FACTS: Readonly<Record<string, ProviderReceipt['fact']>> = {
  sent: 'sent',
  delivered: 'delivered',
  read: 'read',
  undelivered: 'failed',
  failed: 'failed',
}

/** `path`: what we signed. Null: it says nothing yet. */
export function receiptIn(form: Form, path: string, nowMs: number): ProviderReceipt | null {
  const status = form['MessageStatus'] ?? form['SmsStatus'] ?? ''
  const fact = Object.hasOwn(FACTS, status) ? FACTS[status] : undefined
  const attempt = /^status\/(.*)$/.exec(path)?.[1]
  if (fact === undefined || !isAttemptId(attempt)) return null
  const code = /^\d{1,6}$/.exec(form['ErrorCode'] ?? '')?.[0] ?? null
  const reason = fact === 'failed' ? { reason: reasonOfFailure(code) } : {}
  return { attempt, ref: sidIn(form), to: form['To'] ?? null, fact, ...reason, atMs: nowMs }
}

/** Null: it is no message. */
export function inboundIn(form: Form, nowMs: number): ProviderInbound | null {
  const { From: from, To: line, Body: body } = form
  const guid = sidIn(form)
  return from && line && body !== undefined && guid !== null ? { guid, line, from, body, dateMs: nowMs } : null
}

const SID = /^(SM|MM)[0-9a-fA-F]{32}$/

export function isMessageSid(value: unknown): value is string {
  return typeof value === 'string' && SID.test(value)
}

function sidIn(form: Form): string | null {
  const sid = form['MessageSid'] ?? form['SmsSid']
  return isMessageSid(sid) ? sid : null
}
