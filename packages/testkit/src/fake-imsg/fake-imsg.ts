/**
 * imsg and the Mac behind it, seen from a test. `path` is a program as a driver wants it, and each child is a real process; what reached
 * a phone is in `left`, whatever anybody says of it. `behave` makes the next call go wrong.
 *
 *   await using imsg = await FakeImsg.make({ version: '0.15', bridge: true })
 *   imsg.behave({ process: 'dies', message: 'leaves' })    the text goes out, and the child dies before it says so
 *   imsg.receive({ from: '+1415…', text: 'hi' })
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { FakeMessages, messagePayload } from './fake-messages.ts'
import type { FakeChat, FakeRow, FakeService, Left } from './fake-messages.ts'
import { answerTo } from './fake-answers.ts'
import type { Answered } from './fake-answers.ts'
import { methodOf } from './rpc-methods.ts'
import type { ImsgVersion } from './rpc-methods.ts'
import type { FromMac, RpcError, ToMac } from './wire.ts'

/** What the row of a message becomes; nothing said: sent and, by iMessage, delivered. */
export type RowFate = Readonly<{
  /** `ghost`: empty and in no chat; `none`: there is no row at all. */
  kind?: 'usual' | 'ghost' | 'none'
  guid?: string
  staysPending?: true
  error?: number
  wasDowngraded?: true
  isNeverDelivered?: true
  isRead?: true
}>

export type Rule = Readonly<{
  /** A method; `send`: all that send. Left out: all that send. */
  on?: string
  /** Only calls with such parameters. */
  when?: (params: Readonly<Record<string, unknown>>) => boolean
  /** How many calls it is for; 1 unless said otherwise. */
  times?: number
  /** Whether the message reaches a phone; it does, unless said otherwise. `late`: when the test says so, with `leaveLate`. */
  message?: 'leaves' | 'stays' | 'late'
  row?: RowFate
  /** `bare`: `{"ok":true}` and no more; `none`: never. */
  answer?: 'usual' | 'bare' | 'none' | RpcError | Readonly<{ result: unknown }>
  /** Once the message has left or not: `dies`; `stops`: it neither reads nor answers any more, and can only be killed. */
  process?: 'dies' | 'stops'
  /** Written to standard output before the answer: lines, or so many bytes without an end. */
  writes?: readonly (string | number)[]
  /** Happens after the call was carried out, and before its answer. */
  meanwhile?: () => void
  /** Answered after this many later calls were answered. */
  answerAfterCalls?: number
}>

export type Heard = Readonly<{ child: number; method: string; params: Readonly<Record<string, unknown>> }>
type Child = { number: number; socket: Socket; watches: Map<number, { cursor: number }> }
type Options = Readonly<{ version?: ImsgVersion; bridge?: boolean }>

const COMPILED = join(import.meta.dirname, '../../../../node_modules/.cache/fake-imsg')

