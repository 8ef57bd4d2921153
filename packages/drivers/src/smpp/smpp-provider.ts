/**
 * SMS through an SMSC that speaks SMPP 3.4. The pieces: `smpp-link` keeps a login up, `smpp-gate` says when the next submit may leave,
 * `smpp-sender` takes a message through its parts, `smpp-deliveries` takes what the SMSC delivers.
 */
import { shortReference } from '@bluewire/contract/short-reference'
import { systemChance } from '@bluewire/platform/chance'
import { REASONS } from '../provider.ts'
import type {
  LookUpHelp,
  OutgoingSms,
  Provider,
  ProviderContext,
  ProviderEvents,
  ProviderHealth,
  ProviderKind,
  ProviderOutcome,
} from '../provider.ts'
import type { SmppConnection } from './smpp-connection.ts'
import { SmppDeliveries } from './smpp-deliveries.ts'
import { SmppGate } from './smpp-gate.ts'
import { SmppLink } from './smpp-link.ts'
import type { LinkState, Role } from './smpp-link.ts'
import { lookUpParts } from './smpp-query.ts'
import { SmppSender } from './smpp-sender.ts'
import { smppSecrets, smppSettings } from './smpp-settings.ts'
import type { SmppSecrets, SmppSettings } from './smpp-settings.ts'
import { testSmpp } from './smpp-test.ts'

export const smppProvider: ProviderKind<typeof smppSettings, typeof smppSecrets> = {
  summary: 'SMPP 3.4: the protocol of phone companies and SMS wholesalers',
  settings: smppSettings,
  secrets: smppSecrets,
  create: (context) => new SmppProvider(context),
}

type Context = ProviderContext<SmppSettings, SmppSecrets>

export class SmppProvider implements Provider {
  readonly atMostOnce = true
  readonly simulated = false
  readonly capabilities: readonly string[] = ['sms', 'receipts', 'inbound']
  readonly #context: Context
  readonly #gate: SmppGate
  readonly #sender: SmppSender
  readonly #links: readonly SmppLink[]
  #deliveries: SmppDeliveries | null = null
  #events: ProviderEvents | null = null
  #stopped = false

  constructor(context: Context) {
    this.#context = context
    const { settings, clock } = context
    const { window, throughput } = settings
    this.#gate = new SmppGate(clock, { window, throughput, changed: () => this.#events?.changed() })
    this.#sender = new SmppSender({
      settings,
      clock,
      gate: this.#gate,
      connection: () => this.#transmitting,
      reference: Math.floor(systemChance() * 256),
      takenLate: ({ sms, number, id }) => void this.#tell({ sms, number, id, fact: 'sent' }),
    })
    const roles: readonly Role[] = settings.mode === 'transceiver' ? ['transceiver'] : ['transmitter', 'receiver']
    this.#links = roles.map((role) => this.#linkOf(role))
  }

  get window(): number {
    return this.#context.settings.window
  }

  get isReady(): boolean {
    return this.#transmitting !== null && !this.#stopped
  }

  get #transmitting(): SmppConnection | null {
    return this.#links[0]?.bound ?? null
  }

  start(events: ProviderEvents): Promise<void> {
    if (this.#events || this.#stopped) return Promise.resolve()
    const { clock, settings, log } = this.#context
    this.#events = events
    this.#deliveries = new SmppDeliveries({ clock, settings, events, log })
    for (const link of this.#links) link.start()
    return Promise.resolve()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#gate.shut('for_good')
    await Promise.all(this.#links.map((link) => link.stop()))
    await this.#deliveries?.stop()
  }

  health(): ProviderHealth {
    const proven = this.#links.map((link) => link.provenAtMs).filter((atMs) => atMs !== null)
    const provenAtMs = proven.length > 0 ? Math.max(...proven) : null
    const [out, back] = this.#links.map((link) => link.state)
    if (out?.state !== 'bound') return { state: 'broken', detail: this.#sayOf(out), provenAtMs }
    if (back && back.state !== 'bound') {
      const detail = `Messages leave, but no receipts and no inbound messages come. ${this.#sayOf(back)}`
      return { state: 'degraded', detail, provenAtMs }
    }
    if (this.#gate.isThrottled) return { state: 'degraded', detail: TOO_FAST, provenAtMs }
    return { state: 'ok', provenAtMs }
  }

  send(sms: OutgoingSms, mayLeave: () => boolean): Promise<ProviderOutcome> {
    if (!this.isReady) return Promise.resolve(NOT_CONNECTED)
    return this.#sender.send(sms, mayLeave)
  }

  async lookUp(sms: OutgoingSms, help: LookUpHelp): Promise<ProviderOutcome> {
    const { settings } = this.#context
    const found = await lookUpParts(sms, help, { settings, connection: this.#transmitting })
    // It was taken and did not arrive: told as it would be by a receipt.
    for (const [number, reason] of found.failed) {
      await this.#tell({ sms, number, id: help.parts.get(number) ?? '', fact: 'failed', reason })
    }
    return found.outcome
  }

  test(): Promise<{ ok: boolean; lines: readonly string[] }> {
    const { settings, secrets, clock } = this.#context
    // Many SMSCs allow one login only, and this one is it.
    return testSmpp({ settings, password: secrets.password, clock, live: this.#transmitting })
  }

  #linkOf(role: Role): SmppLink {
    const { settings, secrets, clock, log } = this.#context
    const carriesOut = role !== 'receiver'
    return new SmppLink({
      role,
      settings,
      password: secrets.password,
      clock,
      chance: systemChance,
      log,
      events: {
        up: () => {
          if (carriesOut && !this.#stopped) this.#gate.open()
        },
        down: () => {
          if (carriesOut) this.#gate.shut(this.#stopped ? 'for_good' : 'for_now')
        },
        request: (connection, pdu) => void this.#deliveries?.take(connection, pdu),
        changed: () => this.#events?.changed(),
      },
    })
  }

  async #tell(evidence: Evidence): Promise<void> {
    const { sms, number, id, fact, reason } = evidence
    const receipt = {
      attempt: sms.attempt,
      ref: id === '' ? null : id,
      reference: shortReference(sms.attempt, number),
      to: sms.to,
      part: number,
      fact,
      atMs: this.#context.clock.nowMs(),
      ...(reason !== undefined && { reason }),
    }
    // What could not be stored is not asked for again: a receipt of the SMSC's own may still come.
    await this.#events?.receipt(receipt).catch(() => this.#context.log('smpp.not_stored', { attempt: sms.attempt }))
  }

  #sayOf(state: LinkState | undefined): string {
    const { host, port } = this.#context.settings
    if (!state || state.state === 'connecting') return `Connecting to ${host}:${port}.`
    if (state.state === 'refused' || state.detail.startsWith('The login')) return state.detail
    return `${state.detail} It is tried again; check that ${host}:${port} can be reached from here.`
  }
}

type Evidence = Readonly<{ sms: OutgoingSms; number: number; id: string; fact: 'sent' | 'failed'; reason?: string }>

const TOO_FAST =
  'The SMSC says again and again that it is asked too fast or that its queue is full: lower throughput or window.'
const NOT_CONNECTED: ProviderOutcome = {
  kind: 'not_sent',
  class: 'never_handed',
  reason: REASONS.notConnected,
  detail: 'There is no connection to the SMSC',
}
