/**
 * One connection to an SMSC, from its socket to its end: requests and their answers by sequence number, the answers to what the SMSC asks,
 * and the question whether it is still there. It is opened once and closed once; who wants another opens another.
 *
 * Nothing is thrown at the callbacks of the socket: what cannot be read ends the connection.
 */
import type { Socket } from 'node:net'
import type { Clock, Timer } from '@bluewire/platform/clock'
import type { Fields } from 'smpp'
import { SmppFrames } from './smpp-frames.ts'
import { decodePdu, encodePdu } from './smpp-pdu.ts'
import type { Header, Pdu } from './smpp-pdu.ts'

export const STATUS = { ok: 0, invalidCommand: 0x03, invalidTlvs: 0xc0, tryLater: 0x64 } as const

/** Why it ended. `garbage`: the SMSC sent what is no SMPP. `silent`: it did not answer. */
export type Ending = Readonly<{
  why: 'closed' | 'error' | 'silent' | 'garbage' | 'unbound' | 'stopped'
  detail: string
}>

export type Answer =
  | Readonly<{ kind: 'answer'; pdu: Pdu }>
  /** It was written, or part of it, and nothing is known. */
  | Readonly<{ kind: 'none'; why: 'late' | 'lost' | 'unreadable' }>
  | Readonly<{ kind: 'not_written' }>

export type Request = Readonly<{
  command: string
  fields?: Fields
  withinMs: number
  /** The answer after all, when the promise has said that there was none. */
  late?: (pdu: Pdu) => void
  /** The SMSC does not owe this answer any more: it came, or the connection is gone. */
  over?: () => void
}>

export type ConnectionEvents = Readonly<{
  /** Before anything is sent or read. */
  open(): void
  /** The SMSC wants something that is not answered here: `deliver_sm`, `data_sm`. */
  request(pdu: Pdu): void
  /** The SMSC answered something that it was asked. */
  alive(): void
  /** Once; requests that wait are settled right after it. */
  ended(ending: Ending): void
}>

export type ConnectionDeps = Readonly<{
  clock: Clock
  events: ConnectionEvents
  log(event: string, fields: Readonly<Record<string, string | number | boolean>>): void
}>

type Waiting = { command: string; request: Request; settle: ((answer: Answer) => void) | null; timer: Timer }

/** What the SMSC has not read of ours. A peer that asks and never reads would fill our memory with answers to it. */
const UNREAD_BYTES_MAX = 1_048_576
/** Of one connection. Who sends nonsense may send a lot of it. */
const NOISE_MAX = 20
const SEQUENCE_MAX = 0x7fffffff
const DELIVERIES = new Set(['deliver_sm', 'data_sm'])

export class SmppConnection {
  readonly #socket: Socket
  readonly #deps: ConnectionDeps
  readonly #frames = new SmppFrames()
  readonly #waiting = new Map<number, Waiting>()
  #sequence = 0
  #overdue = 0
  #noise = 0
  #isOpen = false
  #ending: Ending | null = null

  /** `openedBy`: the socket's event after which it can be written to. */
  constructor(socket: Socket, openedBy: 'connect' | 'secureConnect', deps: ConnectionDeps) {
    this.#socket = socket
    this.#deps = deps
    socket.setNoDelay(true)
    socket.once(openedBy, () => {
      this.#isOpen = true
      deps.events.open()
    })
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('error', (error) => this.close({ why: 'error', detail: error.message }))
    socket.on('end', () => this.close({ why: 'closed', detail: 'the SMSC closed the connection' }))
    socket.on('close', () => this.close({ why: 'closed', detail: 'the connection was closed' }))
  }

  /** Requests whose answer is late and still waited for. */
  get overdue(): number {
    return this.#overdue
  }

  get isOpen(): boolean {
    return this.#isOpen && this.#ending === null
  }

  /** Writes at once, before it returns: what was asked right before still holds. */
  request(request: Request): Promise<Answer> {
    const { command, withinMs } = request
    const sequence = this.#nextSequence()
    const bytes = this.isOpen ? this.#encode(request, sequence) : null
    if (!bytes) {
      request.over?.()
      return Promise.resolve({ kind: 'not_written' })
    }
    return new Promise((settle) => {
      const timer = this.#deps.clock.setTimer(withinMs, () => this.#isLate(sequence))
      this.#waiting.set(sequence, { command, request, settle, timer })
      this.#write(bytes)
    })
  }

  respond(to: Pdu | Header, command: string, status: number): void {
    const sequence = 'sequence' in to ? to.sequence : to.sequence_number
    if (this.isOpen) this.#write(encodePdu({ command, status, sequence }))
  }

  /** At once; everything that waits learns that nothing is known. */
  close(ending: Ending): void {
    this.#socket.destroy()
    this.#end(ending)
  }

