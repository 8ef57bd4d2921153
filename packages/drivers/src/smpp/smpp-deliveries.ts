/** What the SMSC delivers: receipts, and messages from people. Acknowledged when it is stored, and refused for now when it cannot be. */
import type { Clock } from '@bluewire/platform/clock'
import type { ProviderEvents, ProviderReceipt } from '../provider.ts'
import { addressOf } from './smpp-address.ts'
import { STATUS } from './smpp-connection.ts'
import type { ConnectionDeps, SmppConnection } from './smpp-connection.ts'
import { SmppIdentity } from './smpp-identity.ts'
import { idOfReceipt } from './smpp-message-ids.ts'
import type { Pdu } from './smpp-pdu.ts'
import { SmppReassembly } from './smpp-reassembly.ts'
import { receiptOf } from './smpp-receipt.ts'
import type { SmppReceipt } from './smpp-receipt.ts'
import type { SmppSettings } from './smpp-settings.ts'
import { textOf } from './smpp-text.ts'

export type DeliveriesDeps = Readonly<{
  clock: Clock
  settings: SmppSettings
  events: ProviderEvents
  log: ConnectionDeps['log']
}>

/** Beyond it the SMSC is told to come back: what waits to be stored is memory. */
const PENDING_MAX = 1_000

export class SmppDeliveries {
  readonly #deps: DeliveriesDeps
  readonly #identity = new SmppIdentity()
  readonly #reassembly: SmppReassembly
  readonly #numbers = new WeakMap<SmppConnection, number>()
  #connections = 0
  #pending = 0

  constructor(deps: DeliveriesDeps) {
    this.#deps = deps
    this.#reassembly = new SmppReassembly({
      clock: deps.clock,
      holdMs: deps.settings.part_hold,
      // Parts that come again are known there, so here only what could not be stored comes twice.
      store: (joined) => this.#store({ ...joined, id: null }, 0),
    })
  }

  /** Never throws. */
  async take(connection: SmppConnection, pdu: Pdu): Promise<void> {
    const isStored = this.#pending < PENDING_MAX && (await this.#takeOne(connection, pdu))
    connection.respond(pdu, `${pdu.command}_resp`, isStored ? STATUS.ok : STATUS.tryLater)
  }

  stop(): Promise<void> {
    return this.#reassembly.stop()
  }

  async #takeOne(connection: SmppConnection, pdu: Pdu): Promise<boolean> {
    this.#pending++
    try {
      const { text, part } = textOf(pdu, this.#deps.settings.default_alphabet)
      const receipt = receiptOf(pdu, text)
      if (receipt) {
        await this.#receipt(pdu, receipt)
        return true
      }
      const source = addressOf(pdu.source_addr ?? '', pdu.source_addr_ton)
      const destination = addressOf(pdu.destination_addr ?? '', pdu.dest_addr_ton)
      if (part) return await this.#reassembly.add({ source, destination, text, part })
      const id = pdu.receipted_message_id?.trim() || null
      const reference = pdu.user_message_reference?.toString() ?? null
      await this.#store({ source, destination, text, id, reference }, this.#numberOf(connection))
      return true
    } catch (error) {
      this.#deps.log('smpp.not_stored', { error: error instanceof Error ? error.name : 'unknown' })
      return false
    } finally {
      this.#pending--
    }
  }

  async #receipt(pdu: Pdu, { id, reference, reason, detail, textStart, fact }: SmppReceipt): Promise<void> {
    const { settings, events, clock, log } = this.#deps
    if (id === null && reference === null) {
      log('smpp.receipt_unreadable', { fact })
      return
    }
    const to = addressOf(pdu.source_addr ?? '', pdu.source_addr_ton)
    const receipt: ProviderReceipt = {
      ref: id === null ? null : idOfReceipt(id, settings),
      to: to.startsWith('+') ? to : null,
      fact,
      detail,
      // The dates in a receipt say no time zone, so they are not used.
      atMs: clock.nowMs(),
      ...(reference !== null && { reference }),
      ...(reason !== null && { reason }),
      ...(textStart !== null && { textStart }),
    }
    await events.receipt(receipt)
  }

  async #store(message: Parameters<SmppIdentity['identify']>[0], connection: number): Promise<void> {
    const { clock, events } = this.#deps
    const { guid, settled } = this.#identity.identify(message, { connection, nowMs: clock.nowMs() })
    const { source, destination, text } = message
    try {
      await events.inbound({ guid, line: destination, from: source, body: text, dateMs: clock.nowMs() })
      settled(true)
    } catch (error) {
      settled(false)
      throw error
    }
  }

  #numberOf(connection: SmppConnection): number {
    const number = this.#numbers.get(connection) ?? ++this.#connections
    this.#numbers.set(connection, number)
    return number
  }
}
