/**
 * One connection of one node: hello → welcome → ready → work (PROTOCOL 8.4). Frames are taken in order; what is durable is acknowledged
 * only after its commit; a session that is fenced is closed and acknowledges nothing.
 */
import { parseDurableEnvelope, parseNodeFrame } from '@bluewire/contract/node-protocol/node-frames'
import type {
  DurableEnvelope,
  DurableFrame,
  HealthFrame,
  HelloFrame,
  NodeFrame,
  ReadyFrame,
} from '@bluewire/contract/node-protocol/node-frames'
import type { Capability } from '@bluewire/contract/node-protocol/capabilities'
import { PING_MS, PROTOCOL_VERSION } from '@bluewire/contract/node-protocol/common'
import type { ByeCode, GatewayFrame } from '@bluewire/contract/node-protocol/gateway-frames'
import type { AttemptId, GatewayId, LineId, NodeId } from '@bluewire/contract/ids'
import type { Clock, Timer } from '@bluewire/platform/clock'
import type { FrameSocket } from '@bluewire/platform/frame-socket'
import { StoreUnavailableError } from '../store/store.ts'
import type { Dispatched, FrameResult, HelloResult, Store } from '../store/store.ts'
import { Commands } from './commands.ts'
import type { CommandAnswer, NodeCommand } from './commands.ts'
import { CommittedFrames } from './committed-frames.ts'
import { InFlight } from './in-flight.ts'

/** Malformed frames a session may send before it is closed. */
const COMPLAINTS_MAX = 20
/** Before a session works nothing else would notice that its node stands still, and its attempts would stay open for ever (hole 12). */
export const HELLO_WITHIN_MS = 10_000
export const READY_WITHIN_MS = 30_000
export const OUTBOX_STEP_WITHIN_MS = 60_000
/** Frames of one node being worked at a time: above, its socket is not read; below, it is again. */
const FRAMES_WORKED_MAX = 500
const FRAMES_WORKED_MIN = 100

export type SessionSettings = Readonly<{
  /** An attempt that the node has not begun this long after it got it is never begun. */
  startWithinMs: number
  /** Unsettled attempts per line. */
  maxOpen: number
}>

export const SESSION_SETTINGS: SessionSettings = { startWithinMs: 10_000, maxOpen: 5 }

export type SessionLine = Readonly<{ id: LineId; address: string }>

export type SessionDeps = Readonly<{
  store: Store
  clock: Clock
  gateway: GatewayId
  settings: SessionSettings
  /** What happens, for logs: ids and words only. `alert`: a person should look. */
  log: (event: string, fields: Readonly<Record<string, string | number | boolean>>, level?: 'alert') => void
  /** The session may be given work. */
  onWorking: (session: NodeSession, lines: readonly SessionLine[]) => void
  onClosed: (session: NodeSession) => void
  /** Its hello is committed: older sessions of the node do not count any more. */
  onWelcomed?: (session: NodeSession) => void
}>

type State = 'greeting' | 'resuming' | 'working' | 'closed'
type Welcome = Extract<HelloResult, { kind: 'welcome' }>

export class NodeSession {
  readonly node: NodeId
  readonly #deps: SessionDeps
  readonly #socket: FrameSocket
  readonly inFlight: InFlight
  readonly #commands: Commands
  #capabilities: readonly string[] = []
  #state: State = 'greeting'
  #welcome: Welcome | null = null
  #journalId: HelloFrame['journal_id'] | null = null
  #resume: readonly AttemptId[] = []
  #committed = new CommittedFrames(0)
  /** Work begins when everything up to here is committed: a STOP may lie in the outbox (PROTOCOL 35). */
  #workAfterSeq: number | null = null
  #ackScheduled = false
  #complaints = 0
  #deadline: Timer | null = null
  #framesWorked = 0
  #isPaused = false

  constructor(node: NodeId, socket: FrameSocket, deps: SessionDeps) {
    this.node = node
    this.#socket = socket
    this.#deps = deps
    this.inFlight = new InFlight(deps.clock, {
      noTaken: () => this.bye('no_taken', 'An attempt was not taken within 10 s: the session is in doubt.'),
      lookUp: (attempt) =>
        this.#send({ t: 'command', id: `look_up_${attempt.slice(-8)}`, command: 'look_up', attempt }),
      giveUp: (attempt) => void this.#giveUp(attempt),
    })
    this.#commands = new Commands(deps.clock, (frame) => this.#send(frame))
    this.#within(HELLO_WITHIN_MS, () => this.#journalId === null, 'No hello came.')
  }

  /** Nothing of it is committed yet. */
  get isGreeting(): boolean {
    return this.#state === 'greeting'
  }

