/** Puts a gateway together, and takes it apart in the order in which nothing is lost. */
import { hostname } from 'node:os'
import type { AddressInfo } from 'node:net'
import type { AttemptId, GatewayId, Ulid } from '@bluewire/contract/ids'
import { providerKindOf } from '@bluewire/drivers/provider-registry'
import { newUlidSource, systemChance } from '@bluewire/platform/chance'
import { systemClock } from '@bluewire/platform/clock'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { InProcessBus } from './bus/in-process-bus.ts'
import { addressOf, databaseFile } from './config/config.ts'
import type { GatewayConfig } from './config/config.ts'
import { acceptAndDispatch } from './delivery/accept-and-dispatch.ts'
import { answerStops } from './delivery/answer-stops.ts'
import { DiskGuard } from './delivery/disk-guard.ts'
import { Dispatcher } from './delivery/dispatcher.ts'
import { Sweeper } from './delivery/sweeper.ts'
import { Waiters } from './delivery/waiters.ts'
import { createHttpServer } from './http/server.ts'
import { HTTP_DEFAULTS } from './http/http-deps.ts'
import { createMetrics, reasonLabel } from './metrics.ts'
import type { Metrics } from './metrics.ts'
import { AgentFiles } from './node-install/agent-files.ts'
import { registerInstallRoutes } from './node-install/install-routes.ts'
import { registerJoinRoute } from './nodes/join-route.ts'
import { NodeServer } from './nodes/node-server.ts'
import { SESSION_SETTINGS } from './nodes/node-session.ts'
import type { SessionDeps } from './nodes/node-session.ts'
import { registerCallbackRoute } from './providers/callback-route.ts'
import { ProviderHost } from './providers/provider-host.ts'
import { keyRing } from './providers/provider-settings.ts'
import { openSqliteStore } from './store/sqlite/sqlite-store.ts'
import type { Hint, Store } from './store/store.ts'

export type RunningGateway = Readonly<{
  /** Where it really listens, for this machine. */
  url: string
  port: number
  /** Answers everybody who waits, lets nodes report, and resolves when nothing of it is left. May be called twice. */
  stop(): Promise<void>
}>

export type GatewayEvents = Readonly<{
  /** The disk failed in a way after which nothing can be promised: the process must end. By default it crashes. */
  onFatal?: (error: unknown) => void
}>

/** The longest a stop waits for outcomes, whatever `send_wait` says: a supervisor kills after five seconds. */
const STOP_WAIT_MS_MAX = 3500

/** The caller holds the lock of the data directory. */
export async function startGateway(
  config: GatewayConfig,
  logger: Logger,
  events: GatewayEvents = {},
): Promise<RunningGateway> {
  const parts = assemble(config, logger, events)
  const { app, nodes, providers, sweeper, store } = parts
  try {
    await sweeper.start()
    await providers.start()
    await app.listen({ host: config.host, port: config.port })
  } catch (error) {
    nodes.stop()
    await providers.stop()
    await app.close()
    await sweeper.stop()
    await store.close()
    throw error
  }
  const { port } = app.server.address() as AddressInfo
  const waitMs = Math.min(config.sendWaitMs, STOP_WAIT_MS_MAX)
  let stopping: Promise<void> | null = null
  return { url: `http://${urlHost(config.host)}:${port}`, port, stop: () => (stopping ??= takeApart(parts, waitMs)) }
}

type SessionLog = SessionDeps['log']
type Parts = ReturnType<typeof assemble>

