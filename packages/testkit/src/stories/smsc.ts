/**
 * An SMSC with a memory, for load and for crashes: it takes every text, answers after a while, and keeps each receipt until it was
 * acknowledged, over logins, as real ones do. It reads with the `smpp` package, not with our own code. How one misbehaves is the business
 * of the conformance suite; this one is honest, and only its client dies.
 */
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import smpp from 'smpp'
import type { Fields, PDU } from 'smpp'

export type SmscOptions = Readonly<{
  /** In the middle: some answers come earlier and some later, so not in the order of the submits. 0: all at once. */
  answerAfterMs: number
  /** `by_reference`: they repeat our own reference; `by_id`: they have the SMSC's id and the beginning of the text. */
  receipts: 'none' | 'by_id' | 'by_reference'
  receiptAfterMs: number
}>

/** What reached the phone. */
export type SmsTaken = Readonly<{ system: string; to: string; body: string; atMs: number }>

export type SmscCounts = Readonly<{
  taken: number
  /** Submits that wait for their answer. */
  unanswered: number
  /** Receipts that were not acknowledged yet. */
  unacknowledged: number
  /** Of each login that ended: how many submits never got their answer. */
  lostAnswers: readonly number[]
}>

type Receipt = Readonly<{ system: string; fields: Fields }>
type Login = { socket: Socket; system: string; unanswered: number; receipts: Map<number, Receipt>; bytes: Buffer }

const RECEIPTS_AT_ONCE = 20
const AGAIN_MS = 100
/** Of the text, in a receipt. */
const TEXT_START = 20

export class Smsc {
  readonly taken: SmsTaken[] = []
  /** It takes submits and answers none. */
  isMute = false
  readonly #options: SmscOptions
  readonly #logins = new Set<Login>()
  readonly #receipts = new Map<string, Receipt[]>()
  readonly #lostAnswers: number[] = []
  #owed = 0
  #unanswered = 0
  #sequence = 0
  #waiting: Array<{ many: number; full: () => void }> = []
  #server: Server | null = null

  constructor(options: SmscOptions) {
    this.#options = options
  }

