/**
 * The node's side of the protocol. Public surface, all of it:
 *
 *   const agent = new Agent({ clock, journal, driver, identity, freeBytes, log?, freeBytesMin?, giveUpBallast?, link? })
 *   await agent.start()             once per process: voids what was taken, starts the driver, looks up what was started
 *   agent.opened(socket)            a new connection: any older one is destroyed, then `hello` is sent
 *   agent.received(socket, text)    one text frame; ignored unless it came over the current connection
 *   agent.closed(socket)            the connection is gone (also after the agent closed it itself; may be called twice)
 *   await agent.stop()              nothing new; waits for what is being sent, at most `stopWithinMs`
 *   agent.status()                  what it is doing, for health and tests
 *
 * `link` is how the agent steers whoever makes the connections: `ready` (this session works), `stayAway` (not before so many
 * milliseconds), `refused` (never again). After it has closed a socket by itself the agent expects a new `opened`.
 *
 * Everything that happens comes in through these calls, through timers of `clock` and through promises of `driver`. Time,
 * chance and disks exist only as `clock`, `journal` and `freeBytes`. Every commit is made before the frame that tells of it
 * is given to the socket. A process that dies is simply not called any more: what it has committed is in the journal, and a
 * new `Agent` on that journal, with a new driver, is the process after it.
 */
import { parseGatewayFrame } from '@bluewire/contract/node-protocol/gateway-frames'
import type * as g from '@bluewire/contract/node-protocol/gateway-frames'
import type { NodeFrame } from '@bluewire/contract/node-protocol/node-frames'
import type { Driver, DriverReply, InboundMessage, Receipt } from '@bluewire/drivers/driver'
import type { Clock, Timer } from '@bluewire/platform/clock'
import type { FrameSocket } from '@bluewire/platform/frame-socket'
import { errorWord, silentLog } from './agent-log.ts'
import type { AgentLog } from './agent-log.ts'
import { AttemptRunner } from './attempt-runner.ts'
import { diagnosis, driverReply } from './command-reply.ts'
import { JournalMemory } from './driver-memory.ts'
import { DurableWrites, UnwritableError } from './durable-writes.ts'
import { enterSession, makeHello, welcomeProblem } from './handshake.ts'
import type { Identity } from './handshake.ts'
import { factOfReceipt } from './journal/fact-body.ts'
import type { Journal } from './journal/journal.ts'
import { OutboxPump } from './outbox-pump.ts'
import { refusalOf } from './refusal.ts'

export const FREE_BYTES_MIN = 1024 ** 3
/** A gateway that does not answer `hello` is given up. */
const WELCOME_WITHIN_MS = 20_000
const HEALTH_EVERY_MS = 60_000
const PRUNE_EVERY_MS = 6 * 3600_000
/** Frames of one session that made no sense before the session is closed. */
const MALFORMED_MAX = 20
export const STOP_WITHIN_MS = 2_500

export type WorkSettings = g.WelcomeFrame['settings']

/** Whoever makes the connections for the agent. */
export interface LinkControl {
  /** The session works: the next reconnect need not wait long. */
  ready?(settings: WorkSettings): void
  /** Do not connect again before this many milliseconds have passed. */
  stayAway?(forMs: number): void
  /** This node may not connect again until a person has done something. */
  refused?(code: 'revoked' | 'cloned' | 'unsupported', detail: string): void
}

export type AgentDeps = Readonly<{
  clock: Clock
  journal: Journal
  driver: Driver
  identity: Identity
  freeBytes(): number
  /** Below this much free disk nothing is taken. */
  freeBytesMin?: number
  /** Frees space kept for outcomes. False when there is none. */
  giveUpBallast?(): boolean
  stopWithinMs?: number
  log?: AgentLog
  link?: LinkControl
}>

export type AgentStatus = Readonly<{
  phase: 'offline' | 'greeting' | 'working' | 'observing'
  session: number | null
  taken: number
  started: number
  /** Frames the gateway has not acknowledged. */
  unacked: number
}>