function assemble(config: GatewayConfig, logger: Logger, events: GatewayEvents) {
  const clock = systemClock
  const ulid = newUlidSource(() => clock.nowMs(), systemChance)
  const gateway: GatewayId = `gw_${ulid()}`
  const state = { draining: false }
  const onError = (what: string, error: unknown): void => logger.error({ what, err: error }, 'failed')
  const bus = new InProcessBus((error) => onError('bus', error))
  const store = openStore(config, {
    ulid,
    onHints: (hints) => bus.publish(hints),
    onError,
    onFatal: events.onFatal ?? crash,
  })
  const disk = new DiskGuard({
    directory: config.dataDir,
    acceptFreeBytes: config.diskAcceptFreeBytes,
    dispatchFreeBytes: config.diskDispatchFreeBytes,
    clock,
    onError: (error) => onError('disk', error),
  })
  const waiters = new Waiters(store, bus, clock)
  const dispatcher = new Dispatcher(bus, {
    store,
    clock,
    newAttemptId: (): AttemptId => `attempt_${ulid()}`,
    mayDispatch: () => !state.draining && disk.mayDispatch(),
    onError: (error) => onError('dispatch', error),
  })
  const log: SessionLog = (event, fields, level) =>
    level === 'alert' ? logger.error(fields, event) : logger.info(fields, event)
  const nodes = new NodeServer({
    store,
    clock,
    gateway,
    settings: SESSION_SETTINGS,
    log,
    onWorking: (session, lines) => dispatcher.attach(session, lines),
    onClosed: (session) => dispatcher.detach(session),
  })
  const providers = new ProviderHost({
    store,
    clock,
    gateway,
    dispatcher,
    log,
    keys: keyRing(config),
    kindOf: providerKindOf,
    dataDirectory: config.dataDir,
    publicUrl: config.publicUrl,
  })
  const me = { id: gateway, pid: process.pid, host: hostname() }
  const options = { ...config, gateway: me, onError }
  const sweeper = new Sweeper({ store, clock, dispatcher, sessions: nodes.sessions, options })
  const metrics = countedMetrics(store, bus)
  const app = createHttpServer({
    store: acceptAndDispatch(store, dispatcher),
    waiters,
    clock,
    ulid,
    logger,
    metrics,
    state: { draining: () => state.draining, diskFull: () => !disk.mayAccept() },
    options: { ...HTTP_DEFAULTS, ...config },
  })
  registerJoinRoute(app, { store, ulid })
  serveAgent(app, config, (error) => onError('agent', error))
  registerCallbackRoute(app, { providers, publicUrl: config.publicUrl })
  nodes.listenOn(app.server)
  return { app, bus, dispatcher, nodes, providers, state, store, sweeper, waiters }
}

function serveAgent(app: FastifyInstance, config: GatewayConfig, onError: (error: unknown) => void): void {
  const agent = new AgentFiles({ dataDir: config.dataDir, clock: systemClock })
  registerInstallRoutes(app, { agent, publicUrl: () => listeningUrl(config, app), onError })
}

/** With port 0 the system chose one, which is known once it listens. */
function listeningUrl({ host, publicUrl }: GatewayConfig, app: FastifyInstance): string {
  const { port } = app.server.address() as AddressInfo
  return publicUrl === addressOf(host, 0) ? addressOf(host, port) : publicUrl
}

type StoreParts = Readonly<{
  ulid: Ulid
  onHints: (hints: readonly Hint[]) => void
  onError: (what: string, error: unknown) => void
  onFatal: (error: unknown) => void
}>

function openStore(config: GatewayConfig, { ulid, onHints, onError, onFatal }: StoreParts): Store {
  const store = openSqliteStore(databaseFile(config.dataDir), {
    clock: systemClock,
    ulid,
    lineDefaults: { gapMs: config.lineGapMs, burst: config.lineBurst },
    onHints,
    onFatal,
  })
  const { stopReply: text } = config
  return answerStops(store, text === null ? null : { text, ulid, onError: (error) => onError('stop', error) })
}

function countedMetrics(store: Store, bus: InProcessBus): Metrics {
  const metrics = createMetrics(store)
  bus.subscribe((hint) => {
    if (hint.kind === 'outcome') metrics.outcomes.inc({ status: hint.status, reason: reasonLabel(hint.reason) })
  })
  return metrics
}

/** First nothing new, then the outcomes of what is out, then an answer to everybody who waits, and the store last. */
async function takeApart(parts: Parts, waitMs: number): Promise<void> {
  parts.state.draining = true
  parts.nodes.drain()
  await quiet(() => parts.nodes.inFlight + parts.providers.inFlight === 0, waitMs)
  parts.waiters.drain()
  const closed = parts.app.close() // waits for every connection, and a node's ends only when it is told to
  const swept = parts.sweeper.stop()
  parts.dispatcher.stop()
  parts.nodes.stop()
  await Promise.all([closed, swept, parts.providers.stop()])
  await parts.bus.close()
  await parts.store.close()
}

/** Resolves when `done` holds, or after `waitMs`. */
async function quiet(done: () => boolean, waitMs: number): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + waitMs
  while (!done() && systemClock.monotonicMs() < deadlineMs) {
    await new Promise<void>((resolve) => setTimeout(resolve, 20))
  }
}

function urlHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

function crash(error: unknown): void {
  setImmediate(() => {
    throw error
  })
}
