import { systemClock } from '@bluewire/platform/clock'
import type { LineOrder } from '../store/accounts-store.ts'
import type { LineView } from '../store/store.ts'
import { findAccount } from './find-account.ts'
import { notesOn, senderText } from './line-notes.ts'
import { holdJson, holdText } from './node-health-text.ts'
import { PROGRAM } from './program.ts'
import { tableLines } from './table.ts'
import { ACCOUNT_OPTION, Refused } from './verb.ts'
import type { Answer, Call, Noun, Options, Verb } from './verb.ts'

const REASON_LENGTH_MAX = 200

export const line: Noun = {
  name: 'line',
  summary: 'the numbers and addresses that nodes and providers send from',
  verbs: [
    {
      name: 'list',
      summary: 'the lines of an account',
      takes: [],
      options: ACCOUNT_OPTION,
      isReading: true,
      run: listLines,
    },
    orderVerb('pause', 'hold a line back: what is queued for it waits', {
      reason: { value: 'TEXT', help: 'why, for whoever looks' },
    }),
    orderVerb('resume', 'let a paused line go on'),
    orderVerb('suspend', 'use a line no more: nothing new is routed to it, and messages that name it fail'),
    orderVerb('unsuspend', 'use it again'),
  ],
}

async function listLines(call: Call): Promise<Answer> {
  const { id } = await findAccount(call, call.given.text('account'))
  const lines = await call.store.lines(id)
  const rows = lines.map((l) => [
    l.id,
    `${l.address}${l.simulated ? ' (simulated)' : ''}`,
    l.services.join(', '),
    stateText(l),
    String(l.queued),
    senderText(l.node),
  ])
  const notes = notesOn(lines, systemClock.nowMs())
  return {
    json: lines.map(jsonOf),
    lines: [
      ...tableLines(['id', 'address', 'services', 'state', 'queued', 'node or provider'], rows),
      ...(notes.length > 0 ? ['', ...notes] : []),
    ],
  }
}

function orderVerb(order: LineOrder, summary: string, options: Options = {}): Verb {
  return {
    name: order,
    summary,
    takes: ['LINE'],
    options: { ...ACCOUNT_OPTION, ...options },
    async run(call) {
      const { id } = await findLine(call)
      const reason = call.given.text('reason')?.trim() ?? ''
      if (reason.length > REASON_LENGTH_MAX) throw new Refused(`A reason has at most ${REASON_LENGTH_MAX} characters.`)
      await call.store.orderLine(call.actor, id, { order, reason: reason === '' ? null : reason })
      const now = await findLine(call)
      return { json: jsonOf(now), lines: [`The line ${now.address} is ${stateText(now)}.`] }
    },
  }
}

/** By id or address. */
async function findLine(call: Call): Promise<LineView> {
  const wanted = call.given.positionals[0] ?? ''
  const { id } = await findAccount(call, call.given.text('account'))
  const found = (await call.store.lines(id)).find((l) => l.id === wanted || l.address === wanted)
  if (found === undefined) throw new Refused(`The account has no line ${wanted}. All of them: ${PROGRAM} line list`)
  return found
}

function stateText(l: LineView): string {
  const paused = l.pauseReason === null ? 'paused' : `paused (${l.pauseReason})`
  const states = [...(l.suspended ? ['suspended'] : []), ...(l.paused ? [paused] : [])]
  if (states.length > 0) return states.join(', ')
  if (l.sends) return l.node?.hold == null ? 'in use' : `waits: its node ${holdText(l.node.hold)}`
  return l.node?.isProvider === true ? 'removed from its provider' : 'not offered by its node any more'
}

function jsonOf(l: LineView) {
  return {
    id: l.id,
    address: l.address,
    services: l.services,
    simulated: l.simulated,
    sends: l.sends,
    paused: l.paused,
    pause_reason: l.pauseReason,
    suspended: l.suspended,
    queued: l.queued,
    downgraded_at: l.downgradedAtMs,
    node:
      l.node === null
        ? null
        : {
            id: l.node.id,
            name: l.node.name,
            is_provider: l.node.isProvider,
            online: l.node.online,
            health: l.node.health,
            health_detail: l.node.healthDetail,
            held: holdJson(l.node.hold),
            at_most_once: l.node.atMostOnce,
          },
  }
}