  /** The store epoch that its welcome named. */
  get toldEpoch(): number {
    return this.#welcome?.storeEpoch ?? 0
  }

  get epoch(): number {
    return this.#welcome?.epoch ?? 0
  }

  get working(): boolean {
    return this.#state === 'working' && this.#workAfterSeq === null
  }

  /** Past its handshake: it can be asked. */
  get isReady(): boolean {
    return this.#state === 'working'
  }

  /** It is told to observe: it reports, and does nothing. */
  get isObserving(): boolean {
    return this.#welcome?.paused != null
  }

  can(capability: Capability): boolean {
    return this.#capabilities.includes(capability)
  }

  get maxOpen(): number {
    return this.#deps.settings.maxOpen
  }

  /** Never throws. */
  received(text: string): void {
    if (this.#state === 'closed') return
    const parsed = parseNodeFrame(text)
    const taken = parsed.ok ? this.#take(parsed.frame) : this.#unreadable(text, parsed)
    this.#readNoFaster(1)
    void taken.catch((error: unknown) => this.#failed(error)).finally(() => this.#readNoFaster(-1))
  }

  /** The connection is gone, whoever ended it. */
  closed(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.inFlight.clear()
    this.#commands.end()
    this.#deadline?.cancel()
    this.#deps.onClosed(this)
    if (this.#welcome === null) return
    this.#deps.store
      .closed({ node: this.node, epoch: this.epoch })
      .catch((error: unknown) => this.#log('session_close_failed', error))
  }

  bye(code: ByeCode, detail: string, conn?: number): void {
    if (this.#state === 'closed') return
    this.#send({ t: 'bye', code, detail, ...(conn === undefined ? {} : { conn }) })
    this.#deps.log('session_bye', { node: this.node, code })
    this.#socket.close('politely')
    this.closed()
  }

  isSlow(line: LineId): boolean {
    return this.inFlight.isSlow(line)
  }

  drain(): void {
    this.#send({ t: 'drain' })
  }

  /** The attempt is committed as dispatched; only now does it leave. */
  dispatch(line: LineId, d: Dispatched): void {
    this.inFlight.dispatched(d.attempt, line)
    this.#send({
      t: 'send',
      session: this.epoch,
      attempt: d.attempt,
      message: d.message,
      n: d.n,
      line: d.line,
      to: d.recipient,
      service: d.service,
      body: d.body,
      start_within_ms: this.#deps.settings.startWithinMs,
    })
  }

  /** Something besides sending. Never rejects; ends with the session, or after 65 s. */
  command(command: NodeCommand): Promise<CommandAnswer> {
    if (!this.isReady) return Promise.resolve({ kind: 'no_answer', why: 'session_ended' })
    return this.#commands.ask(command)
  }

  void(attempt: AttemptId): void {
    this.#send({ t: 'void', session: this.epoch, attempt })
  }

  #send(frame: GatewayFrame): void {
    if (this.#state !== 'closed') this.#socket.send(JSON.stringify(frame))
  }

  async #take(frame: NodeFrame): Promise<void> {
    if (frame.t === 'hello') return this.#hello(frame)
    if (frame.t === 'complaint') return this.#deps.log('node_complained', { node: this.node, reason: frame.reason })
    if (this.#welcome === null || this.#state === 'greeting') return this.#complain(frame.t, 'expected hello first')
    switch (frame.t) {
      case 'ready':
        return this.#ready(frame)
      case 'fact':
      case 'void_done':
      case 'inbound':
        return this.#durable(frame)
      case 'taken':
        this.inFlight.taken(frame.attempt)
        if ((await this.#deps.store.taken(this.#key(), frame.attempt)).kind === 'fenced') this.#fenced()
        return
      case 'refused': // volatile: its void_done follows
        return
      case 'health':
        return this.#health(frame)
      case 'reply':
        this.#deps.log('node_replied', { node: this.node, id: frame.id, ok: frame.ok })
        return this.#commands.replied(frame)
      default:
        return frame satisfies never
    }
  }

  async #hello(frame: HelloFrame): Promise<void> {
    if (this.#state !== 'greeting' || this.#journalId !== null) return this.#complain('hello', 'hello was said already')
    if (frame.node !== this.node) return this.bye('revoked', 'The credential belongs to another node.')
    if (frame.protocol !== PROTOCOL_VERSION)
      return this.bye('unsupported', `This gateway speaks version ${PROTOCOL_VERSION}.`)
    this.#journalId = frame.journal_id
    this.#capabilities = frame.capabilities
    const answer = await this.#deps.store.hello({ gateway: this.#deps.gateway, frame })
    if (this.#state !== 'greeting') {
      // The connection broke while the hello was committed: the session that nobody has must not look alive.
      if (answer.kind === 'welcome') await this.#deps.store.closed({ node: this.node, epoch: answer.epoch })
      return
    }
    if (answer.kind === 'bye') return this.bye(answer.code, answer.detail, answer.conn)
    this.#welcome = answer
    this.#resume = answer.resume.map((r) => r.attempt)
    this.#committed = new CommittedFrames(answer.ackedSeq)
    this.#workAfterSeq = frame.outbox.head
    this.#state = 'resuming'
    // Fewer lines than were offered: another node that is connected has the others.
    this.#deps.log('session_hello', {
      node: this.node,
      epoch: answer.epoch,
      resume: answer.resume.length,
      lines: answer.lines.length,
      offered: frame.lines.length,
    })
    if (answer.isNewPause) this.#deps.log('node_paused', { node: this.node, reason: 'two_machines' }, 'alert')
    if (answer.ahead) this.#deps.log('node_ahead_of_store', { node: this.node, account: answer.account }, 'alert')
    this.#deps.onWelcomed?.(this)
    this.#within(READY_WITHIN_MS, () => this.#state === 'resuming', 'No ready came.')
    this.#sendWelcome(answer)
  }

  #sendWelcome(answer: Welcome): void {
    this.#send({
      t: 'welcome',
      session: answer.epoch,
      store_epoch: answer.storeEpoch,
      mode: answer.paused === null ? 'work' : 'observe',
      ...(answer.paused === null ? {} : { reason: answer.paused.detail }),
      acked_seq: answer.ackedSeq,
      resume: [...answer.resume],
      settings: {
        ping_ms: PING_MS,
        start_within_ms: this.#deps.settings.startWithinMs,
        gap_ms: 0, // pacing is the gateway's (docs/decisions/0011)
        max_open: this.#deps.settings.maxOpen,
      },
      ...(answer.inboundAfter === null ? {} : { inbound_after: answer.inboundAfter }),
      ...(answer.recoverSinceMs === null ? {} : { recover_since: answer.recoverSinceMs }),
    })
  }

