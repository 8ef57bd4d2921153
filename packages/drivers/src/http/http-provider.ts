/**
 * Any SMS API over HTTP, by a template: users of other companies need no code. What its answers mean is settled in answer-rules.ts, how it
 * is called in http-request.ts; here is what happens with it.
 */
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
import { Exchanges, whyOf } from '../web/exchange.ts'
import type { Exchange, WebRequest } from '../web/exchange.ts'
import { pathKey, readSignedPath, signPath } from '../web/signed-path.ts'
import type { PathKey } from '../web/signed-path.ts'
import { Upstream } from '../web/upstream.ts'
import type { Problem } from '../web/upstream.ts'
import { idInRecord, readAnswer } from './answer-rules.ts'
import type { Reading } from './answer-rules.ts'
import { PATHS, readCallback } from './http-callback.ts'
import { RequestMaker } from './http-request.ts'
import { httpSecrets, httpSettings } from './http-settings.ts'
import type { HttpSecrets, HttpSettings } from './http-settings.ts'
import { TemplateError } from './template-error.ts'

type Context = ProviderContext<HttpSettings, HttpSecrets>

export const httpProvider: ProviderKind<typeof httpSettings, typeof httpSecrets> = {
  summary: 'any SMS API over HTTP, described by a template',
  settings: httpSettings,
  secrets: httpSecrets,
  problem: (settings, secrets) => {
    const maker = makerOf({ settings, secrets })
    return maker instanceof TemplateError ? maker.message : null
  },
  create: (context: Context) => new HttpProvider(context),
}

const TEST_WITHIN_MS = 10_000

export class HttpProvider implements Provider {
  readonly simulated = false
  readonly atMostOnce: boolean
  readonly capabilities: readonly string[]
  readonly window: number
  readonly #context: Context
  readonly #paths: PathKey
  /** What is wrong with the template, where it is. */
  readonly #maker: RequestMaker | TemplateError
  readonly #exchanges: Exchanges
  readonly #upstream: Upstream
  #events: ProviderEvents | null = null
  #stopped = false
  /** The other side refused us when it was last asked; only a message can show that it is mended. */
  #account: Problem | null = null

  constructor(context: Context) {
    const { settings, clock } = context
    this.#context = context
    this.#paths = pathKey(context)
    this.atMostOnce = settings.at_most_once
    this.window = settings.window
    this.capabilities = ['sms', ...(settings.receipt_status ? ['receipts'] : []), 'inbound']
    this.#maker = makerOf(context)
    this.#exchanges = new Exchanges(clock, settings.answer_within)
    this.#upstream = new Upstream({ clock, probe: () => this.#probe(), changed: () => this.#events?.changed() })
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
    this.#exchanges.stop()
  }

  health(): ProviderHealth {
    return this.#upstream.health()
  }

  async send(sms: OutgoingSms, mayLeave: () => boolean): Promise<ProviderOutcome> {
    const request = this.#requestFor(sms)
    if ('kind' in request) return request
    const exchange = await this.#exchanges.run(request, mayLeave)
    const outcome = this.#outcomeOf(exchange)
    this.#context.log('http.sent', { attempt: sms.attempt, outcome: outcome.kind, said: saidBy(exchange) })
    return outcome
  }

