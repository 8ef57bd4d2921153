/** SMS through Twilio. Its answers are read in twilio-outcome.ts, its callbacks in twilio-callback.ts; here is what happens with them. */
import { REASONS } from '../provider.ts'
import type {
  CallbackAnswer,
  CallbackRequest,
  LookUpHelp,
  OutgoingSms,
  Provider,
  ProviderContext,
  ProviderEvents,
  ProviderHealth,
  ProviderKind,
  ProviderOutcome,
} from '../provider.ts'
import { Exchanges } from '../web/exchange.ts'
import { pathKey, readSignedPath, signPath } from '../web/signed-path.ts'
import type { PathKey } from '../web/signed-path.ts'
import { Upstream } from '../web/upstream.ts'
import type { Problem } from '../web/upstream.ts'
import { call, errorCodeOf } from './twilio-call.ts'
import type { Account } from './twilio-call.ts'
import { canBeCalled, formOf, inboundIn, isSigned, receiptIn, RETRIES } from './twilio-callback.ts'
import { candidates } from './twilio-look-up.ts'
import { readExchange, refusesUs, unreachable } from './twilio-outcome.ts'
import { twilioSecrets, twilioSettings } from './twilio-settings.ts'
import type { TwilioSecrets, TwilioSettings } from './twilio-settings.ts'

type Context = ProviderContext<TwilioSettings, TwilioSecrets>

export const twilioProvider: ProviderKind<typeof twilioSettings, typeof twilioSecrets> = {
  summary: 'Twilio, by its REST API',
  settings: twilioSettings,
  secrets: twilioSecrets,
  problem: (settings, secrets) => (lacksKey({ settings, secrets }) ? LACKS_KEY : null),
  create: (context: Context) => new TwilioProvider(context),
}

const TEST_WITHIN_MS = 10_000
const REST_MS_MIN = 1_000
const REST_MS_MAX = 60_000
const PAGE_SIZE = 100

export class TwilioProvider implements Provider {
  readonly atMostOnce = true
  readonly simulated = false
  readonly capabilities: readonly string[] = ['sms', 'receipts', 'inbound']
  readonly window: number
  readonly #context: Context
  readonly #paths: PathKey
  readonly #account: Account
  readonly #upstream: Upstream
  #events: ProviderEvents | null = null
  #stopped = false
  /** Grows while Twilio says that it is asked too fast. */
  #restMs = REST_MS_MIN

