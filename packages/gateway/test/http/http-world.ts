/**
 * The world of the HTTP tests: the real server, store (one SQLite file each), waiters, dispatcher and node sessions; only the node is
 * scripted. It speaks real frames over a socket in memory, and does what the test says.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AccountId, AttemptId, JournalId, LineId, NodeId, Service, TokenId, Ulid } from '@bluewire/contract/ids'
import { MAGIC_RECIPIENTS } from '@bluewire/contract/magic-recipients'
import type { SendFrame } from '@bluewire/contract/node-protocol/gateway-frames'
import { newUlidSource, systemChance } from '@bluewire/platform/chance'
import { systemClock } from '@bluewire/platform/clock'
import { openDurably } from '@bluewire/platform/sqlite'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { pino } from 'pino'
import { expect } from 'vitest'
import { newToken, SCOPES } from '../../src/accounts/tokens.ts'
import type { Scope } from '../../src/accounts/tokens.ts'
import { InProcessBus } from '../../src/bus/in-process-bus.ts'
import { Dispatcher } from '../../src/delivery/dispatcher.ts'
import { Waiters } from '../../src/delivery/waiters.ts'
import { HTTP_DEFAULTS } from '../../src/http/http-deps.ts'
import type { HttpOptions } from '../../src/http/http-deps.ts'
import { createHttpServer } from '../../src/http/server.ts'
import { createMetrics } from '../../src/metrics.ts'
import type { Metrics } from '../../src/metrics.ts'
import { SESSION_SETTINGS } from '../../src/nodes/node-session.ts'
import { sqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import type { Store } from '../../src/store/store.ts'
import type { Plan } from '../../src/store/tables.ts'
import { ScriptedNode } from './scripted-node.ts'
import type { Script } from './scripted-node.ts'

/** As in a real gateway: a busy machine still has its outcome within it. What is about waiting asks for less. */
const SEND_WAIT_MS = 4000

export type WorldOptions = Partial<HttpOptions> &
  Readonly<{ gapMs?: number; burst?: number; wrapStore?: (store: Store) => Store }>

export type NewTenant = Readonly<{
  plan?: Plan
  quotaLimit?: number | null
  entitlements?: readonly string[]
  region?: string
  scopes?: readonly Scope[]
}>

export type Tenant = Readonly<{ account: AccountId; token: string; tokenId: TokenId }>

export type NewNode = Readonly<{
  name?: string
  simulated?: boolean
  lines?: ReadonlyArray<Readonly<{ address: string; services?: Service[]; sends?: boolean }>>
  script?: Script
}>

/** Asks until it is so; a busy machine takes its time. */
export function eventually<T>(ask: () => T): ReturnType<typeof expect.poll<T>> {
  return expect.poll(ask, { timeout: 20_000, interval: 10 })
}

export const LINE = '+15005550001'
export const SMS_LINE = '+15005550002'

export class HttpWorld {
  readonly app: FastifyInstance
  readonly store: Store
  readonly bus: InProcessBus
  readonly waiters: Waiters
  readonly metrics: Metrics
  readonly ulid: Ulid
  readonly logged: Array<Record<string, unknown>> = []
  readonly state = { draining: false, diskFull: false }
  readonly errors: unknown[] = []
  readonly #folder = mkdtempSync(join(tmpdir(), 'bluewire-http-'))
  readonly #raw
  readonly #dispatcher: Dispatcher
  readonly #nodes: ScriptedNode[] = []