  async lookUp(sms: OutgoingSms, help: LookUpHelp): Promise<ProviderOutcome> {
    if (this.#maker instanceof TemplateError) return NOT_FOUND
    const request = this.#maker.lookUp(sms, help.parts.get(1))
    if (request === null) return NOT_FOUND
    const exchange = await this.#exchanges.run(request, () => true)
    if (exchange.kind !== 'answered' || exchange.status < 200 || exchange.status > 299) return NOT_FOUND
    const id = idInRecord(this.#context.settings, exchange.text ?? '')
    return id !== null && !(await help.isTaken(id)) ? { kind: 'sent', refs: [id] } : NOT_FOUND
  }

  async callback(request: CallbackRequest): Promise<CallbackAnswer> {
    const path = readSignedPath(this.#paths, request.path)
    if (path === null) return { status: 403 }
    const report = readCallback(this.#context.settings, { path, request, nowMs: this.#context.clock.nowMs() })
    if (this.#events === null || this.#stopped) return { status: 503 }
    try {
      if (report.kind === 'receipt') await this.#events.receipt(report.receipt)
      else if (report.kind === 'inbound') await this.#events.inbound(report.message)
      else this.#context.log('http.callback_unused', { why: report.why })
    } catch {
      return { status: 503 } // it comes again
    }
    if (report.kind === 'unreadable') return { status: 400 }
    return { status: 200, contentType: 'text/plain; charset=utf-8', body: this.#context.settings.callback_answer }
  }

  async test(): Promise<{ ok: boolean; lines: readonly string[] }> {
    if (this.#maker instanceof TemplateError) return { ok: false, lines: [this.#maker.message] }
    const { origin } = this.#maker
    const { clock, settings } = this.#context
    const exchanges = new Exchanges(clock, Math.min(settings.answer_within, TEST_WITHIN_MS))
    const code = await exchanges.probe(origin)
    if (code !== null) return { ok: false, lines: [cannotReach(origin, code)] }
    const lines = [
      `A connection to ${origin.host} can be opened. Whether it takes the credentials shows only with a message.`,
    ]
    if (origin.protocol === 'http:')
      lines.push('The address is not encrypted: texts and credentials can be read on the way.')
    lines.push(`Inbound messages go to ${this.#addressOf(PATHS.inbound)}`)
    lines.push(`Receipts that are not asked for with {callback_url} go to ${this.#addressOf(PATHS.receipts)}`)
    return { ok: true, lines }
  }

  #addressOf(path: string): string {
    return `${this.#context.callbackUrl}/${signPath(this.#paths, path)}`
  }

  #requestFor(sms: OutgoingSms): WebRequest | ProviderOutcome {
    if (this.#stopped) return NOT_CONNECTED
    if (this.#maker instanceof TemplateError) return { ...NOT_CONNECTED, detail: this.#maker.message }
    try {
      return this.#maker.send(sms, this.#addressOf(PATHS.receiptOf(sms.attempt)))
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error
      return { kind: 'not_sent', class: 'refused', reason: REASONS.refused, detail: error.message }
    }
  }

  #outcomeOf(exchange: Exchange): ProviderOutcome {
    switch (exchange.kind) {
      case 'withheld':
        return { kind: 'not_sent', class: 'never_handed', reason: REASONS.leaseLost }
      case 'never_left': {
        const detail = this.#maker instanceof TemplateError ? '' : cannotReach(this.#maker.origin, exchange.code)
        this.#upstream.failed({ state: 'broken', detail })
        return { ...NOT_CONNECTED, detail }
      }
      case 'lost': {
        const detail = `No whole answer came: ${whyOf(exchange.code)}.`
        this.#upstream.lost(`${detail} It may be overloaded.`)
        return {
          kind: 'unknown',
          reason: exchange.code.startsWith('HPE_') ? REASONS.answerUnreadable : REASONS.noAnswer,
          detail,
        }
      }
      case 'answered':
        return this.#read(exchange)
      default:
        return exchange satisfies never
    }
  }

  #read({ status, headers, text }: Extract<Exchange, { kind: 'answered' }>): ProviderOutcome {
    const after = headers['retry-after']
    const answer = {
      status,
      text,
      retryAfter: typeof after === 'string' ? after : undefined,
      nowMs: this.#context.clock.nowMs(),
    }
    const reading = readAnswer(this.#context.settings, answer)
    this.#learn(reading, status)
    return reading.outcome
  }

  #learn({ outcome, account }: Reading, status: number): void {
    if (account !== undefined) {
      const detail = `The provider refuses us (${account}): look at the credentials, the credit and the address.`
      this.#account = { state: 'broken', detail }
      return this.#upstream.failed(this.#account)
    }
    this.#account = null
    if (status === 404 || status === 405) {
      return this.#upstream.failed({ state: 'degraded', detail: `It answers HTTP ${status}: is the address right?` })
    }
    if (outcome.kind !== 'unknown') return this.#upstream.proven()
    this.#upstream.lost(`${outcome.detail ?? 'Its answers cannot be read'}. Look at its status page.`)
  }

  async #probe(): Promise<Problem | null> {
    if (this.#maker instanceof TemplateError) return { state: 'broken', detail: this.#maker.message }
    const { origin } = this.#maker
    const code = await this.#exchanges.probe(origin)
    if (code !== null) return { state: 'broken', detail: cannotReach(origin, code) }
    // The pause is over: the next message finds out.
    return this.#account && { ...this.#account, state: 'degraded' }
  }
}

const NOT_FOUND: ProviderOutcome = {
  kind: 'unknown',
  reason: REASONS.noAnswer,
  detail: 'The provider did not say what became of it',
}
const NOT_CONNECTED = { kind: 'not_sent', class: 'never_handed', reason: REASONS.notConnected } as const

const cannotReach = (origin: URL, code: string): string => `${origin.host} cannot be reached: ${whyOf(code)}.`

const saidBy = (exchange: Exchange): string | number =>
  exchange.kind === 'answered' ? exchange.status : 'code' in exchange ? exchange.code : exchange.kind

function makerOf({ settings, secrets }: Pick<Context, 'settings' | 'secrets'>): RequestMaker | TemplateError {
  try {
    return new RequestMaker(settings, secrets)
  } catch (error) {
    if (error instanceof TemplateError) return error
    throw error
  }
}