  /** Resolves with the port. Again after `close`. */
  async listen(port = 0): Promise<number> {
    const server = createServer((socket) => this.#accept(socket))
    this.#server = server
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    return (server.address() as AddressInfo).port
  }

  close(): void {
    this.#server?.close()
    for (const { socket } of this.#logins) socket.destroy()
  }

  counts(): SmscCounts {
    const { taken } = this
    return {
      taken: taken.length,
      unanswered: this.#unanswered,
      unacknowledged: this.#owed,
      lostAnswers: this.#lostAnswers,
    }
  }

  /** Resolves at the next submit after which so many wait for their answer. */
  untilUnanswered(many: number): Promise<void> {
    return new Promise((full) => this.#waiting.push({ many, full }))
  }

  /** Resolves when it has taken so many in all. */
  async untilTaken(many: number): Promise<void> {
    while (this.taken.length < many) await new Promise<void>((full) => this.#waiting.push({ many: 0, full }))
  }

  #accept(socket: Socket): void {
    const login: Login = { socket, system: '', unanswered: 0, receipts: new Map(), bytes: Buffer.alloc(0) }
    socket.setNoDelay(true)
    socket.on('error', () => undefined)
    socket.on('close', () => this.#ended(login))
    socket.on('data', (chunk: Buffer) => {
      login.bytes = login.bytes.length === 0 ? chunk : Buffer.concat([login.bytes, chunk])
      while (login.bytes.length >= 4 && login.bytes.length >= login.bytes.readUInt32BE(0)) {
        const length = login.bytes.readUInt32BE(0)
        const pdu = new smpp.PDU(login.bytes.subarray(0, length))
        login.bytes = login.bytes.subarray(length)
        this.#take(login, pdu)
      }
    })
  }

  #take(login: Login, pdu: PDU): void {
    switch (pdu.command) {
      case 'bind_transceiver':
        login.system = pdu.system_id ?? ''
        this.#logins.add(login)
        answer(login, pdu, { system_id: 'smsc' })
        return this.#tell(login.system)
      case 'submit_sm':
        return this.#submit(login, pdu)
      case 'deliver_sm_resp':
        return this.#acknowledged(login, pdu)
      case 'enquire_link':
        return answer(login, pdu, {})
      case 'unbind':
        answer(login, pdu, {})
        login.socket.end()
    }
  }

  #submit(login: Login, pdu: PDU): void {
    const { answerAfterMs, receipts, receiptAfterMs } = this.#options
    const { message: body } = pdu.short_message as unknown as { message: string }
    const text = { system: login.system, to: `+${pdu.destination_addr ?? ''}`, body, atMs: machineMs() }
    const id = `smsc-${this.taken.push(text)}`
    login.unanswered++
    this.#unanswered++
    if (this.isMute) return
    afterMs(answerAfterMs * (0.55 + (this.taken.length % 10) / 10), () => {
      if (login.socket.destroyed) return // it went with all that was owed to it
      login.unanswered--
      this.#unanswered--
      answer(login, pdu, { message_id: id })
    })
    for (const { full } of this.#waiting.filter(({ many }) => this.#unanswered >= many)) full()
    this.#waiting = this.#waiting.filter(({ many }) => this.#unanswered < many)
    if (receipts === 'none') return
    this.#owed++
    const fields = receiptOf(pdu, { id, body, reference: receipts === 'by_reference' })
    afterMs(receiptAfterMs, () => this.#keep({ system: login.system, fields }))
  }

  #keep(receipt: Receipt): void {
    const kept = this.#receipts.get(receipt.system)
    if (kept === undefined) this.#receipts.set(receipt.system, [receipt])
    else kept.push(receipt)
    this.#tell(receipt.system)
  }

  #tell(system: string): void {
    const login = [...this.#logins].find((one) => one.system === system)
    const kept = this.#receipts.get(system) ?? []
    if (login === undefined) return
    for (const receipt of kept.splice(0, RECEIPTS_AT_ONCE - login.receipts.size)) {
      const sequence = ++this.#sequence
      login.receipts.set(sequence, receipt)
      login.socket.write(new smpp.PDU('deliver_sm', { ...receipt.fields, sequence_number: sequence }).toBuffer())
    }
  }

  #acknowledged(login: Login, pdu: PDU): void {
    const receipt = login.receipts.get(pdu.sequence_number)
    if (receipt === undefined) return
    login.receipts.delete(pdu.sequence_number)
    if (pdu.command_status === 0) this.#owed--
    else setTimeout(() => this.#keep(receipt), AGAIN_MS)
    this.#tell(login.system)
  }

  #ended(login: Login): void {
    if (!this.#logins.delete(login)) return
    this.#unanswered -= login.unanswered
    this.#lostAnswers.push(login.unanswered)
    this.#receipts.set(login.system, [...login.receipts.values(), ...(this.#receipts.get(login.system) ?? [])])
    this.#tell(login.system)
  }
}

/** Milliseconds on a clock that is the same in every process of the machine. */
function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

function afterMs(ms: number, what: () => void): void {
  if (ms === 0) what()
  else setTimeout(what, ms)
}

function answer({ socket }: Login, pdu: PDU, fields: Fields): void {
  if (!socket.writable) return
  socket.write(new smpp.PDU(`${pdu.command}_resp`, { ...fields, sequence_number: pdu.sequence_number }).toBuffer())
}

function receiptOf(pdu: PDU, { id, body, reference }: { id: string; body: string; reference: boolean }): Fields {
  const text =
    `id:${id} sub:001 dlvrd:001 submit date:2611020900 done date:2611020901 stat:DELIVRD err:000 ` +
    `text:${body.slice(0, TEXT_START)}`
  return {
    source_addr_ton: pdu.dest_addr_ton ?? 1,
    source_addr_npi: pdu.dest_addr_npi ?? 1,
    source_addr: pdu.destination_addr ?? '',
    dest_addr_ton: pdu.source_addr_ton ?? 1,
    dest_addr_npi: pdu.source_addr_npi ?? 1,
    destination_addr: pdu.source_addr ?? '',
    esm_class: 4,
    short_message: Buffer.from(text, 'latin1'),
    ...(reference && { user_message_reference: pdu.user_message_reference ?? 0 }),
  }
}