type Session = Readonly<{ number: number; mode: 'work' | 'observe'; settings: WorkSettings }>
type Connection = { readonly socket: FrameSocket; readonly conn: number; session: Session | null; malformed: number }

export class Agent {
  readonly #deps: AgentDeps
  readonly #log: AgentLog
  readonly #writes: DurableWrites
  readonly #pump: OutboxPump
  readonly #runner: AttemptRunner
  #connection: Connection | null = null
  #welcomeTimer: Timer | null = null
  #healthTimer: Timer | null = null
  #pruneTimer: Timer | null = null
  /** The gateway knows better where the driver was. */
  #isJournalNew = false
  #state: 'new' | 'running' | 'stopping' | 'stopped' = 'new'

  constructor(deps: AgentDeps) {
    this.#deps = deps
    this.#log = deps.log ?? silentLog
    const { clock, journal, driver } = deps
    const log = this.#log
    this.#writes = new DurableWrites({
      clock,
      log,
      giveUpBallast: () => deps.giveUpBallast?.() ?? false,
      recovered: () => this.#runner.advance(),
    })
    const writes = this.#writes
    this.#pump = new OutboxPump({ clock, journal, writes, log })
    this.#runner = new AttemptRunner({ clock, journal, driver, writes, log, told: () => this.#pump.push() })
  }

  async start(): Promise<void> {
    if (this.#state !== 'new') return
    const { journal, driver, clock } = this.#deps
    this.#isJournalNew = journal.position() === null // before the driver stores where it begins
    this.#writes.eventually(() => void journal.voidAllTaken('restarted', clock.nowMs()))
    this.#prune()
    await driver.start(
      {
        receipt: (receipt) => this.#receipt(receipt),
        inbound: (message, position) => this.#inbound(message, position),
        position: (position) => this.#writes.eventually(() => journal.setPosition(position)),
        healthChanged: () => this.#health(),
        linesChanged: () => this.#hangUp('lines_changed'),
        dropLink: (forMs) => this.#dropLink(forMs),
      },
      new JournalMemory({ journal, writes: this.#writes, clock }),
    )
    this.#state = 'running'
    this.#runner.resumeStarted()
  }

  opened(socket: FrameSocket): void {
    this.#connection?.socket.close('now')
    this.#disconnect()
    if (this.#state !== 'running') return socket.close('now')
    this.#pump.storeAcks()
    const { clock, freeBytes } = this.#deps
    try {
      const now = { wallMs: Math.round(clock.nowMs()), freeBytes: Math.round(freeBytes()) }
      const hello = this.#writes.now(() => makeHello(this.#deps, now))
      this.#connection = { socket, conn: hello.conn, session: null, malformed: 0 }
      this.#log.info('link.opened', { conn: hello.conn, journal: hello.journal_id, head: hello.journal_head })
      this.#send(hello)
      this.#welcomeTimer = clock.setTimer(WELCOME_WITHIN_MS, () => this.#hangUp('no_welcome'))
    } catch (error) {
      if (!(error instanceof UnwritableError)) throw error
      this.#log.error('link.no_hello', { error: errorWord(error.cause) })
      socket.close('now')
    }
  }

  received(socket: FrameSocket, text: string): void {
    const connection = this.#connection
    if (connection?.socket !== socket) return
    const parsed = parseGatewayFrame(text)
    if (!parsed.ok) return this.#malformed(connection, parsed.t, parsed.reason)
    try {
      this.#obey(connection, parsed.frame)
    } catch (error) {
      if (!(error instanceof UnwritableError)) throw error
      // What cannot be stored is not answered; the gateway asks again in its next session.
      this.#log.error('journal.unwritable', { frame: parsed.frame.t, error: errorWord(error.cause) })
      if (!connection.session) this.#hangUp('journal_unwritable')
    }
  }

  closed(socket: FrameSocket): void {
    if (this.#connection?.socket === socket) this.#disconnect()
  }

  /** What is taken and not started never runs. Sends that run may finish, within the bound; their facts are stored. */
  async stop(): Promise<void> {
    if (this.#state === 'stopping' || this.#state === 'stopped') return
    const wasRunning = this.#state === 'running'
    this.#state = 'stopping'
    const { driver, stopWithinMs } = this.#deps
    this.#runner.stop()
    this.#voidTaken('disconnected')
    this.#pump.push()
    if (wasRunning) await this.#runningDone(stopWithinMs ?? STOP_WITHIN_MS)
    await driver.stop()
    if (wasRunning) await this.#runningDone(0)
    this.#pump.storeAcks()
    this.#connection?.socket.close('politely')
    this.#disconnect()
    this.#pruneTimer?.cancel()
    this.#writes.stop()
    this.#state = 'stopped'
  }

  status(): AgentStatus {
    const { journal } = this.#deps
    const { outbox } = journal.heads()
    const session = this.#connection?.session ?? null
    const greeting = this.#connection ? 'greeting' : 'offline'
    return {
      phase: session ? (session.mode === 'work' ? 'working' : 'observing') : greeting,
      session: session?.number ?? null,
      ...journal.openCounts(),
      unacked: outbox.head - outbox.acked,
    }
  }

  #obey(connection: Connection, frame: g.GatewayFrame): void {
    switch (frame.t) {
      case 'welcome':
        return this.#welcome(connection, frame)
      case 'send':
        return this.#take(connection, frame)
      case 'void':
        return this.#void(connection, frame)
      case 'ack':
        return this.#pump.ack(frame)
      case 'command':
        return this.#command(connection, frame)
      case 'drain':
        return this.#log.info('gateway.draining')
      case 'bye':
        return this.#bye(connection, frame)
      case 'complaint':
        return this.#log.warn('gateway.complained', { about: frame.about, reason: frame.reason })
      default:
        return frame satisfies never
    }
  }

  #welcome(connection: Connection, frame: g.WelcomeFrame): void {
    if (connection.session) return this.#complain('welcome', 'this session was welcomed before')
    const { journal, clock, link } = this.#deps
    const problem = welcomeProblem(journal, frame)
    if (problem === 'acked_above_head') return this.#journalIsOld(problem)
    if (problem !== null) {
      this.#complain('welcome', `session ${frame.session} is not higher than the last one`)
      return this.#hangUp(problem)
    }
    const ready = this.#writes.now(() => enterSession(journal, frame, Math.round(clock.nowMs())))
    this.#welcomeTimer?.cancel()
    if (frame.inbound_after !== undefined && this.#isJournalNew) this.#deps.driver.resumeAt?.(frame.inbound_after)
    this.#isJournalNew = false
    connection.session = { number: frame.session, mode: frame.mode, settings: frame.settings }
    this.#log.info('session.ready', { session: frame.session, mode: frame.mode, resumed: frame.resume.length })
    this.#send(ready)
    this.#pump.open((text) => this.#connection === connection && connection.socket.send(text))
    this.#runner.open({ gapMs: frame.settings.gap_ms })
    link?.ready?.(frame.settings)
    this.#health()
  }

  #take(connection: Connection, frame: g.SendFrame): void {
    const { journal, clock, driver } = this.#deps
    if (journal.find(frame.attempt)) return this.#answerState(frame)
    const reason = refusalOf(frame, this.#admission(connection), { journal, driver })
    if (reason !== null) return this.#refuse(frame, reason)
    const { attempt, message, n, line, to, service, body, effect, reply_to: replyTo } = frame
    const taken = {
      attempt,
      message,
      n,
      line,
      to,
      service,
      body,
      session: frame.session,
      startWithinMs: frame.start_within_ms,
      ...(effect === undefined ? {} : { effect }),
      ...(replyTo === undefined ? {} : { replyTo }),
    }
    this.#writes.now(() => journal.take(taken, clock.nowMs()))
    this.#log.info('attempt.taken', { attempt, message, n })
    this.#send({ t: 'taken', session: frame.session, attempt })
    this.#runner.add(taken)
  }

  #admission({ session }: Connection) {
    const { freeBytes, freeBytesMin } = this.#deps
    return {
      session: session?.number ?? null,
      mode: session?.mode ?? 'observe',
      stopping: this.#state !== 'running',
      stuck: this.#writes.stuck,
      freeBytes: freeBytes(),
      freeBytesMin: freeBytesMin ?? FREE_BYTES_MIN,
      maxOpen: session?.settings.max_open ?? 0,
    }
  }

  /** The tombstone first: a refusal that is not durable would prove nothing. */
  #refuse({ session, attempt }: g.SendFrame, reason: string): void {
    const { journal, clock } = this.#deps
    this.#writes.now(() => journal.void(attempt, { reason, proof: true }, clock.nowMs()))
    this.#log.warn('attempt.refused', { attempt, reason })
    this.#send({ t: 'refused', session, attempt, reason })
    this.#pump.push()
  }

  /** A `send` for an attempt that is known says again what is known of it, and does nothing else. */
  #answerState({ session, attempt }: Pick<g.SendFrame, 'session' | 'attempt'>): void {
    const state = this.#deps.journal.find(attempt)?.state
    if (state === 'taken' || state === 'started') return this.#send({ t: 'taken', session, attempt })
    this.#pump.repeat(attempt)
  }

  #void(connection: Connection, { session, attempt }: g.VoidFrame): void {
    if (session !== connection.session?.number) return this.#complain('void', 'not of this session')
    const { journal, clock } = this.#deps
    if (journal.find(attempt)?.state === 'started') return // its fact will say what became of it
    if (this.#writes.now(() => journal.void(attempt, { reason: 'cancelled', proof: true }, clock.nowMs()))) {
      this.#log.info('attempt.voided', { attempt, reason: 'cancelled' })
      this.#runner.drop(attempt)
      return this.#pump.push()
    }
    this.#pump.repeat(attempt)
  }

  #command(connection: Connection, frame: g.CommandFrame): void {
    const { driver, clock } = this.#deps
    const { id, command, args } = frame
    const answer = ({ ok, detail, data }: DriverReply) => {
      if (this.#connection !== connection) return
      const words = detail === undefined ? {} : { detail: detail.slice(0, 500) }
      this.#send({ t: 'reply', id, ok, ...words, ...(data === undefined ? {} : { data }) })
    }
    if (command === 'diagnose') return answer(diagnosis(driver))
    if (command === 'look_up') return answer(this.#lookUp(frame))
    void driverReply({ command, args }, { driver, clock }).then(answer)
  }

  #lookUp({ attempt }: g.CommandFrame): DriverReply {
    if (attempt === undefined) return { ok: false, detail: 'look_up names no attempt' }
    const state = this.#deps.journal.find(attempt)?.state
    if (state === 'settled' || state === 'void') this.#pump.repeat(attempt)
    else if (state === 'started') this.#runner.lookUp(attempt)
    return { ok: state !== undefined, detail: state ?? 'absent' }
  }

  #bye(connection: Connection, { code, detail, conn }: g.ByeFrame): void {
    const { journal, link } = this.#deps
    this.#log.warn('gateway.bye', { code, detail })
    if (code === 'stale' && conn !== undefined) {
      this.#writes.now(() => journal.raiseConn(conn))
      // Each number is used once. One that the gateway has seen and this journal has not used is from a later state of it.
      if (!connection.session && conn >= connection.conn) return this.#journalIsOld(code)
    }
    if (code === 'restored') return this.#journalIsOld(code)
    this.#hangUp(code)
    if (code === 'revoked' || code === 'cloned' || code === 'unsupported') link?.refused?.(code, detail)
  }

  /** An older copy of the journal is in use: it may lack attempts that ran. It begins anew before it says hello again. */
  #journalIsOld(because: string): void {
    const { journal } = this.#deps
    this.#pump.storeAcks('forget')
    this.#voidTaken('disconnected')
    const journalId = this.#writes.now(() => journal.renew())
    this.#log.error('journal.renewed', { because, journal: journalId })
    this.#hangUp(because)
  }

  #receipt(receipt: Receipt): void {
    const fact = factOfReceipt(receipt)
    this.#writes.eventually(
      () => void this.#deps.journal.receipt(receipt.attempt, fact),
      () => this.#pump.push(),
    )
  }

  #inbound(message: InboundMessage, position?: string): void {
    this.#writes.eventually(
      () => {
        if (this.#deps.journal.inbound(message, this.#deps.clock.nowMs(), position)) return
        this.#log.error('inbound.not_understood', { service: message.service })
      },
      () => this.#pump.push(),
    )
  }

  #dropLink(forMs: number): void {
    this.#deps.link?.stayAway?.(forMs)
    this.#hangUp('asked_by_driver')
  }

  #health(): void {
    const { clock, driver, freeBytes } = this.#deps
    this.#healthTimer?.cancel()
    if (!this.#connection?.session) return
    const { state, provenAtMs, detail, checks } = driver.health()
    this.#send({
      t: 'health',
      state,
      proven_at: provenAtMs === null ? null : Math.round(provenAtMs),
      ...(detail === undefined ? {} : { detail: detail.slice(0, 500) }),
      ...(checks === undefined ? {} : { checks: [...checks] }),
      queue: this.#deps.journal.openCounts().taken,
      free_bytes: Math.round(freeBytes()),
    })
    this.#healthTimer = clock.setTimer(HEALTH_EVERY_MS, () => this.#health())
  }

  #malformed(connection: Connection, about: string | null, reason: string): void {
    connection.malformed++
    if (connection.malformed < MALFORMED_MAX) return this.#complain(about, reason)
    this.#complain(about, `${MALFORMED_MAX} frames of this session made no sense`)
    this.#hangUp('malformed')
  }

  #complain(about: string | null, reason: string): void {
    this.#log.warn('frame.not_understood', { about, reason })
    this.#send({ t: 'complaint', about: about === '' ? null : about, reason: reason.slice(0, 500) })
  }

  #send(frame: NodeFrame): void {
    this.#connection?.socket.send(JSON.stringify(frame))
  }

  /** Ends the connection from this side: nothing more is read from it. */
  #hangUp(because: string): void {
    const connection = this.#connection
    if (!connection) return
    this.#log.info('link.hung_up', { because, conn: connection.conn })
    this.#disconnect()
    connection.socket.close('now')
  }

  #disconnect(): void {
    if (!this.#connection) return
    this.#connection = null
    this.#welcomeTimer?.cancel()
    this.#healthTimer?.cancel()
    this.#pump.close()
    this.#runner.close()
    this.#voidTaken('disconnected')
  }

  #voidTaken(reason: string): void {
    const { journal, clock } = this.#deps
    if (journal.openCounts().taken === 0) return
    this.#writes.eventually(
      () => void journal.voidAllTaken(reason, clock.nowMs()),
      () => this.#pump.push(),
    )
  }

  #prune(): void {
    const { journal, clock } = this.#deps
    try {
      const pruned = this.#writes.now(() => journal.prune(clock.nowMs()))
      if (pruned > 0) this.#log.info('journal.pruned', { entries: pruned })
    } catch (error) {
      if (!(error instanceof UnwritableError)) throw error
    }
    this.#pruneTimer = clock.setTimer(PRUNE_EVERY_MS, () => this.#prune())
  }

  #runningDone(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#deps.clock.setTimer(withinMs, resolve)
      void this.#runner.idle().then(() => {
        timer.cancel()
        resolve()
      })
    })
  }
}