  #encode({ command, fields }: Request, sequence: number): Buffer | null {
    try {
      return encodePdu({ command, sequence, ...(fields && { fields }) })
    } catch (error) {
      // A value that has no place in its field; nothing of it was written.
      this.#deps.log('smpp.not_encoded', { command, error: error instanceof Error ? error.name : 'unknown' })
      return null
    }
  }

  #nextSequence(): number {
    do {
      this.#sequence = this.#sequence >= SEQUENCE_MAX ? 1 : this.#sequence + 1
    } while (this.#waiting.has(this.#sequence))
    return this.#sequence
  }

  #write(bytes: Buffer): void {
    this.#socket.write(bytes)
    if (this.#socket.writableLength > UNREAD_BYTES_MAX) {
      this.close({ why: 'silent', detail: 'the SMSC does not read what it is sent' })
    }
  }

  #read(chunk: Buffer): void {
    try {
      if (this.#ending) return
      const frames = this.#frames.push(chunk)
      if (!frames) return this.close(GARBAGE)
      for (const frame of frames) {
        if (this.#ending) return
        this.#take(frame)
      }
    } catch (error) {
      this.#deps.log('smpp.read_failed', { error: error instanceof Error ? error.name : 'unknown' })
      this.close(GARBAGE)
    }
  }

  #take(frame: Buffer): void {
    const decoded = decodePdu(frame)
    if (decoded.kind === 'malformed') return this.#takeMalformed(decoded)
    const { pdu } = decoded
    if (pdu.isResponse()) return this.#answered(pdu)
    if (pdu.command === 'enquire_link') return this.respond(pdu, 'enquire_link_resp', STATUS.ok)
    if (DELIVERIES.has(pdu.command)) return this.#deps.events.request(pdu)
    if (pdu.command === 'unbind') {
      this.respond(pdu, 'unbind_resp', STATUS.ok)
      this.#socket.destroySoon()
      return this.#end({ why: 'unbound', detail: 'the SMSC ended the session' })
    }
    if (pdu.command === 'alert_notification' || pdu.command === 'outbind') {
      // Neither has an answer. We log in by ourselves, and nobody here waits for a phone to come back.
      this.#logNoise('smpp.ignored', { command: pdu.command })
      return
    }
    this.#logNoise('smpp.command_unknown', { id: pdu.command_id })
    this.respond(pdu, 'generic_nack', STATUS.invalidCommand)
  }

  /**
   * A delivery that cannot be read is refused for good: were the connection dropped for it, the SMSC would send it again after each login,
   * for ever. Everything else that cannot be read leaves no ground to stand on.
   */
  #takeMalformed({ header, command }: Readonly<{ header: Header; command: string | null }>): void {
    this.#logNoise('smpp.pdu_malformed', { command: command ?? 'unknown' })
    if (command === null || !DELIVERIES.has(command)) return this.close(GARBAGE)
    this.respond(header, `${command}_resp`, STATUS.invalidTlvs)
  }

  #answered(pdu: Pdu): void {
    const sequence = pdu.sequence_number
    const waiting = this.#waiting.get(sequence)
    const isFor = pdu.command === `${waiting?.command}_resp` || pdu.command === 'generic_nack'
    if (!waiting || !isFor) {
      this.#logNoise('smpp.answer_unasked', { command: pdu.command, sequence, status: pdu.command_status })
      return
    }
    this.#deps.events.alive()
    this.#over(sequence, waiting)
    if (waiting.settle) return waiting.settle({ kind: 'answer', pdu })
    this.#overdue--
    waiting.request.late?.(pdu)
  }

  #over(sequence: number, { timer, request }: Waiting): void {
    timer.cancel()
    this.#waiting.delete(sequence)
    request.over?.()
  }

  #logNoise(event: string, fields: Parameters<ConnectionDeps['log']>[1]): void {
    if (this.#noise++ < NOISE_MAX) this.#deps.log(event, fields)
  }

  #isLate(sequence: number): void {
    const waiting = this.#waiting.get(sequence)
    if (!waiting?.settle) return
    waiting.settle({ kind: 'none', why: 'late' })
    waiting.settle = null
    // An answer that nobody wants to hear late need not be remembered.
    if (waiting.request.late) this.#overdue++
    else this.#over(sequence, waiting)
  }

  /** Whoever is told that there was no answer finds the connection gone already. */
  #end(ending: Ending): void {
    if (this.#ending) return
    this.#ending = ending
    this.#deps.events.ended(ending)
    const why = ending.why === 'garbage' ? 'unreadable' : 'lost'
    for (const { timer, settle, request } of this.#waiting.values()) {
      timer.cancel()
      request.over?.()
      settle?.({ kind: 'none', why })
    }
    this.#waiting.clear()
  }
}

const GARBAGE: Ending = { why: 'garbage', detail: 'the SMSC sent bytes that are no SMPP 3.4' }
