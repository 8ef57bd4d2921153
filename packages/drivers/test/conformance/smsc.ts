/**
 * An SMSC that behaves as it is told: SMPP 3.4 over a real socket. It reads with the `smpp` package as it is, filters and all, so that what
 * the provider wrote is judged by other code than its own; and it puts long messages together as a phone does.
 */
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import smpp from 'smpp'
import type { Fields, PDU } from 'smpp'
import type { Arrived, Behaviour, Written } from './peer.ts'

export const PASSWORD = 'smsc-password-7'
export const OPTED_OUT = 0x457

export type Taken = Readonly<{ pdu: PDU; body: string; id: string; part: number; of: number; reference: number | null }>
/** `null`: as the behaviour says. A status: that is the answer. `silent`: taken, and none. */
export type Decide = (submit: PDU, nth: number) => number | 'silent' | null

type Message = { to: string; from: string; of: number; parts: Map<number, Taken> }
type Session = { socket: Socket; bound: string | null; bytes: Buffer }

const DELIVERY_ANSWER_MS = 1_500
const ANSWER_LATE_MS = 2_000
const STATUS = { ok: 0, invalidPassword: 0x0e, throttled: 0x58, invalidDestination: 0x0b, unknownError: 0xff } as const

export class Smsc {
  behaviour: Behaviour = 'accept'
  decide: Decide = () => null
  idOf: (nth: number) => string = (nth) => `smsc-${nth}`
  answersEnquiries = true
  /** -1: no answer. */
  bindStatus: number | null = null
  /** Follows the answer to the next login, in the same segment. */
  afterLogin: Buffer | null = null
  /** A way of logging in that is not allowed. */
  refuses: string | null = null
  /** Answers to submits wait until `release`. */
  holdsAnswers = false
  outstandingMax = 0
  readonly arrived: Arrived[] = []
  readonly taken: Taken[] = []
  /** What came, in order; `frames`: the same, as bytes. */
  readonly heard: PDU[] = []
  readonly frames: Buffer[] = []
  /** Submits, or logins, are answered with generic_nack. */
  nacks = false
  nacksLogins = false
  nackStatus = 3
  submits = 0
  readonly queries = new Map<string, number>()
  readonly #sessions = new Set<Session>()
  readonly #messages: Message[] = []
  readonly #deliveries = new Map<number, (status: number) => void>()
  readonly #tls: Readonly<{ key: string; cert: string }> | null
  #held: Array<() => void> = []
  #outstanding = 0
  #sequence = 0
  #server: Server | null = null
  #port = 0

  constructor(tls: Readonly<{ key: string; cert: string }> | null = null) {
    this.#tls = tls
  }

