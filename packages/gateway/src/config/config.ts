/** Environment → settings (env.ts only reads and parses) → configuration: here it is decided, and contradictions are refused. */
import { join, resolve } from 'node:path'
import { ConfigError, readEnv } from './env.ts'
import type { RawEnv } from './env.ts'

export type LogLevel = RawEnv['BLUEWIRE_LOG_LEVEL']

/** Whose `X-Forwarded-*` headers are believed: nobody's, or those of these addresses and networks. */
export type TrustProxy = false | readonly string[]

/** Everything that can be set, decided. Durations are milliseconds, sizes are bytes. */
export type GatewayConfig = Readonly<{
  host: string
  port: number
  /** Absolute. */
  dataDir: string
  /** Without a slash at the end. What people are told to connect to. */
  publicUrl: string
  trustProxy: TrustProxy
  /** How long a caller of `POST /send/text` waits for the outcome. */
  sendWaitMs: number
  /** The shortest average time between two messages of a line; 0: no pacing. */
  lineGapMs: number
  lineBurst: number
  /** Null: no ad line, also on the free plan. */
  adText: string | null
  tokenRatePerS: number
  tokenBurst: number
  expiresInMsDefault: number
  nodeLostAfterMs: number
  failoverAfterMs: number
  offlineFallbackAfterMs: number
  /** Null: a STOP is not answered. */
  stopReply: string | null
  /** The key itself, as 64 hexadecimal digits; null: it is in the file. */
  secretsKey: string | null
  /** Absolute. It may not exist. */
  secretsKeyFile: string
  retainBodiesMs: number
  retainFactsMs: number
  /** With less free space nothing new is accepted. */
  diskAcceptFreeBytes: number
  /** With less free space nothing is dispatched either. */
  diskDispatchFreeBytes: number
  /** With less free space the node of the quick start takes no work. */
  nodeMinFreeBytes: number
  logLevel: LogLevel
}>

/** @throws ConfigError with everything that is wrong, not just the first thing. */
export function loadConfig(variables: Readonly<Record<string, string | undefined>>): GatewayConfig {
  const { env, problems } = readEnv(variables)
  const all = [...problems, ...contradictions(env)]
  if (all.length > 0) throw new ConfigError(all)
  return toConfig(env)
}

export function toConfig(env: RawEnv): GatewayConfig {
  const rate = env.BLUEWIRE_LINE_RATE
  return {
    host: env.BLUEWIRE_HOST,
    port: env.BLUEWIRE_PORT,
    dataDir: resolve(env.BLUEWIRE_DATA_DIR),
    publicUrl: env.BLUEWIRE_PUBLIC_URL ?? addressOf(env.BLUEWIRE_HOST, env.BLUEWIRE_PORT),
    trustProxy: env.BLUEWIRE_TRUST_PROXY.length === 0 ? false : env.BLUEWIRE_TRUST_PROXY,
    sendWaitMs: env.BLUEWIRE_SEND_WAIT,
    lineGapMs: rate === 'unlimited' ? 0 : Math.ceil(1000 / rate),
    lineBurst: env.BLUEWIRE_LINE_BURST,
    adText: env.BLUEWIRE_AD_TEXT === '' ? null : env.BLUEWIRE_AD_TEXT,
    tokenRatePerS: env.BLUEWIRE_TOKEN_RATE,
    tokenBurst: env.BLUEWIRE_TOKEN_BURST,
    expiresInMsDefault: env.BLUEWIRE_EXPIRES_IN,
    nodeLostAfterMs: env.BLUEWIRE_NODE_LOST_AFTER,
    failoverAfterMs: env.BLUEWIRE_FAILOVER_AFTER,
    offlineFallbackAfterMs: env.BLUEWIRE_OFFLINE_FALLBACK_AFTER,
    stopReply: env.BLUEWIRE_STOP_REPLY === '' ? null : env.BLUEWIRE_STOP_REPLY,
    secretsKey: env.BLUEWIRE_SECRETS_KEY ?? null,
    secretsKeyFile: resolve(env.BLUEWIRE_SECRETS_KEY_FILE ?? `${resolve(env.BLUEWIRE_DATA_DIR)}.key`),
    retainBodiesMs: env.BLUEWIRE_RETAIN_BODIES,
    retainFactsMs: env.BLUEWIRE_RETAIN_FACTS,
    diskAcceptFreeBytes: env.BLUEWIRE_DISK_ACCEPT_FREE,
    diskDispatchFreeBytes: env.BLUEWIRE_DISK_DISPATCH_FREE,
    nodeMinFreeBytes: env.BLUEWIRE_NODE_MIN_FREE,
    logLevel: env.BLUEWIRE_LOG_LEVEL,
  }
}

/** Whether an address was set, or is only concluded from host and port. */
export function isPublicUrlSet(variables: Readonly<Record<string, string | undefined>>): boolean {
  return (variables['BLUEWIRE_PUBLIC_URL']?.trim() ?? '') !== ''
}

/** The database of the gateway; everything that must be kept stands in it. */
export function databaseFile(dataDir: string): string {
  return join(dataDir, 'bluewire.sqlite')
}

/**
 * Where this machine reaches a server that listens on `host`. An address that stands for all of them cannot be
 * connected to everywhere; the loopback one can.
 */
export function addressOf(host: string, port: number): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}

function contradictions(env: RawEnv): string[] {
  const problems: string[] = []
  if (env.BLUEWIRE_DISK_DISPATCH_FREE > env.BLUEWIRE_DISK_ACCEPT_FREE) {
    problems.push(
      'BLUEWIRE_DISK_DISPATCH_FREE is more than BLUEWIRE_DISK_ACCEPT_FREE: what was accepted could not be sent. Accepting must stop first, so make it the larger one.',
    )
  }
  if (env.BLUEWIRE_RETAIN_BODIES > env.BLUEWIRE_RETAIN_FACTS) {
    problems.push(
      'BLUEWIRE_RETAIN_BODIES is longer than BLUEWIRE_RETAIN_FACTS: a text cannot be kept longer than its message. Make it the shorter one.',
    )
  }
  return problems
}
