/** The rules R1 to R7 against what really happened: the phones, the rows and events of the store, and the frames on the wire. */
import type { AttemptId, MessageId } from '@bluewire/contract/ids'
import { RESENDS_MAX } from '@bluewire/engine/message-state'
import type { MessageState } from '@bluewire/engine/message-state'
import { SESSION_SETTINGS } from '@bluewire/gateway/nodes/node-session'
import { BURST, GAP_MS } from './sim-gateway.ts'
import type { World } from './world.ts'

const START_WITHIN_MS = SESSION_SETTINGS.startWithinMs

export type Violation = Readonly<{ rule: string; what: string }>

/** How often the situation each rule is about arose. A rule whose situation never arises is not tested. */
export type Preconditions = Record<string, number>

type MessageRow = {
  id: MessageId
  state: MessageState
  on_unknown: string
  lane: string
  lane_seq: number
  class: string
  attempts: number
  service: string
  failure: string | null
}
type EventRow = { seq: number; type: string; message: MessageId; attempt: string | null }

export function check(world: World): { violations: Violation[]; preconditions: Preconditions } {
  const db = world.gateway.process.db
  const messages = db
    .prepare('select id, state, on_unknown, lane, lane_seq, class, attempts, service, failure from messages')
    .all() as MessageRow[]
  const events = db
    .prepare('select seq, type, message, attempt from events where message is not null order by seq')
    .all() as EventRow[]
  const rows = new Map(messages.map((m) => [m.id, m]))
  const violations = [
    ...accepted(world, rows),
    ...copies(world, rows),
    ...truth(world, messages),
    ...receipts(world),
    ...resting(messages),
    ...(world.lostByRestore === null ? order(messages, events) : []),
    ...pace(world),
    ...late(world),
    ...replies(world),
    ...world.problems.map((what) => ({ rule: 'no crash', what })),
    ...world.nodes.flatMap((n) =>
      n.refusal === null ? [] : [{ rule: 'no crash', what: `node refused: ${n.refusal}` }],
    ),
  ]
  return { violations, preconditions: count(world, messages, events) }
}

/** R1: an answered accept is there and at rest; what was refused is neither stored nor sent. */
function accepted(world: World, rows: ReadonlyMap<MessageId, MessageRow>): Violation[] {
  return world.asked.flatMap(({ request, answer, storedAs, answeredAtMs }) => {
    if (answer === 'accepted' && storedAs !== null && !rows.has(storedAs)) {
      const gone = world.lostByRestore
      const byOperator = gone !== null && answeredAtMs >= gone.afterMs && answeredAtMs <= gone.untilMs
      return byOperator ? [] : [{ rule: 'R1', what: `${storedAs} was accepted and is gone` }]
    }
    if (answer === 'refused' && world.phones.copies(request.id) > 0) {
      return [{ rule: 'R1', what: `${request.id} was refused and reached the phone` }]
    }
    return []
  })
}

/** R2: once per message, unless the caller asked for more; R3: once per attempt. */
function copies(world: World, rows: ReadonlyMap<MessageId, MessageRow>): Violation[] {
  const violations: Violation[] = []
  for (const id of new Set(world.phones.arrivals.map((a) => a.message))) {
    const n = world.phones.copies(id)
    const allowed = rows.get(id)?.on_unknown === 'resend' ? 1 + RESENDS_MAX : 1
    if (n > allowed) violations.push({ rule: 'R2', what: `${id} reached the phone ${n} times` })
  }
  for (const id of new Set(world.phones.arrivals.map((a) => a.attempt))) {
    const n = world.phones.copiesOfAttempt(id)
    if (n > 1) violations.push({ rule: 'R3', what: `${id} reached Messages ${n} times` })
  }
  return violations
}

/** R4: what is called sent was sent; what is called not sent was not. */
function truth(world: World, messages: readonly MessageRow[]): Violation[] {
  return messages.flatMap((m) => {
    const n = world.phones.copies(m.id)
    const claimsSent = m.state === 'sent' || m.state === 'delivered' || m.state === 'read'
    const claimsNot = m.state === 'failed' || m.state === 'cancelled' || m.state === 'expired'
    if (claimsSent && n === 0) return [{ rule: 'R4', what: `${m.id} is ${m.state} and never reached the phone` }]
    if (claimsNot && n > 0)
      return [{ rule: 'R4', what: `${m.id} is ${m.state} (${m.failure ?? ''}) and reached the phone` }]
    return []
  })
}

/** R4 for receipts: what a provider is said to have delivered, it said so of that very attempt. */
function receipts(world: World): Violation[] {
  const delivered = world.gateway.process.db
    .prepare("select id from attempts where node like 'prov%' and state in ('delivered', 'read')")
    .all() as Array<{ id: AttemptId }>
  return delivered
    .filter(({ id }) => !world.carrier.delivered.has(id))
    .map(({ id }) => ({ rule: 'R4', what: `${id} is delivered, and its receipt was another's` }))
}

/** What waited at the node too long never began (hole 13). The bound is the protocol's; a timer may fire one tick after it. */
function late(world: World): Violation[] {
  return [...world.startedAtMs].flatMap(([attempt, startedAtMs]) => {
    const waitedMs = startedAtMs - (world.gotAtMs.get(attempt) ?? startedAtMs)
    return waitedMs > START_WITHIN_MS + 100
      ? [{ rule: 'R7', what: `${attempt} began ${waitedMs} ms after it was received` }]
      : []
  })
}

