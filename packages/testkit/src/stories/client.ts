/** A program that sends: one request, or one message however often it has to ask. */
import { moment } from './until.ts'

const ASK_AGAIN_MS = 200
const GIVE_UP_MS = 20_000

export type Asked = Readonly<{
  to: string
  body: string
  key?: string
  expiresInS?: number
  wait?: boolean
  /** An iMessage unless it says otherwise. */
  service?: 'sms'
  onUnknown?: 'resend'
}>

export type Answer = Readonly<{
  status: number
  retryAfter: string | null
  replayed: boolean
  body: Readonly<{ message?: string; message_id?: string; status?: string; data?: { code?: string } }>
}>

export type MessageNow = Readonly<{
  status: string
  text: string | null
  failure: Readonly<{ code: string }> | null
  created_at: string
  attempts: ReadonlyArray<Readonly<{ id: string; state: string; reason: string | null }>>
  timeline: ReadonlyArray<Readonly<{ type: string }>>
}>

export class Client {
  readonly url: string
  readonly #token: string

  constructor(url: string, token: string) {
    this.url = url
    this.#token = token
  }

  /** One request. Rejects when no answer came. Asks for no outcome unless it is to wait. */
  async send({ to, body, key, expiresInS, wait = false, service, onUnknown }: Asked): Promise<Answer> {
    const response = await fetch(`${this.url}/send/text`, {
      method: 'POST',
      headers: {
        authorization: `Token ${this.#token}`,
        'content-type': 'application/json',
        ...(wait ? {} : { prefer: 'respond-async' }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      body: JSON.stringify({
        to,
        message: body,
        ...(service === 'sms' ? {} : { beta_features: { imessage: true, fallback: false } }),
        ...(onUnknown === undefined ? {} : { on_unknown: onUnknown }),
        ...(expiresInS === undefined ? {} : { expires_in: expiresInS }),
      }),
      signal: AbortSignal.timeout(GIVE_UP_MS),
    })
    return {
      status: response.status,
      retryAfter: response.headers.get('retry-after'),
      replayed: response.headers.get('idempotent-replayed') === 'true',
      body: (await response.json()) as Answer['body'],
    }
  }

  /** Asks with the same key until it is answered 200, as a careful program does. Other answers than "later" are errors. */
  async sendSurely(asked: Asked & { key: string }): Promise<Answer & { asks: number }> {
    for (let asks = 1; ; asks++) {
      const answer = await this.send(asked).catch(() => null)
      if (answer?.status === 200) return { ...answer, asks }
      if (answer !== null && answer.status !== 503)
        throw new Error(`answered ${answer.status}: ${JSON.stringify(answer.body)}`)
      await moment(ASK_AGAIN_MS)
    }
  }

  /** Undefined: the account has no such message. */
  async message(id: string): Promise<MessageNow | undefined> {
    const response = await fetch(`${this.url}/messages/${id}`, { headers: { authorization: `Token ${this.#token}` } })
    if (response.status === 404) return undefined
    if (!response.ok) throw new Error(`GET /messages/${id} answered ${response.status}: ${await response.text()}`)
    return (await response.json()) as MessageNow
  }

  async isReady(): Promise<boolean> {
    try {
      const response = await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(2000) })
      await response.arrayBuffer()
      return response.ok
    } catch {
      return false
    }
  }
}

/** Runs the work on all of them, so many at a time, in their order. */
export async function inParallel<T>(
  many: number,
  all: readonly T[],
  work: (one: T, i: number) => Promise<void>,
): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    for (let i = next++; i < all.length; i = next++) await work(all[i] as T, i)
  }
  await Promise.all(Array.from({ length: many }, worker))
}
