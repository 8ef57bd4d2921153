/**
 * BlueBubbles' REST API: one call, and what kind of answer came. What a call may mean for a message hangs on that kind alone, so nothing
 * else of an answer is believed before it is known. The password travels in the query; no result, error or text made here has it.
 */
import type { Clock } from '@bluewire/platform/clock'
import { Exchanges } from '../web/exchange.ts'
import type { Exchange } from '../web/exchange.ts'
import { parseJson } from '../web/json-path.ts'
import type { FormBody } from './multipart.ts'
import type { Timings } from './timings.ts'

export type Call = Readonly<{
  method: 'GET' | 'POST' | 'DELETE'
  /** After `/api/v1/`; each part encoded by the caller. */
  path: string
  query?: Readonly<Record<string, string>>
  json?: unknown
  form?: FormBody
}>

/** How long an answer may take. */
export type Patience = 'ask' | 'command' | 'text' | 'file'

export type Answer =
  | Readonly<{ kind: 'ok'; data: unknown; total: number | null; atMs: number | null }>
  /** BlueBubbles says no, in its own words. `message` may quote numbers and texts: it is for reading, never for showing. */
  | Readonly<{ kind: 'refused'; status: number; message: string; data: unknown }>
  /** Not BlueBubbles that answered, or not as it does. `to`: where a redirect leads, without path. */
  | Readonly<{ kind: 'foreign'; status: number; to: string | null }>
  /** Provably nothing of it reached anybody. */
  | Readonly<{ kind: 'never_left'; code: string }>
  /** It left, and no whole answer came. */
  | Readonly<{ kind: 'lost'; code: string }>

type Deps = Readonly<{
  clock: Clock
  url: string
  password: string
  timings: Timings
  /** Every answer, for the health. */
  heard(answer: Answer, path: string): void
}>

export class BlueBubblesApi {
  readonly #deps: Deps
  readonly #exchanges: Readonly<Record<Patience, Exchanges>>

  constructor(deps: Deps) {
    this.#deps = deps
    const { ask, command, textAnswer, fileAnswer } = deps.timings
    const within = (ms: number): Exchanges => new Exchanges(deps.clock, ms)
    this.#exchanges = {
      ask: within(ask),
      command: within(command),
      text: within(textAnswer),
      file: within(fileAnswer),
    }
  }

  /** Never rejects, repeats nothing. */
  async call(call: Call, patience: Patience = 'ask'): Promise<Answer> {
    const { method, json, form } = call
    const exchange = await this.#exchanges[patience].run(
      {
        method,
        url: this.#address(call),
        // A tunnel may answer people who seem to have a browser with a page of its own.
        headers: {
          accept: 'application/json',
          'ngrok-skip-browser-warning': '1',
          ...(json === undefined ? {} : { 'content-type': 'application/json' }),
          ...(form === undefined ? {} : { 'content-type': form.type }),
        },
        ...(json === undefined ? {} : { body: JSON.stringify(json) }),
        ...(form === undefined ? {} : { bytes: form.bytes }),
      },
      () => true,
    )
    const answer = answerOf(exchange, this.#deps.url)
    this.#deps.heard(answer, call.path)
    return answer
  }

  /** Ends all that is open. */
  stop(): void {
    for (const exchanges of Object.values(this.#exchanges)) exchanges.stop()
  }

  #address({ path, query = {} }: Call): URL {
    const { url, password } = this.#deps
    const address = new URL(`${url.replace(/\/+$/, '')}/api/v1/${path}`)
    for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value)
    address.searchParams.set('password', password)
    return address
  }
}

/** `url`: what was asked, for redirects without a host. */
export function answerOf(exchange: Exchange, url: string): Answer {
  switch (exchange.kind) {
    case 'never_left':
    case 'lost':
      return exchange
    case 'withheld':
      return { kind: 'never_left', code: 'withheld' }
    case 'answered':
      return read(exchange, url)
    default:
      return exchange satisfies never
  }
}

function read({ status, headers, text }: Extract<Exchange, { kind: 'answered' }>, url: string): Answer {
  const foreign = { kind: 'foreign', status, to: redirectOf(status, headers['location'], url) } as const
  const json = text === null || status === 0 ? undefined : parseJson(text)
  if (typeof json !== 'object' || json === null || !('status' in json) || !('message' in json)) return foreign
  if (typeof json.status !== 'number' || typeof json.message !== 'string') return foreign
  const data = 'data' in json ? json.data : null
  if (status >= 200 && status <= 299) {
    const total = 'metadata' in json ? numberAt(json.metadata, 'total') : null
    const date = typeof headers['date'] === 'string' ? Date.parse(headers['date']) : NaN
    return { kind: 'ok', data, total, atMs: Number.isNaN(date) ? null : date }
  }
  if (status < 400) return foreign
  return { kind: 'refused', status, message: `${json.message} ${errorText(json)}`.trim(), data }
}

/** The docs call the field `error`; the code sends `message` (DRIVERS 2.1). */
function errorText(json: object): string {
  const error: unknown = 'error' in json ? json.error : null
  if (typeof error !== 'object' || error === null) return ''
  const texts = ['message', 'error'].map((name) => (error as Record<string, unknown>)[name])
  return texts.filter((one) => typeof one === 'string').join(' ')
}

/** Without its path: that may repeat the query, and with it the password. */
function redirectOf(status: number, location: string | string[] | undefined, url: string): string | null {
  if (status < 300 || status > 399 || typeof location !== 'string' || !URL.canParse(location, url)) return null
  return new URL(location, url).origin
}

function numberAt(json: unknown, name: string): number | null {
  if (typeof json !== 'object' || json === null) return null
  const value = (json as Record<string, unknown>)[name]
  return typeof value === 'number' ? value : null
}
