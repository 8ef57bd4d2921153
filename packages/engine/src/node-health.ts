/**
 * What a node's word about itself is worth (R8), and when a node that is connected is given nothing to send. Both are read off the last
 * `health` that it sent.
 */

/** A node tells its health every minute: after three silent ones its last word is a memory. */
export const HEALTH_FRESH_MS = 3 * 60_000
/** Without evidence that it can send for longer, nobody knows whether Messages still works there. */
export const PROOF_GOOD_MS = 24 * 3600_000
/** The check whose failure means that a message would leave from an address that is not the line's (PROTOCOL 19). */
export const SENDING_ADDRESS_CHECK = 'sending_address'

/**
 * The check whose failure is read off what was sent: a run of failures, whoever they were for. It ends when a message goes out, so a node that
 * is held for it is given one now and then.
 */
export const SENDING_CHECK = 'sending'
export const TRIED_AGAIN_AFTER_MS = 10 * 60_000

export type CheckState = 'ok' | 'problem' | 'unknown'
export type Check = Readonly<{ name: string; state: CheckState; detail?: string | undefined }>

export type HealthWord = Readonly<{
  state: 'ok' | 'degraded' | 'broken'
  detail: string | null
  checks: readonly Check[]
}>

/** `broken`: nothing leaves there. `sending_address`: it would leave, from another address. */
export const HEALTH_HOLDS = ['broken', 'sending_address'] as const
export type HealthHold = Readonly<{
  why: (typeof HEALTH_HOLDS)[number]
  /** The check that says so, where one does. */
  check: string | null
  /** What it means and what to do, for people. */
  detail: string | null
}>

/** Besides its own word: the credential is used by two machines, and both are paused until an operator ends it (two-machines.ts). */
export type TwoMachinesHold = Readonly<{ why: 'two_machines'; check: null; detail: string }>
export type NodeHold = HealthHold | TwoMachinesHold

/** Why the node gets no new work. Null: it may have some. */
export function holdOf({ state, detail, checks }: HealthWord): HealthHold | null {
  const address = checks.find((check) => check.name === SENDING_ADDRESS_CHECK && check.state === 'problem')
  if (address !== undefined)
    return { why: 'sending_address', check: SENDING_ADDRESS_CHECK, detail: address.detail ?? detail }
  if (state !== 'broken') return null
  const problem = checks.find((check) => check.state === 'problem')
  return { why: 'broken', check: problem?.name ?? null, detail: problem?.detail ?? detail }
}

/** A node as it was last heard of. Instants are milliseconds. */
export type LastHeard = Readonly<{
  online: boolean
  /** Its last word; `unknown`: none yet. */
  health: string
  /** When the gateway heard it. */
  healthAtMs: number | null
  /** When it last had evidence that Messages works, by its own clock, which may be off either way. */
  provenAtMs: number | null
}>

/**
 * `good`: connected, well by a word of the last minutes, and proven to send. `unproven`: the same without the proof. `stale`: its last word
 * is old, or the node is away. Else its word.
 */
export type Standing = 'good' | 'unproven' | 'stale' | 'degraded' | 'broken' | 'unknown'

export function standingOf({ online, health, healthAtMs, provenAtMs }: LastHeard, nowMs: number): Standing {
  if (health === 'unknown' || healthAtMs === null) return 'unknown'
  if (!online || nowMs - healthAtMs > HEALTH_FRESH_MS) return 'stale'
  if (health !== 'ok') return health === 'broken' ? 'broken' : 'degraded'
  return isProven(provenAtMs, nowMs) ? 'good' : 'unproven'
}

export function isProven(provenAtMs: number | null, nowMs: number): boolean {
  return provenAtMs !== null && Math.abs(nowMs - provenAtMs) <= PROOF_GOOD_MS
}