  async #ready(frame: ReadyFrame): Promise<void> {
    if (this.#state !== 'resuming') return this.#complain('ready', 'ready was said already')
    if (frame.session !== this.epoch) return this.#complain('ready', 'ready of another session')
    const result = await this.#deps.store.ready(this.#key(), frame, this.#resume)
    if (result.kind === 'fenced') return this.#fenced()
    if (result.kind === 'incomplete') return this.bye('malformed', `ready says nothing of ${result.missing}`)
    if (this.#stateNow() !== 'resuming') return
    for (const attempt of result.awaited) this.inFlight.started(attempt)
    this.#state = 'working'
    this.#workAfterSeq = Math.max(this.#workAfterSeq ?? 0, frame.outbox_head)
    this.#watchOutbox()
    await this.#maybeWork()
  }

  /** What lay in the outbox has to come: until then the node gets no work, and its lines wait. */
  #watchOutbox(): void {
    const before = this.#committed.upTo
    const stands = (): boolean => {
      if (this.#workAfterSeq === null) return false
      if (this.#committed.upTo === before) return true
      this.#watchOutbox()
      return false
    }
    this.#within(OUTBOX_STEP_WITHIN_MS, stands, 'Nothing of the outbox came.')
  }

  /** Ends the session when, after that time, `stands` still holds. */
  #within(delayMs: number, stands: () => boolean, detail: string): void {
    this.#deadline?.cancel()
    this.#deadline = this.#deps.clock.setTimer(delayMs, () => {
      if (stands()) this.bye('silent', detail)
    })
  }

  /** A node that says more than can be committed waits for it. */
  #readNoFaster(change: 1 | -1): void {
    this.#framesWorked += change
    if (!this.#isPaused && this.#framesWorked > FRAMES_WORKED_MAX) {
      this.#isPaused = true
      this.#socket.pause?.()
    } else if (this.#isPaused && this.#framesWorked < FRAMES_WORKED_MIN) {
      this.#isPaused = false
      this.#socket.resume?.()
    }
  }

  async #health(frame: HealthFrame): Promise<void> {
    const { state, detail = null, proven_at: provenAtMs, checks = [] } = frame
    const result = await this.#deps.store.health(this.#key(), { state, detail, provenAtMs, checks })
    if (result.kind === 'fenced') return this.#fenced()
    if (!result.isNews) return
    if (result.hold === null) return this.#deps.log('node_released', { node: this.node })
    const { why, check } = result.hold
    this.#deps.log('node_held', { node: this.node, reason: why, ...(check === null ? {} : { check }) }, 'alert')
  }

  async #durable(frame: DurableFrame): Promise<void> {
    if (frame.journal_id !== this.#journalId) return this.#complain(frame.t, 'of another journal than hello said')
    const result = await this.#apply(frame).catch((error: unknown) => this.#orphan(frame, error))
    if (result.kind === 'fenced') return this.#fenced()
    if (frame.t !== 'inbound') this.inFlight.settled(frame.attempt)
    await this.#frameCommitted(frame.seq)
  }

  /** Acknowledged as far as no frame is missing. */
  async #frameCommitted(seq: number): Promise<void> {
    const added = this.#committed.add(seq)
    if (this.#committed.hasTooMany) return this.bye('malformed', `Frame ${this.#committed.upTo + 1} is missing.`)
    if (added === 'beyond') return
    if (added === 'caught_up' && this.#journalId !== null) {
      const through = { journalId: this.#journalId, seq: this.#committed.upTo }
      if ((await this.#deps.store.committedThrough(this.#key(), through)).kind === 'fenced') return this.#fenced()
    }
    this.#acknowledgeSoon()
    await this.#maybeWork()
  }

  #apply(frame: DurableFrame): Promise<FrameResult> {
    const { store } = this.#deps
    if (frame.t === 'fact') return store.fact(this.#key(), frame)
    if (frame.t === 'void_done') return store.voidDone(this.#key(), frame)
    return store.inbound(this.#key(), frame)
  }

  /** What cannot be applied (a bug, a newer kind) is kept raw and acknowledged, or it would block everything behind it for ever. */
  #orphan(frame: DurableFrame | DurableEnvelope, error: unknown): Promise<FrameResult> {
    if (error instanceof StoreUnavailableError) throw error
    const { journal_id: journalId, seq } = frame
    const reason = error instanceof Error ? error.message : String(error)
    this.#deps.log('frame_orphaned', { node: this.node, seq, reason }, 'alert')
    const text = JSON.stringify('body' in frame ? { ...frame, body: '' } : frame)
    return this.#deps.store.orphan(this.#key(), { journalId, seq, text, reason })
  }

  /** A frame that makes no sense. One that has its place in the journal is kept: an acknowledgement of what follows covers it too. */
  async #unreadable(text: string, problem: { t: string | null; reason: string }): Promise<void> {
    const envelope = this.#welcome === null ? null : parseDurableEnvelope(text)
    if (envelope === null || envelope.journal_id !== this.#journalId) return this.#complain(problem.t, problem.reason)
    if (!this.#committed.has(envelope.seq)) {
      const result = await this.#orphan(envelope, new Error(problem.reason))
      if (result.kind === 'fenced') return this.#fenced()
    }
    await this.#frameCommitted(envelope.seq)
  }

  /** One ack for all that were committed in this turn. */
  #acknowledgeSoon(): void {
    if (this.#ackScheduled) return
    this.#ackScheduled = true
    this.#deps.clock.soon(() => {
      this.#ackScheduled = false
      if (this.#journalId !== null) this.#send({ t: 'ack', journal_id: this.#journalId, seq: this.#committed.upTo })
    })
  }

  async #maybeWork(): Promise<void> {
    if (this.#state !== 'working' || this.#workAfterSeq === null || this.#committed.upTo < this.#workAfterSeq) return
    this.#workAfterSeq = null
    if (this.#welcome?.recoverSinceMs != null && this.#welcome.vouches) {
      const { kind } = await this.#deps.store.recovered(this.#key())
      if (kind === 'fenced') return this.#fenced()
    }
    if (this.working) this.#deps.onWorking(this, this.#welcome?.lines ?? [])
  }

  async #giveUp(attempt: AttemptId): Promise<void> {
    try {
      const { kind } = await this.#deps.store.giveUp(this.#key(), attempt, 'no_outcome')
      if (kind === 'fenced') this.#fenced()
    } catch (error) {
      this.#failed(error)
    }
  }

  #key(): { node: NodeId; epoch: number } {
    return { node: this.node, epoch: this.epoch }
  }

  /** Somebody else holds the node now: nothing of this connection counts any more. */
  #fenced(): void {
    this.bye('replaced', 'A newer session of this node took over.')
  }

  /** What could not be committed is not acknowledged; the node says it again on its next connection. */
  #failed(error: unknown): void {
    this.#log('session_failed', error)
    this.bye('store', 'The gateway cannot store what this node says. Try again later.')
  }

  #complain(about: string | null, reason: string): void {
    this.#complaints++
    if (this.#complaints > COMPLAINTS_MAX) return this.bye('malformed', 'Too many frames that make no sense.')
    this.#send({ t: 'complaint', about, reason })
  }

  #log(event: string, error: unknown): void {
    this.#deps.log(event, { node: this.node, error: error instanceof Error ? error.message : String(error) })
  }

  /** `#state` may have changed while something was awaited; the compiler cannot know. */
  #stateNow(): State {
    return this.#state
  }
}
