/** Programs that send, as far as this side of HTTP goes: they ask, they get an answer or none, and with a key they may ask again. */
import type { AccountId, LineId, MessageId, Service, Ulid } from '@bluewire/contract/ids'
import { route } from '@bluewire/engine/routing'
import type { AcceptResult, NewMessage, Store } from '@bluewire/gateway/store/store'

export type Request = Readonly<{
  id: MessageId
  recipient: string
  body: string
  fallback: boolean
  onUnknown: 'hold' | 'resend'
  expiresInMs: number
  class: 'interactive' | 'bulk'
  key: string | null
  service: Service
}>

export type Answer = 'none' | 'accepted' | 'refused'
export type Asked = {
  request: Request
  answer: Answer
  storedAs: MessageId | null
  answeredAtMs: number
  retries: number
}

export async function ask(store: Store, account: AccountId, request: Request): Promise<AcceptResult> {
  const lines = await store.lines(account)
  const candidates = lines.map((l) => ({ ...l, online: l.node?.online ?? false }))
  const lane = await store.lane(account, request.recipient)
  const chosen = route(
    { service: request.service, from: null, sticky: lane?.line ?? null, simulated: null },
    candidates,
  )
  const backup = route({ service: 'sms', from: null, sticky: null, simulated: null }, candidates)
  const line: LineId | null = chosen.kind === 'line' ? chosen.line : null
  const message: NewMessage = {
    id: request.id,
    account,
    token: null,
    recipient: request.recipient,
    body: request.body,
    service: request.service,
    class: request.class,
    from: null,
    line,
    failure: line === null ? 'no_line' : null,
    fallback: request.fallback,
    fallbackLine: request.fallback && backup.kind === 'line' ? backup.line : null,
    country: 'US',
    onUnknown: request.onUnknown,
    expiresInMs: request.expiresInMs,
    simulated: true,
    ad: false,
    idempotency: request.key === null ? null : { key: request.key, fingerprint: request.recipient },
  }
  return store.accept(message)
}

export function newRequestId(service: Service, ulid: Ulid): MessageId {
  return service === 'imessage' ? `imessage_${ulid()}` : `text_${ulid()}`
}
