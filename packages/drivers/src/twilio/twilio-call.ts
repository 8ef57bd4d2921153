/**
 * Twilio's own client, over a connection that tells how far each request got. The client would keep connections (and so lose certainty,
 * see exchange.ts) and says nothing of whether bytes left; what it makes of parameters and answers stays its own. It repeats nothing.
 */
import twilio from 'twilio'
import type { Exchange, Exchanges } from '../web/exchange.ts'
import { parseJson } from '../web/json-path.ts'
import type { TwilioSecrets, TwilioSettings } from './twilio-settings.ts'

type ClientRequest = Parameters<twilio.RequestClient['request']>[0]

export type Account = Readonly<{ settings: TwilioSettings; secrets: TwilioSecrets; exchanges: Exchanges }>

export type Called<T> = Readonly<{
  /** Null: it never got as far as a request. */
  exchange: Exchange | null
  /** What the client made of the answer; null where it made nothing. */
  value: T | null
}>

/** One request by the client. Never rejects. */
export async function call<T>(
  account: Account,
  mayLeave: () => boolean,
  ask: (client: twilio.Twilio) => Promise<T>,
): Promise<Called<T>> {
  const { settings, secrets } = account
  const http = new CertainClient(account, mayLeave)
  const [user, password] =
    settings.api_key_sid !== undefined && secrets.api_key_secret !== undefined
      ? [settings.api_key_sid, secrets.api_key_secret]
      : [settings.account_sid, secrets.auth_token]
  try {
    const client = new twilio.Twilio(user, password, {
      accountSid: settings.account_sid,
      httpClient: http,
      autoRetry: false,
    })
    const value = await ask(client)
    return { exchange: http.exchange, value }
  } catch {
    // What it throws is the answer in other words; it may hold the text and the number.
    return { exchange: http.exchange, value: null }
  }
}

/** The code of an error, as Twilio writes it; null where the answer has none. */
export function errorCodeOf(exchange: Exchange): string | null {
  if (exchange.kind !== 'answered' || exchange.text === null) return null
  const json = parseJson(exchange.text)
  if (typeof json !== 'object' || json === null || !('code' in json)) return null
  return typeof json.code === 'number' && Number.isInteger(json.code) ? String(json.code) : null
}

class CertainClient extends twilio.RequestClient {
  exchange: Exchange | null = null
  readonly #account: Account
  readonly #mayLeave: () => boolean

  constructor(account: Account, mayLeave: () => boolean) {
    super({ keepAlive: false, autoRetry: false })
    this.#account = account
    this.#mayLeave = mayLeave
  }

  override async request(asked: ClientRequest): Promise<never> {
    if (this.exchange !== null) throw new Error('one request for each call')
    const exchange = await this.#account.exchanges.run(
      {
        method: asked.method.toUpperCase(),
        url: addressOf(asked, this.#account.settings.base_url),
        headers: headersOf(asked),
        ...(asked.data === undefined ? {} : { body: formOf(asked.data ?? {}) }),
      },
      this.#mayLeave,
    )
    this.exchange = exchange
    const body = exchange.kind === 'answered' && exchange.text !== null ? parseJson(exchange.text) : undefined
    if (exchange.kind !== 'answered' || typeof body !== 'object' || body === null)
      throw new Error('no answer that can be read')
    // The client is generic in a type that it never looks at.
    return { statusCode: exchange.status, body, headers: exchange.headers } as never
  }
}

/** The client builds addresses at api.twilio.com. */
function addressOf({ uri, params }: ClientRequest, baseUrl: string): URL {
  const asked = new URL(uri)
  const url = new URL(baseUrl.replace(/\/$/, '') + asked.pathname + asked.search)
  for (const [name, value] of Object.entries(params ?? {})) url.searchParams.append(name, String(value))
  return url
}

function headersOf({ headers = {}, username, password }: ClientRequest): Record<string, string> {
  const own = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]))
  return { ...own, authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` }
}

function formOf(fields: object): string {
  return new URLSearchParams(
    Object.entries(fields).map(([name, value]): [string, string] => [name, String(value)]),
  ).toString()
}