/** R1 for what recipients say: what the agent took in is in the store, once. A journal that was lost or rolled back may have lost some. */
function replies(world: World): Violation[] {
  const lossy = world.lostByRestore !== null || 'lose journal' in world.struck || 'restore journal' in world.struck
  const stored = new Set(
    world.gateway.process.db
      .prepare('select guid from inbound')
      .all()
      .map((row) => String(row['guid'])),
  )
  if (lossy) return []
  return world.inbound
    .filter(({ guid }) => !stored.has(guid))
    .map(({ guid }) => ({ rule: 'R1', what: `the reply ${guid} is gone` }))
}

/** R5: nothing hangs without a status. */
function resting(messages: readonly MessageRow[]): Violation[] {
  return messages
    .filter((m) => m.state === 'queued' || m.state === 'sending')
    .map((m) => ({
      rule: m.state === 'sending' ? 'R5' : 'R1',
      what: `${m.id} is still ${m.state} long after all faults ended`,
    }))
}

/** R6, replayed from the events: nothing of the lane in flight, nothing earlier of the class waiting. */
function order(messages: readonly MessageRow[], events: readonly EventRow[]): Violation[] {
  const byId = new Map(messages.map((m) => [m.id, m]))
  const state = new Map<MessageId, string>()
  const lanes = new Map<string, MessageRow[]>()
  const violations: Violation[] = []
  for (const event of events) {
    const message = byId.get(event.message)
    if (message === undefined) continue
    if (event.type === 'message.accepted') {
      lanes.set(message.lane, [...(lanes.get(message.lane) ?? []), message])
      state.set(message.id, 'queued')
    } else if (event.type === 'message.dispatched') {
      for (const other of lanes.get(message.lane) ?? []) {
        if (other.id === message.id) continue
        const now = state.get(other.id)
        if (now === 'sending')
          violations.push({ rule: 'R6', what: `${message.id} left while ${other.id} was in flight` })
        if (now === 'queued' && other.class === message.class && other.lane_seq < message.lane_seq) {
          violations.push({ rule: 'R6', what: `${message.id} overtook ${other.id}` })
        }
      }
      state.set(message.id, 'sending')
    } else {
      const next = STATE_AFTER[event.type]
      if (next !== undefined) state.set(message.id, next)
    }
  }
  return violations
}

const STATE_AFTER: Readonly<Record<string, string>> = {
  'message.retry_scheduled': 'queued',
  'message.fallback_started': 'queued',
  'message.resent': 'queued',
  'message.sent': 'sent',
  'message.delivered': 'sent',
  'message.read': 'sent',
  'message.failed': 'done',
  'message.unknown': 'unknown',
  'message.cancelled': 'done',
  'message.expired': 'done',
}

/** R7 at the wire: never more in any span than the burst and what the rate gives for it. */
function pace(world: World): Violation[] {
  // A wall clock that is set ahead while the gateway restarts fills every bucket once; nothing on the machine could know better.
  const clockWasSet = (world.struck['clock ahead'] ?? 0) > 0 || (world.struck['clock back'] ?? 0) > 0
  const allowed = BURST + (clockWasSet && world.restarts > 0 ? BURST : 0) + (world.lostByRestore === null ? 0 : BURST)
  const violations: Violation[] = []
  for (const line of new Set(world.sends.map((s) => s.line))) {
    const at = world.sends.filter((s) => s.line === line).map((s) => s.atMs)
    at.forEach((from, i) => {
      for (let j = i; j < at.length; j++) {
        const span = (at[j] ?? from) - from
        if (j - i + 1 > allowed + Math.floor(span / GAP_MS)) {
          violations.push({ rule: 'R7', what: `${line} sent ${j - i + 1} in ${span} ms` })
          return
        }
      }
    })
  }
  return violations.slice(0, 3)
}

function count(world: World, messages: readonly MessageRow[], events: readonly EventRow[]): Preconditions {
  const types = (type: string): number => events.filter((e) => e.type === type).length
  const crowdedLanes = new Set<string>()
  const seen = new Map<string, number>()
  for (const m of messages) {
    const n = (seen.get(m.lane) ?? 0) + 1
    seen.set(m.lane, n)
    if (n > 1) crowdedLanes.add(m.lane)
  }
  const ofProviders = world.gateway.process.db.prepare("select id from attempts where node like 'prov%'").all()
  const byProvider = new Set(ofProviders.map((row) => row['id']))
  return {
    'R1 accepted, then the gateway crashed':
      world.restarts > 0 ? world.asked.filter((a) => a.answer === 'accepted').length : 0,
    'R1 refused': world.asked.filter((a) => a.answer === 'refused').length,
    'R1 no answer': world.asked.filter((a) => a.answer === 'none').length,
    'R2 second attempt': messages.filter((m) => m.attempts > 1).length,
    'R2 fell back to SMS': types('message.fallback_started'),
    'R2 sent by a provider': world.phones.arrivals.filter((a) => byProvider.has(a.attempt)).length,
    'R2 the answer of a provider was lost': world.carrier.answersLost,
    'R4 receipts of a provider': world.carrier.delivered.size,
    'R3 node crashed with attempts begun': world.crashesWithStarted,
    'R1 replies taken in': world.inbound.length,
    'R4 late evidence': types('attempt.evidence'),
    'R5 outcome unknown': types('message.unknown'),
    'R6 several in one lane': crowdedLanes.size,
    'R7 paced across a gateway restart': world.restarts > 0 && world.sends.length > BURST ? 1 : 0,
    ...Object.fromEntries(Object.entries(world.struck).map(([fault, n]) => [`fault: ${fault}`, n])),
  }
}