  constructor(context: Context) {
    const { settings, secrets, clock } = context
    this.#context = context
    this.#paths = pathKey(context)
    this.window = settings.window
    this.#account = { settings, secrets, exchanges: new Exchanges(clock, settings.answer_within) }
    this.#upstream = new Upstream({
      clock,
      probe: () => this.#probe(this.#account),
      changed: () => this.#events?.changed(),
    })
  }

  get isReady(): boolean {
    return this.#events !== null && !this.#stopped && this.#upstream.isReady
  }

  async start(events: ProviderEvents): Promise<void> {
    this.#events = events
    if (!this.#stopped) this.#upstream.start()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#upstream.stop()
    this.#account.exchanges.stop()
  }

  health(): ProviderHealth {
    return this.#upstream.health()
  }

  async send(sms: OutgoingSms, mayLeave: () => boolean): Promise<ProviderOutcome> {
    if (this.#stopped) return { kind: 'not_sent', class: 'never_handed', reason: REASONS.notConnected }
    if (lacksKey(this.#context))
      return { kind: 'not_sent', class: 'never_handed', reason: REASONS.notConnected, detail: LACKS_KEY }
    const { settings, clock } = this.#context
    const statusCallback = this.#statusCallback(sms)
    const { exchange, value } = await call(this.#account, mayLeave, (client) =>
      client.messages.create({
        to: sms.to,
        from: sms.line,
        body: sms.body,
        validityPeriod: Math.ceil(settings.validity_period / 1_000),
        ...(statusCallback === null ? {} : { statusCallback }),
        ...(settings.messaging_service_sid === undefined
          ? {}
          : { messagingServiceSid: settings.messaging_service_sid }),
      }),
    )
    const { outcome, problem } = readExchange(exchange, { created: value, nowMs: clock.nowMs(), restMs: this.#restMs })
    const isThrottled = outcome.kind === 'not_sent' && outcome.reason === REASONS.throttled
    this.#restMs = isThrottled ? Math.min(this.#restMs * 2, REST_MS_MAX) : REST_MS_MIN
    if (problem === null) this.#upstream.proven()
    else if (problem !== undefined && outcome.kind === 'unknown') this.#upstream.lost(problem.detail)
    else if (problem !== undefined) this.#upstream.failed(problem)
    this.#context.log('twilio.sent', { attempt: sms.attempt, outcome: outcome.kind, said: exchange?.kind ?? 'nothing' })
    return outcome
  }

  async lookUp(sms: OutgoingSms, help: LookUpHelp): Promise<ProviderOutcome> {
    if (help.hasTwin) return NOT_FOUND
    // Not by DateSent: a message that still waits at Twilio has none.
    const query = { to: sms.to, from: sms.line, pageSize: PAGE_SIZE }
    const { value } = await call(
      this.#account,
      () => true,
      async (client) => (await client.messages.page(query)).instances,
    )
    if (value === null) return NOT_FOUND
    const window = { dispatchedAtMs: help.dispatchedAtMs, answerWithinMs: this.#context.settings.answer_within }
    const found = candidates(sms, value, { window, pageSize: PAGE_SIZE })
    if (found === 'too_many') return NOT_FOUND
    const free: string[] = []
    for (const sid of found) if (!(await help.isTaken(sid))) free.push(sid)
    const [sid] = free
    return sid !== undefined && free.length === 1 ? { kind: 'sent', refs: [sid] } : NOT_FOUND
  }

  async callback(request: CallbackRequest): Promise<CallbackAnswer> {
    const form = formOf(request)
    if (!isSigned(request, form, this.#context.secrets.auth_token)) return { status: 403 }
    const isInbound = /^\/?inbound$/.test(request.path)
    const path = isInbound ? null : readSignedPath(this.#paths, request.path)
    if (!isInbound && path === null) return { status: 403 }
    if (this.#events === null || this.#stopped) return { status: 503 }
    const nowMs = this.#context.clock.nowMs()
    try {
      if (path === null) return await this.#takeInbound(inboundIn(form, nowMs))
      const receipt = receiptIn(form, path, nowMs)
      if (receipt !== null) await this.#events.receipt(receipt)
    } catch {
      return { status: 503 } // it comes again
    }
    return { status: 204 }
  }

  async test(): Promise<{ ok: boolean; lines: readonly string[] }> {
    const { clock, settings, callbackUrl } = this.#context
    const exchanges = new Exchanges(clock, Math.min(settings.answer_within, TEST_WITHIN_MS))
    const problem = await this.#probe({ ...this.#account, exchanges })
    if (problem?.state === 'broken') return { ok: false, lines: [problem.detail] }
    const lines = [problem?.detail ?? 'Twilio takes the credentials, and the account is active.']
    if (!canBeCalled(callbackUrl, settings.base_url))
      lines.push('This gateway has no public address, so Twilio can tell nothing of receipts and inbound messages.')
    lines.push(`Set "A message comes in" of each number to HTTP POST ${callbackUrl}/inbound`)
    return { ok: true, lines }
  }

  async #takeInbound(message: ReturnType<typeof inboundIn>): Promise<CallbackAnswer> {
    if (message === null) return { status: 400 }
    await this.#events?.inbound(message)
    return {
      status: 200,
      contentType: 'text/xml; charset=utf-8',
      body: '<?xml version="1.0" encoding="UTF-8"?><Response/>',
    }
  }

  /** Null: Twilio could not reach it, and would refuse the whole message for it (21609). */
  #statusCallback({ attempt }: OutgoingSms): string | null {
    const { callbackUrl, settings } = this.#context
    return canBeCalled(callbackUrl, settings.base_url)
      ? `${callbackUrl}/${signPath(this.#paths, `status/${attempt}`)}${RETRIES}`
      : null
  }

  /** A standard API key may not read its account, so it asks for one message in place of it. */
  async #probe(account: Account): Promise<Problem | null> {
    if (lacksKey(this.#context)) return { state: 'broken', detail: LACKS_KEY }
    const { api_key_sid: key, account_sid: sid } = account.settings
    const { exchange, value } = await call(
      account,
      () => true,
      async (client) => {
        if (key === undefined) return (await client.api.v2010.accounts(sid).fetch()).status
        await client.messages.page({ pageSize: 1 })
        return 'active' as const
      },
    )
    if (exchange === null || exchange.kind === 'withheld') return refusesUs('the request could not be made')
    if (exchange.kind === 'never_left') return unreachable(exchange.code)
    if (exchange.kind === 'lost') return unreachable(exchange.code)
    if (value === 'active') {
      this.#upstream.answered()
      return null
    }
    if (value !== null) return refusesUs(`the account is ${value}`)
    const code = errorCodeOf(exchange)
    const said = `HTTP ${exchange.status}${code === null ? '' : `, error ${code}`}`
    if (exchange.status === 429) return { state: 'degraded', detail: `Twilio is asked too fast (${said}).` }
    const isUs = exchange.status >= 400 && exchange.status < 500
    return isUs
      ? refusesUs(said)
      : { state: 'broken', detail: `Twilio does not answer a sign-in as it should (${said}).` }
  }
}

/** The auth token would do in its place; but whoever set a key up wants it to be used. */
function lacksKey({ settings, secrets }: Pick<Context, 'settings' | 'secrets'>): boolean {
  return settings.api_key_sid !== undefined && secrets.api_key_secret === undefined
}

const LACKS_KEY = 'The setting api_key_sid needs the secret api_key_secret.'
const NOT_FOUND: ProviderOutcome = {
  kind: 'unknown',
  reason: REASONS.noAnswer,
  detail: 'Twilio did not say what became of it',
}
