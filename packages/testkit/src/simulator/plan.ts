/**
 * What one seed does to its world. Each seed turns on only some faults (swarm testing): a world in which everything fails at once hides
 * the bugs that need most of it to work.
 */
import type { GatewayFaults } from './sim-gateway.ts'
import type { MacFaults } from './sim-mac.ts'
import type { LinkFaults } from './sim-network.ts'
import type { NodeFaults } from './sim-node.ts'
import { Random } from './random.ts'
import type { CarrierFaults } from './sim-carrier.ts'

export type Step = Readonly<{ atMs: number; what: string }>

export type Plan = Readonly<{
  lengthMs: number
  requestsAtMs: readonly number[]
  recipients: number
  fallback: boolean
  /** Share of messages that ask to be sent again when their outcome is unknown. */
  resends: number
  steps: readonly Step[]
  /** Moments from which on the so-manieth statement of the gateway finds the disk full. */
  failingWrites: ReadonlyArray<Readonly<{ atMs: number; statements: number }>>
  nodeDownMsMax: number
  mac: MacFaults
  node: NodeFaults
  gateway: GatewayFaults
  link: LinkFaults
  /** Null: the account has no provider. */
  carrier: CarrierPlan | null
}>

export type CarrierPlan = Readonly<{ faults: CarrierFaults; downAtMs: ReadonlyArray<{ atMs: number; forMs: number }> }>

/** Acts that may strike a world, and how often at the most. Those of one group exclude each other. */
const ACTS: ReadonlyArray<Readonly<{ what: string; most: number; likely: number }>> = [
  { what: 'kill gateway', most: 4, likely: 0.5 },
  { what: 'kill node', most: 4, likely: 0.5 },
  { what: 'cut', most: 6, likely: 0.5 },
  { what: 'fill gateway disk', most: 2, likely: 0.2 },
  { what: 'fill node disk', most: 2, likely: 0.2 },
  { what: 'lose journal', most: 1, likely: 0.1 },
]

export function choosePlan(random: Random, seed: number): Plan {
  const lengthMs = random.between(60_000, 180_000)
  const count = random.between(4, 28)
  const crowded = random.chance(0.4)
  const span = crowded ? 10_000 : Math.floor(lengthMs * 0.8)
  const together = random.chance(0.3) ? 0.5 : 0
  const steps: Step[] = []
  for (const act of ACTS) {
    if (!random.chance(act.likely)) continue
    const times = random.between(1, act.most + 1)
    for (let i = 0; i < times; i++)
      steps.push({ atMs: random.between(0, crowded ? span + 30_000 : lengthMs), what: act.what })
  }
  addRare(random, steps, lengthMs)
  const failingWrites = Array.from({ length: random.chance(0.3) ? random.between(1, 8) : 0 }, () => ({
    atMs: random.between(0, span + 10_000),
    statements: random.between(1, 40),
  }))
  // Just before several requests come at once, and share a commit.
  if (together > 0 && random.chance(0.7))
    failingWrites.push({ atMs: Math.floor(span / 2), statements: random.between(5, 80) })
  // A store restored from a copy and a journal that is gone: nobody is left who knows, and what Bluewire then says cannot be judged.
  // Callers who let what is unknown be sent again, and a Mac that gives them cause: two attempts of one message, each with its own end.
  const stubborn = random.chance(0.1)
  const restored = steps.some((s) => s.what === 'restore gateway')
  return {
    lengthMs,
    // Some come in one instant, and share a commit.
    requestsAtMs: Array.from({ length: count }, () =>
      random.chance(together) ? Math.floor(span / 2) : random.between(0, span),
    ),
    recipients: random.between(1, 5),
    fallback: random.chance(0.4),
    resends: stubborn ? 0.7 : random.chance(0.15) ? 0.5 : 0,
    steps: restored ? steps.filter((s) => s.what !== 'lose journal') : steps,
    failingWrites,
    nodeDownMsMax: random.pick([2_000, 20_000, 90_000]),
    mac: {
      refuses: stubborn ? 0.25 : random.chance(0.2) ? 0.1 : 0,
      osascriptFails: random.chance(0.3) ? 0.15 : 0,
      hangs: stubborn ? 0.3 : random.chance(0.3) ? 0.2 : 0,
      losesReceipt: 0.3,
      deniesKnowing: stubborn ? 0.7 : random.chance(0.2) ? 0.5 : 0,
      replies: random.chance(0.4) ? 0.5 : 0,
    },
    node: { killAtSend: random.chance(0.3) ? 0.02 : 0 },
    gateway: { killAfterCommit: random.chance(0.3) ? 0.005 : 0, killAfterSend: random.chance(0.3) ? 0.01 : 0 },
    link: {
      latencyMs: random.pick([
        [1, 20],
        [1, 20],
        [5, 2_000],
        [5, 20_000],
      ] as const),
      duplicate: random.chance(0.3) ? 0.1 : 0,
    },
    carrier: restored ? null : chooseCarrier(new Random(seed ^ 0x5115), lengthMs),
  }
}

/**
 * With chance of its own, so that worlds without a provider stay what they were. None where the gateway is restored from a copy: a provider
 * cannot tell what it sent since, and what an operator then lets go may go out twice.
 */
function chooseCarrier(random: Random, lengthMs: number): CarrierPlan | null {
  if (!random.chance(0.5)) return null
  const echoes = random.chance(0.3)
  const some = (share: number, then: number): number => (random.chance(share) ? then : 0)
  return {
    faults: {
      refuses: some(0.3, 0.2),
      throttles: some(0.4, 0.3),
      losesAnswer: some(0.4, 0.3),
      receipts: random.pick([0, 0.6, 0.9]),
      echoes,
      lists: random.chance(0.3),
      idsWrap: echoes && random.chance(0.5), // without an echo nobody could tell whose receipt it is
    },
    downAtMs: Array.from({ length: random.chance(0.5) ? random.between(1, 4) : 0 }, () => ({
      atMs: random.between(0, lengthMs),
      forMs: random.delay(100, 100_000),
    })),
  }
}

function addRare(random: Random, steps: Step[], lengthMs: number): void {
  const roll = random.next()
  const first = random.between(0, lengthMs / 2)
  if (roll < 0.1) {
    steps.push({ atMs: first, what: 'back up gateway' })
    steps.push({ atMs: random.between(first, lengthMs), what: 'restore gateway' })
  } else if (roll < 0.2) {
    steps.push({ atMs: first, what: 'copy journal' })
    steps.push({ atMs: random.between(first + 5_000, lengthMs), what: 'restore journal' })
  } else if (roll < 0.3) {
    steps.push({ atMs: first, what: random.chance(0.5) ? 'clock back' : 'clock ahead' })
  }
}