export class FakeImsg implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'imsg-'))
  readonly path = join(this.folder, 'imsg')
  readonly messages = new FakeMessages()
  /** Every call of every child. */
  readonly heard: Heard[] = []
  version: ImsgVersion
  isBridgeUp: boolean
  isDatabaseReadable = true
  /** How often each message of a watch is told. */
  tellsTimes = 1
  /** Children that were started so far. */
  started = 0
  readonly #server: Server
  readonly #children = new Set<Child>()
  readonly #rules: { rule: Rule; left: number }[] = []
  readonly #late: (() => void)[] = []
  readonly #delayed: { after: number; answer: () => void }[] = []
  #subscriptions = 0
  #overflows = 0

  private constructor({ version = '0.15', bridge = false }: Options) {
    this.version = version
    this.isBridgeUp = bridge
    this.#server = createServer((socket) => this.#accept(socket))
    const main = join(import.meta.dirname, 'rpc-main.ts')
    // Kept compiled: a child that is started anew in each of a hundred stories is half the cost of them.
    const program = `NODE_COMPILE_CACHE='${COMPILED}' exec '${process.execPath}' '${main}' '${this.folder}' "$@"`
    writeFileSync(this.path, `#!/bin/sh\n${program}\n`, { mode: 0o755 })
  }

  static async make(options: Options = {}): Promise<FakeImsg> {
    const imsg = new FakeImsg(options)
    await new Promise<void>((resolve) => imsg.#server.listen(join(imsg.folder, 'mac.sock'), resolve))
    return imsg
  }

  /** All that reached somebody, in order. */
  get left(): readonly Left[] {
    return this.messages.left
  }

  /** Children that run now. */
  get running(): number {
    return this.#children.size
  }

  behave(rule: Rule): void {
    this.#rules.push({ rule, left: rule.times ?? 1 })
  }

  /** What was held back by `late` leaves now. */
  leaveLate(): void {
    for (const leave of this.#late.splice(0)) leave()
  }

  /** The next message of a watch is dropped, with all after it. */
  overflowNext(): void {
    this.#overflows++
  }

  /** Somebody writes; a chat is made when there is none. */
  receive(message: Readonly<{ from: string; text: string; service?: FakeService }> & Partial<FakeRow>): FakeRow {
    const { from, text, service = 'iMessage', chat, ...more } = message
    const where = chat ?? this.messages.chatWith(from, service) ?? this.messages.addChat({ identifier: from, service })
    return this.add({ chat: where, sender: from, text, ...more })
  }

  /** A row as it is, told to whoever watches. */
  add(row: Partial<FakeRow> & Pick<FakeRow, 'chat'>): FakeRow {
    const made = this.messages.addRow(row)
    this.#tell(made)
    return made
  }

  /** What a row becomes afterwards; no watch tells it. */
  change(guid: string, change: Partial<FakeRow>): void {
    const row = this.messages.row(guid)
    if (!row) throw new Error(`there is no row ${guid}`)
    Object.assign(row, change)
  }

  chat(identifier: string, more: Partial<FakeChat> = {}): FakeChat {
    return this.messages.addChat({ identifier, ...more })
  }

  /** The database was replaced: other numbers, and every watch that is open keeps the file that is gone. */
  renumber(): void {
    this.messages.renumber()
    for (const child of this.#children) child.watches.clear()
  }

  /** A line that every running child writes. */
  write(line: string): void {
    for (const child of this.#children) this.#say(child, { kind: 'write', line })
  }

  /** Every running child ends. */
  end(how: 'exit' | 'stop' = 'exit'): void {
    for (const child of this.#children) this.#say(child, { kind: 'end', how })
  }

  calls(method: string): readonly Heard[] {
    return this.heard.filter((heard) => heard.method === method)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.#children) socket.destroy()
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()))
    rmSync(this.folder, { recursive: true, force: true })
  }

  #accept(socket: Socket): void {
    const child: Child = { number: ++this.started, socket, watches: new Map() }
    this.#children.add(child)
    socket.on('error', () => undefined)
    socket.on('close', () => this.#children.delete(child))
    const lines = createInterface({ input: socket })
    lines.on('error', () => undefined) // of the socket: the child was killed
    lines.on('line', (line) => this.#called(child, JSON.parse(line) as ToMac))
    this.#say(child, { kind: 'hello', version: this.version })
  }

  #called(child: Child, { id, method, params }: ToMac): void {
    this.heard.push({ child: child.number, method, params })
    const rule = this.#ruleFor(method, params)
    const answered = this.#carryOut(child, { method, params, rule })
    rule.meanwhile?.()
    for (const written of rule.writes ?? []) {
      this.#say(
        child,
        typeof written === 'number' ? { kind: 'write', bytes: written } : { kind: 'write', line: written },
      )
    }
    if (rule.process) return this.#say(child, { kind: 'end', how: rule.process === 'dies' ? 'exit' : 'stop' })
    if (rule.answer === 'none') return
    const answer = () => {
      this.#say(child, {
        kind: 'answer',
        id,
        ...(answered.error ? { error: answered.error } : { result: answered.result }),
      })
      answered.afterwards?.()
    }
    if (rule.answerAfterCalls !== undefined) this.#delayed.push({ after: rule.answerAfterCalls, answer })
    else {
      answer()
      this.#countDelayed()
    }
  }

  #countDelayed(): void {
    for (const delayed of this.#delayed.splice(0)) {
      delayed.after--
      if (delayed.after > 0) this.#delayed.push(delayed)
      else delayed.answer()
    }
  }

  #ruleFor(method: string, params: ToMac['params']): Rule {
    const isFor = ({ on = 'send', when }: Rule) =>
      (on === method || (on === 'send' && method.startsWith('send'))) && when?.(params) !== false
    const found = this.#rules.find(({ rule, left }) => left > 0 && isFor(rule))
    if (!found) return {}
    found.left--
    return found.rule
  }

  #carryOut(child: Child, call: Readonly<{ method: string; params: ToMac['params']; rule: Rule }>): Answered {
    const { method, params, rule } = call
    if (method === 'watch.subscribe') return this.#subscribe(child, params)
    if (method === 'watch.unsubscribe') {
      child.watches.delete(Number(params['subscription']))
      return { result: { ok: true } }
    }
    const answered = answerTo(method, params, {
      imsg: this,
      rule,
      add: (row) => this.add(row),
      hold: (leave) => this.#late.push(leave),
    })
    if (typeof rule.answer === 'object') return 'code' in rule.answer ? { error: rule.answer } : rule.answer
    if (rule.answer === 'bare') return { result: { ok: true } }
    return answered
  }

  #subscribe(child: Child, { since_rowid }: ToMac['params']): Answered {
    if (!this.isDatabaseReadable) return { error: { code: -32002, message: 'Database unavailable' } }
    const subscription = ++this.#subscriptions
    const since = typeof since_rowid === 'number' ? since_rowid : 0
    // 0 begins at the end, and -1 at the beginning.
    const cursor = since > 0 ? since : since < 0 ? 0 : this.messages.tail
    const backlog = this.messages.rows.filter(({ id, chat }) => id > cursor && chat !== null)
    const afterwards = () => {
      child.watches.set(subscription, { cursor })
      for (const row of backlog) this.#tellTo(child, subscription, row)
    }
    return { result: { subscription, buffer_limit: 256 }, afterwards }
  }

  #tell(row: FakeRow): void {
    if (!row.chat) return
    for (const child of this.#children)
      for (const subscription of child.watches.keys()) this.#tellTo(child, subscription, row)
  }

  #tellTo(child: Child, subscription: number, row: FakeRow): void {
    const watch = child.watches.get(subscription)
    if (!watch) return
    if (this.#overflows > 0) {
      this.#overflows--
      child.watches.delete(subscription)
      const params = { subscription, resume_after_rowid: watch.cursor, reason: 'buffer_limit_exceeded', terminal: true }
      return this.#notify(child, 'watch.overflow', params)
    }
    watch.cursor = Math.max(watch.cursor, row.id)
    const cursor = methodOf('messages.after', this.version) ? watch.cursor : undefined
    for (let i = 0; i < this.tellsTimes; i++) {
      this.#notify(child, 'message', { subscription, message: messagePayload(row, cursor) })
    }
  }

  #notify(child: Child, method: string, params: object): void {
    this.#say(child, { kind: 'write', line: JSON.stringify({ jsonrpc: '2.0', method, params }) })
  }

  #say({ socket }: Child, said: FromMac): void {
    if (socket.writable) socket.write(`${JSON.stringify(said)}\n`)
  }
}
