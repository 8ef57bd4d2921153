/**
 * Keeps one login up: connects, binds, asks whether the SMSC is there, and begins again whatever ended it, for ever, waiting longer each
 * time. A refused login is tried again too (passwords are put right at the other end), but not often: SMSCs lock whom they refuse.
 */
import type { Chance } from '@bluewire/platform/chance'
import type { Clock, Timer } from '@bluewire/platform/clock'
import { waitAfter } from './smpp-backoff.ts'
import { SmppConnection } from './smpp-connection.ts'
import type { ConnectionDeps, Ending } from './smpp-connection.ts'
import type { Pdu } from './smpp-pdu.ts'
import type { SmppSettings } from './smpp-settings.ts'
import { openSocket } from './smpp-socket.ts'
import { verdictOf } from './smpp-status.ts'

export type Role = 'transceiver' | 'transmitter' | 'receiver'

export type LinkState = Readonly<{
  state: 'connecting' | 'bound' | 'down' | 'refused'
  /** What happened, as a sentence. */
  detail: string
}>

export type LinkEvents = Readonly<{
  up(connection: SmppConnection): void
  down(): void
  request(connection: SmppConnection, pdu: Pdu): void
  changed(): void
}>

export type LinkDeps = Readonly<{
  role: Role
  settings: SmppSettings
  password: string
  clock: Clock
  chance: Chance
  log: ConnectionDeps['log']
  events: LinkEvents
}>

/** SMPP 3.4. */
const INTERFACE_VERSION = 0x34
const UNBIND_WITHIN_MS = 1_000
/** The SMSC has nothing against us; it cannot just now. Often our own connection of before a crash is still open there. */
const BUSY = new Set([0x05, 0x08, 0x14, 0x58, 0x64])

export class SmppLink {
  readonly #deps: LinkDeps
  #connection: SmppConnection | null = null
  #state: LinkState = { state: 'connecting', detail: 'Connecting' }
  /** Of the login that is being closed. */
  #refusal: LinkState | null = null
  #timer: Timer | null = null
  #failures = 0
  #boundAtMs: number | null = null
  #provenAtMs: number | null = null
  #stopped = false

  constructor(deps: LinkDeps) {
    this.#deps = deps
  }

  get state(): LinkState {
    return this.#state
  }

  get provenAtMs(): number | null {
    return this.#provenAtMs
  }

  /** Null: not logged in. */
  get bound(): SmppConnection | null {
    return this.#state.state === 'bound' && this.#connection?.isOpen ? this.#connection : null
  }

  start(): void {
    this.#open().catch((error: unknown) => this.#ended({ why: 'error', detail: sayOf(error) }))
  }

