import { isNodeId } from '@bluewire/contract/ids'
import { standingOf } from '@bluewire/engine/node-health'
import { systemClock } from '@bluewire/platform/clock'
import { findAccount } from './find-account.ts'
import { healthText, holdJson } from './node-health-text.ts'
import { showNode } from './node-show.ts'
import { PROGRAM } from './program.ts'
import { instantText, tableLines } from './table.ts'
import { ACCOUNT_OPTION, Refused } from './verb.ts'
import type { Answer, Call, Noun } from './verb.ts'

export const node: Noun = {
  name: 'node',
  summary: 'the Macs that send',
  verbs: [
    {
      name: 'list',
      summary: 'the nodes of an account',
      takes: [],
      options: ACCOUNT_OPTION,
      isReading: true,
      run: listNodes,
    },
    {
      name: 'show',
      summary: 'all that is known of a node: its checks, what to do about them, what it can, what it has open',
      takes: ['NODE_ID'],
      options: {},
      isReading: true,
      run: show,
    },
    {
      name: 'resume',
      summary: 'let a node work again, once what held it is put right',
      takes: ['NODE_ID'],
      options: {},
      run: resumeNode,
    },
    {
      name: 'retire',
      summary: 'take a node out of service for good; its history stays',
      takes: ['NODE_ID'],
      options: {},
      run: retireNode,
    },
  ],
}

async function listNodes(call: Call): Promise<Answer> {
  const { id } = await findAccount(call, call.given.text('account'))
  const nowMs = systemClock.nowMs()
  const lines = await call.store.lines(id)
  const nodes = (await call.store.nodes(id)).map((n) => {
    const own = lines.filter((l) => l.node?.id === n.id && l.sends)
    const isPaused = own.length > 0 && own.every((l) => l.paused)
    return {
      ...n,
      lines: own.map((l) => l.address),
      paused: isPaused,
      pauseReason: isPaused ? (own[0]?.pauseReason ?? null) : null,
    }
  })
  const rows = nodes.map((n) => [
    n.id,
    n.name,
    stateText(n),
    healthText(n, nowMs),
    n.simulated ? `${n.driver} (simulated)` : n.driver,
    n.lines.length === 0 ? '-' : n.lines.join(', '),
    n.online ? '-' : instantText(n.closedAtMs),
  ])
  return {
    json: nodes.map((n) => ({
      id: n.id,
      name: n.name,
      online: n.online,
      standing: standingOf(n, nowMs),
      health: n.health,
      health_at: n.healthAtMs,
      proven_at: n.provenAtMs,
      held: holdJson(n.hold),
      driver: n.driver,
      simulated: n.simulated,
      lines: n.lines,
      paused: n.paused,
      pause_reason: n.pauseReason,
      closed_at: n.closedAtMs,
      frames_dropped: n.framesDropped,
    })),
    lines: tableLines(['id', 'name', 'state', 'health', 'driver', 'lines', 'away since'], rows),
  }
}

async function show({ store, given }: Call): Promise<Answer> {
  const id = given.positionals[0] ?? ''
  const node = isNodeId(id) ? await store.node(id) : undefined
  if (node === undefined) throw new Refused(`There is no node ${id}. All that are in service: ${PROGRAM} node list`)
  const lines = (await store.lines(node.account)).filter((line) => line.node?.id === id)
  const accountName = (await store.account(node.account))?.name ?? node.account
  return showNode({ node, lines, accountName }, systemClock.nowMs())
}

async function resumeNode({ store, actor, given }: Call): Promise<Answer> {
  const id = given.positionals[0] ?? ''
  const done = isNodeId(id) ? await store.resumeNode(actor, id) : 'not_held'
  if (done === 'not_held') {
    throw new Refused(
      `The node ${id} is not held. How it is: ${PROGRAM} node show ${id}. The pause of a line ends with ${PROGRAM} line resume`,
    )
  }
  return { json: { id, resumed: done === 'resumed', one_message: done === 'one_message' }, lines: [RESUMED[done](id)] }
}

const RESUMED = {
  resumed: (id: string) =>
    `The node ${id} may work again. Its connection is made anew within half a minute. If two machines use its credential still, it is paused again.`,
  one_message: (id: string) =>
    `The node ${id} is given one message, which shows whether it works. When it does, the others follow; else they go on waiting.`,
} as const

/** A node is paused when all its lines are. */
function stateText(node: { online: boolean; paused: boolean; pauseReason: string | null }): string {
  const state = node.online ? 'online' : 'offline'
  if (!node.paused) return state
  return `${state}, paused${node.pauseReason === null ? '' : ` (${node.pauseReason})`}`
}

async function retireNode({ store, actor, given }: Call): Promise<Answer> {
  const id = given.positionals[0] ?? ''
  const isRetired = isNodeId(id) && (await store.retireNode(actor, id))
  if (!isRetired) throw new Refused(`There is no node ${id} in service. All of them: ${PROGRAM} node list`)
  return {
    json: { id, retired: true },
    lines: [
      `The node ${id} is out of service: its credential is refused. What it was sending is unknown until somebody looks.`,
    ],
  }
}