  /** The same port again after `close`. */
  async listen(): Promise<number> {
    const accept = (socket: Socket): void => this.#accept(socket)
    const server = this.#tls ? createTlsServer(this.#tls, accept) : createServer(accept)
    this.#server = server
    server.on('tlsClientError', () => undefined)
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve))
    this.#port = (server.address() as AddressInfo).port
    return this.#port
  }

  async close(): Promise<void> {
    const server = this.#server
    if (!server) return
    this.#server = null
    const closed = new Promise((resolve) => server.close(resolve))
    this.dropAll()
    await closed
  }

  get bound(): number {
    return [...this.#sessions].filter(({ bound }) => bound !== null).length
  }

  dropAll(): void {
    for (const { socket } of this.#sessions) socket.destroy()
  }

  /** To all who are logged in. */
  raw(bytes: Uint8Array): void {
    for (const { socket, bound } of this.#sessions) if (bound !== null) socket.write(bytes)
  }

  ask(command: string, sequence = 900_000 + ++this.#sequence): void {
    this.raw(new smpp.PDU(command, { sequence_number: sequence }).toBuffer())
  }

  release(): void {
    this.holdsAnswers = false
    for (const answer of this.#held.splice(0)) answer()
  }

  /** The status of its answer; null: none came. */
  deliver(fields: Fields): Promise<number | null> {
    const session = [...this.#sessions].find(({ bound }) => bound !== null && bound !== 'bind_transmitter')
    if (!session) return Promise.resolve(null)
    const sequence = 500_000 + ++this.#sequence
    return new Promise((resolve) => {
      const settle = (status: number | null): void => {
        clearTimeout(timer)
        this.#deliveries.delete(sequence)
        resolve(status)
      }
      const timer = setTimeout(() => settle(null), DELIVERY_ANSWER_MS)
      session.socket.once('close', () => settle(null))
      this.#deliveries.set(sequence, settle)
      session.socket.write(new smpp.PDU('deliver_sm', { ...fields, sequence_number: sequence }).toBuffer())
    })
  }

  /** For the latest message. */
  async receipt(fact: 'delivered' | 'failed', how: { times?: number; parts?: 'first' | 'all' } = {}): Promise<boolean> {
    const latest = this.#messages.at(-1)
    if (!latest) return false
    const all = [...latest.parts.values()].sort((a, b) => a.part - b.part)
    let isAcknowledged = false
    for (const part of how.parts === 'all' ? all : all.slice(0, 1)) {
      for (let time = 0; time < (how.times ?? 1); time++) {
        isAcknowledged = (await this.deliver(receiptFields(part, fact))) === STATUS.ok
      }
    }
    return isAcknowledged
  }

  async write({ from, line, body, id }: Written): Promise<boolean> {
    const fields = { ...addresses(from, line), data_coding: 8, short_message: ucs2(body), receipted_message_id: id }
    return (await this.deliver(fields)) === STATUS.ok
  }

  #accept(socket: Socket): void {
    const session: Session = { socket, bound: null, bytes: Buffer.alloc(0) }
    this.#sessions.add(session)
    socket.on('error', () => undefined)
    socket.on('close', () => this.#sessions.delete(session))
    socket.on('data', (chunk: Buffer) => {
      if (this.behaviour === 'cut_before_reading' && session.bound !== null) {
        socket.destroy()
        return
      }
      session.bytes = Buffer.concat([session.bytes, chunk])
      while (session.bytes.length >= 4 && session.bytes.length >= session.bytes.readUInt32BE(0)) {
        const length = session.bytes.readUInt32BE(0)
        const frame = session.bytes.subarray(0, length)
        this.frames.push(frame)
        const pdu = new smpp.PDU(frame)
        session.bytes = session.bytes.subarray(length)
        this.#take(session, pdu)
      }
    })
  }

  #take(session: Session, pdu: PDU): void {
    this.heard.push(pdu)
    if (pdu.command === 'deliver_sm_resp') return this.#deliveries.get(pdu.sequence_number)?.(pdu.command_status)
    if (pdu.command.startsWith('bind_') && !pdu.isResponse()) return this.#bind(session, pdu)
    if (pdu.command === 'submit_sm') return this.#submit(session, pdu)
    if (pdu.command === 'query_sm') return this.#query(session, pdu)
    if (pdu.command === 'enquire_link') {
      if (this.answersEnquiries) answer(session, pdu, {})
      return
    }
    if (pdu.command === 'unbind') {
      answer(session, pdu, {})
      session.socket.end()
    }
  }

  #bind(session: Session, pdu: PDU): void {
    if (this.bindStatus === -1) return
    if (this.nacksLogins) return this.#nack(session, pdu)
    if (this.refuses === pdu.command) return answer(session, pdu, { command_status: 0x0d })
    const status = this.bindStatus ?? (pdu.password === PASSWORD ? STATUS.ok : STATUS.invalidPassword)
    if (status === STATUS.ok) session.bound = pdu.command
    if (this.afterLogin) session.socket.cork()
    answer(session, pdu, status === STATUS.ok ? { system_id: 'smsc' } : { command_status: status })
    if (!this.afterLogin) return
    session.socket.write(this.afterLogin)
    session.socket.uncork()
    this.afterLogin = null
  }

  #nack({ socket }: Session, { sequence_number }: PDU): void {
    socket.write(new smpp.PDU('generic_nack', { command_status: this.nackStatus, sequence_number }).toBuffer())
  }

  #query(session: Session, pdu: PDU): void {
    const state = this.queries.get(pdu.message_id ?? '')
    if (state === undefined) return answer(session, pdu, { command_status: 0x67 })
    answer(session, pdu, { message_id: pdu.message_id ?? '', message_state: state, error_code: 0 })
  }

  #submit(session: Session, pdu: PDU): void {
    this.submits++
    if (this.nacks) return this.#nack(session, pdu)
    this.outstandingMax = Math.max(this.outstandingMax, ++this.#outstanding)
    const status = this.#statusOf(pdu)
    if (typeof status === 'number' && status !== STATUS.ok && status !== STATUS.unknownError) {
      return this.#answerSubmit(session, pdu, { command_status: status })
    }
    const id = this.behaviour === 'no_id' ? '' : this.idOf(this.taken.length + 1)
    this.#toPhone(pdu, id)
    if (status === STATUS.unknownError) return this.#answerSubmit(session, pdu, { command_status: status })
    if (status !== 'silent') this.#answerTaken(session, pdu, id)
  }

  #statusOf(pdu: PDU): number | 'silent' {
    const decided = this.decide(pdu, this.submits)
    if (decided !== null) return decided
    switch (this.behaviour) {
      case 'refuse':
        return STATUS.invalidDestination
      case 'refuse_opted_out':
        return OPTED_OUT
      case 'throttle_once':
        this.behaviour = 'accept'
        return STATUS.throttled
      case 'throttle':
        return STATUS.throttled
      case 'server_error':
        return STATUS.unknownError
      case 'lose_answer':
        return 'silent'
      default:
        return STATUS.ok
    }
  }

  #answerTaken(session: Session, pdu: PDU, id: string): void {
    const bytes = new smpp.PDU('submit_sm_resp', { message_id: id, sequence_number: pdu.sequence_number }).toBuffer()
    switch (this.behaviour) {
      case 'cut_after_reading':
        session.socket.destroy()
        return
      case 'cut_in_answer':
        session.socket.end(bytes.subarray(0, bytes.length - 3))
        return
      case 'garbage_answer':
        session.socket.write(Buffer.from('<html>502 Bad Gateway</html>'))
        return
      case 'answer_late':
        setTimeout(() => this.#answerSubmit(session, pdu, { message_id: id }), ANSWER_LATE_MS)
        return
      default:
        this.#answerSubmit(session, pdu, { message_id: id })
    }
  }

  #answerSubmit(session: Session, pdu: PDU, fields: Fields & { command_status?: number }): void {
    const now = (): void => {
      this.#outstanding--
      answer(session, pdu, fields)
    }
    if (this.holdsAnswers) this.#held.push(now)
    else now()
  }

  #toPhone(pdu: PDU, id: string): void {
    const to = `+${pdu.destination_addr}`
    const from = pdu.source_addr_ton === 1 ? `+${pdu.source_addr}` : (pdu.source_addr ?? '')
    const { body, key, of, part } = textOf(pdu)
    const taken = { pdu, body, id, part, of, reference: pdu.user_message_reference ?? null }
    this.taken.push(taken)
    const waiting = this.#messages.find(
      (one) =>
        key !== null &&
        one.to === to &&
        one.from === from &&
        one.of === of &&
        keyOf(one) === key &&
        one.parts.size < of,
    )
    const message = waiting ?? { to, from, of, parts: new Map<number, Taken>() }
    if (!waiting) this.#messages.push(message)
    message.parts.set(part, taken)
    if (message.parts.size < of) return
    const whole = [...message.parts.values()].sort((a, b) => a.part - b.part).map((one) => one.body)
    this.arrived.push({ to, from, body: whole.join(''), parts: of })
  }
}