  /** Says goodbye where it can: answers that were on their way come in before the SMSC's own goodbye. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    const connection = this.#connection
    if (this.bound) await connection?.request({ command: 'unbind', withinMs: UNBIND_WITHIN_MS })
    connection?.close({ why: 'stopped', detail: 'stopped' })
  }

  async #open(): Promise<void> {
    const { settings, clock, log, events } = this.#deps
    const { socket, openedBy } = await openSocket(settings)
    if (this.#stopped) {
      socket.destroy()
      return
    }
    const connection: SmppConnection = new SmppConnection(socket, openedBy, {
      clock,
      log,
      events: {
        open: () => void this.#bind(connection),
        request: (pdu) => events.request(connection, pdu),
        alive: () => (this.#provenAtMs = clock.nowMs()),
        ended: (ending) => this.#ended(ending),
      },
    })
    this.#connection = connection
    this.#timer = clock.setTimer(settings.bind_within, () => {
      connection.close({ why: 'silent', detail: `no answer within ${settings.bind_within / 1_000} s` })
    })
  }

  async #bind(connection: SmppConnection): Promise<void> {
    const { settings, role, password, log, events } = this.#deps
    const refusal = await bind(connection, { settings, role, password })
    // It may have ended right behind its answer, in the same bytes: then the next try is planned already, and must stay so.
    if (refusal === null || this.#stopped || !connection.isOpen) return
    if (refusal !== 0) {
      this.#refusal = refusedBecause(refusal)
      connection.close({ why: 'closed', detail: 'the login was refused' })
      return
    }
    this.#timer?.cancel()
    this.#boundAtMs = this.#deps.clock.monotonicMs()
    log('smpp.bound', { role })
    this.#askLater(connection)
    this.#set({ state: 'bound', detail: 'Logged in' })
    events.up(connection)
  }

  #askLater(connection: SmppConnection): void {
    const { clock, settings } = this.#deps
    this.#timer = clock.setTimer(settings.enquire_link, () => {
      void isThere(connection, settings.enquire_link_answer).then((there) => {
        if (!connection.isOpen) return
        if (there) this.#askLater(connection)
        else connection.close({ why: 'silent', detail: 'the SMSC does not answer any more' })
      })
    })
  }

  #ended(ending: Ending): void {
    const wasBound = this.#state.state === 'bound'
    this.#timer?.cancel()
    this.#connection = null
    if (this.#stopped) {
      if (wasBound) this.#deps.events.down()
      return
    }
    const { role, log, events } = this.#deps
    this.#set(this.#refusal ?? { state: 'down', detail: `Not connected: ${ending.detail}.` })
    this.#refusal = null
    const waitMs = this.#waitMs(ending)
    log('smpp.down', { role, why: ending.why, retry_in_ms: waitMs })
    this.#timer = this.#deps.clock.setTimer(waitMs, () => this.start())
    if (wasBound) events.down()
  }

  #waitMs({ why }: Ending): number {
    const { settings, clock, chance } = this.#deps
    // To wait for an answer in vain is no sign of a good login.
    const vainMs = why === 'silent' ? settings.answer_within : 0
    const heldMs = this.#boundAtMs === null ? 0 : clock.monotonicMs() - this.#boundAtMs - vainMs
    const end = { heldMs, isRefused: this.#state.state === 'refused', chance: chance() }
    const limits = { minMs: settings.reconnect_min, maxMs: settings.reconnect_max }
    const { failures, waitMs } = waitAfter({ failures: this.#failures }, end, limits)
    this.#boundAtMs = null
    this.#failures = failures
    return waitMs
  }

  #set(state: LinkState): void {
    const isNew = state.state !== this.#state.state || state.detail !== this.#state.detail
    this.#state = state
    if (isNew) this.#deps.events.changed()
  }
}

type Login = Readonly<{ settings: SmppSettings; role: Role; password: string }>

/** The status that the SMSC answers; null: none came, or one without sense (a generic_nack of no error is no login). */
export async function bind(connection: SmppConnection, { settings, role, password }: Login): Promise<number | null> {
  const answer = await connection.request({
    command: `bind_${role}`,
    fields: {
      system_id: settings.system_id,
      password,
      system_type: settings.system_type,
      interface_version: INTERFACE_VERSION,
      addr_ton: settings.address_ton,
      addr_npi: settings.address_npi,
      address_range: settings.address_range,
    },
    withinMs: settings.bind_within,
  })
  if (answer.kind !== 'answer') return null
  const { command, command_status: status } = answer.pdu
  return status === 0 && command === 'generic_nack' ? null : status
}

export async function isThere(connection: SmppConnection, withinMs: number): Promise<boolean> {
  const answer = await connection.request({ command: 'enquire_link', withinMs })
  return answer.kind === 'answer' // a generic_nack is a sign of life, too
}

/** What a person can do about a login that was refused. */
export function refusedBecause(status: number): LinkState {
  const { detail } = verdictOf(status)
  const advice =
    status === 0x05
      ? 'Another program is logged in with this system_id, or our own connection of before is not closed there yet; it is tried again'
      : BUSY.has(status)
        ? 'It is tried again'
        : 'Check system_id, password and system_type, and whether the company lets this address in'
  return { state: BUSY.has(status) ? 'down' : 'refused', detail: `The login was refused: ${detail}. ${advice}.` }
}

function sayOf(error: unknown): string {
  return error instanceof Error ? error.message : 'it could not be opened'
}