  constructor(options: WorldOptions = {}) {
    const clock = systemClock
    this.ulid = newUlidSource(() => clock.nowMs(), systemChance)
    this.bus = new InProcessBus((error) => this.errors.push(error))
    this.#raw = openDurably(join(this.#folder, 'store.sqlite'))
    const store = sqliteStore(this.#raw, {
      clock,
      ulid: this.ulid,
      lineDefaults: { gapMs: options.gapMs ?? 0, burst: options.burst ?? 5 },
      onHints: (hints) => this.bus.publish(hints),
      onFatal: (error) => this.errors.push(error),
    })
    this.store = options.wrapStore?.(store) ?? store
    this.waiters = new Waiters(this.store, this.bus, clock)
    this.metrics = createMetrics(this.store)
    this.#dispatcher = new Dispatcher(this.bus, {
      store: this.store,
      clock,
      newAttemptId: (): AttemptId => `attempt_${this.ulid()}`,
      mayDispatch: () => true,
      onError: (error) => this.errors.push(error),
    })
    const logger = pino(
      { base: null },
      { write: (line: string) => void this.logged.push(JSON.parse(line) as Record<string, unknown>) },
    )
    this.app = createHttpServer({
      store: this.store,
      waiters: this.waiters,
      clock,
      ulid: this.ulid,
      logger,
      metrics: this.metrics,
      state: { draining: () => this.state.draining, diskFull: () => this.state.diskFull },
      options: {
        ...HTTP_DEFAULTS,
        publicUrl: 'http://127.0.0.1:8080',
        trustProxy: false,
        sendWaitMs: SEND_WAIT_MS,
        adText: 'Sent with Bluewire',
        ...options,
      },
    })
  }

  /** An account with a token. By default as the quick start makes it: unlimited, with iMessage. */
  async tenant(wanted: NewTenant = {}): Promise<Tenant> {
    const account: AccountId = `acct_${this.ulid()}`
    await this.store.createAccount('test', {
      id: account,
      name: 'test',
      plan: wanted.plan ?? 'unlimited',
      quotaLimit: wanted.quotaLimit ?? null,
      entitlements: wanted.entitlements ?? ['imessage'],
      region: wanted.region ?? 'US',
    })
    return this.token(account, wanted.scopes)
  }

  async token(account: AccountId, scopes: readonly Scope[] = SCOPES): Promise<Tenant> {
    const { token, hash, hint } = newToken()
    const tokenId: TokenId = `tok_${this.ulid()}`
    await this.store.createToken('test', { id: tokenId, account, name: 'test', hash, hint, scopes })
    return { account, token, tokenId }
  }

  /** A node of the account, connected and working. By default it is simulated and has one iMessage line. */
  async node(tenant: Tenant, wanted: NewNode = {}): Promise<ScriptedNode> {
    const id: NodeId = `node_${this.ulid()}`
    const name = wanted.name ?? 'mac-1'
    const simulated = wanted.simulated ?? true
    await this.store.createEnrolment('test', { codeHash: id, account: tenant.account, expiresInMs: 60_000 })
    const node = { id, name, credentialHash: id, machine: id, simulated, driver: 'simulator' }
    await this.store.redeemEnrolment({ codeHash: id, node })
    const lines = wanted.lines ?? [{ address: LINE }]
    const scripted = new ScriptedNode({
      id,
      simulated,
      journalId: `journal_${this.ulid()}` satisfies JournalId,
      lines: lines.map((line) => ({ services: ['imessage'], sends: true, ...line, out_24h: 0 })),
      script: wanted.script ?? byMagicNumber,
    })
    this.#nodes.push(scripted)
    await this.connect(scripted)
    return scripted
  }

  async connect(node: ScriptedNode): Promise<void> {
    await node.connect({
      store: this.store,
      clock: systemClock,
      gateway: `gw_${this.ulid()}`,
      settings: SESSION_SETTINGS,
      log: () => undefined,
      onWorking: (session, lines) => this.#dispatcher.attach(session, lines),
      onClosed: (session) => this.#dispatcher.detach(session),
    })
  }

  /** A JSON or form request with the tenant's token. */
  send(tenant: Tenant | null, body: unknown, headers: Record<string, string> = {}): Promise<LightMyRequestResponse> {
    const isForm = typeof body === 'string' && headers['content-type'] === undefined
    return this.app.inject({
      method: 'POST',
      url: '/send/text',
      headers: {
        'content-type': isForm ? 'application/x-www-form-urlencoded' : 'application/json',
        ...(tenant === null ? {} : { authorization: `Token ${tenant.token}` }),
        ...headers,
      },
      payload: typeof body === 'string' ? body : JSON.stringify(body),
    })
  }

  get(tenant: Tenant | null, url: string): Promise<LightMyRequestResponse> {
    const headers = tenant === null ? {} : { authorization: `Token ${tenant.token}` }
    return this.app.inject({ method: 'GET', url, headers })
  }

  /** For what no part of the system does yet: pausing and suspending a line, ageing a row. */
  sql(statement: string): void {
    this.#raw.exec(statement)
  }

  count(query: string): number {
    return Number(Object.values(this.#raw.prepare(query).get() ?? {})[0] ?? 0)
  }

  async lineId(tenant: Tenant, address: string): Promise<LineId> {
    const line = (await this.store.lines(tenant.account)).find((l) => l.address === address)
    if (line === undefined) throw new Error(`no line ${address}`)
    return line.id
  }

  async stop(): Promise<void> {
    for (const node of this.#nodes) node.disconnect()
    this.#dispatcher.stop()
    await this.app.close()
    await this.bus.close()
    await this.store.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** What the simulator does for its test recipients, as far as one answer can tell. */
export const byMagicNumber: Script = (frame: SendFrame) => {
  const word = MAGIC_RECIPIENTS.find((magic) => magic.number === frame.to)?.word
  if (frame.service === 'sms' && word !== 'unknown') return { fact: 'sent' }
  switch (word) {
    case 'not_on_imessage':
      return { fact: 'not_sent', class: 'refused', reason: 'recipient_not_on_imessage' }
    case 'refused':
      return { fact: 'not_sent', class: 'refused', reason: 'send_refused' }
    case 'unknown':
      return { fact: 'unknown', reason: 'no_evidence' }
    case 'slow':
      return null
    case 'disk_full':
      return { refuse: 'node_disk_full' }
    default:
      return { fact: 'sent' }
  }
}