function keyOf({ parts }: Message): number | null {
  const [first] = parts.values()
  return first ? textOf(first.pdu).key : null
}

type Decoded = Readonly<{ message: string; udh?: readonly Buffer[] }>

function textOf(pdu: PDU): Readonly<{ body: string; key: number | null; of: number; part: number }> {
  const { message, udh } = (pdu.message_payload ?? pdu.short_message) as unknown as Decoded
  const header = udh?.[0]
  const body = Buffer.isBuffer(message) ? '' : message
  if (!header || header[0] !== 0 || header.length !== 5) return { body, key: null, of: 1, part: 1 }
  return { body, key: header[2] as number, of: header[3] as number, part: header[4] as number }
}

function answer({ socket }: Session, pdu: PDU, fields: Fields & { command_status?: number }): void {
  if (!socket.writable) return
  const bytes = new smpp.PDU(`${pdu.command}_resp`, { ...fields, sequence_number: pdu.sequence_number }).toBuffer()
  socket.write(bytes)
}

export function receiptFields({ pdu, id, reference }: Taken, fact: 'delivered' | 'failed'): Fields {
  const stat = fact === 'delivered' ? 'DELIVRD' : 'UNDELIV'
  const text =
    `id:${id} sub:001 dlvrd:001 submit date:2611020900 done date:2611020901 stat:${stat} ` +
    `err:${fact === 'delivered' ? '000' : '069'} text:`
  return {
    source_addr_ton: 1,
    source_addr_npi: 1,
    source_addr: pdu.destination_addr ?? '',
    dest_addr_ton: pdu.source_addr_ton ?? 0,
    dest_addr_npi: pdu.source_addr_npi ?? 0,
    destination_addr: pdu.source_addr ?? '',
    esm_class: 4,
    data_coding: 0,
    short_message: Buffer.from(text, 'latin1'),
    ...(reference !== null && { user_message_reference: reference }),
  }
}

export function addresses(from: string, line: string): Fields {
  return {
    source_addr_ton: 1,
    source_addr_npi: 1,
    source_addr: from.replace('+', ''),
    dest_addr_ton: 1,
    dest_addr_npi: 1,
    destination_addr: line.replace('+', ''),
    esm_class: 0,
  }
}

export function ucs2(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16()
}
