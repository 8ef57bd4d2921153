import { isNodeId } from '@bluewire/contract/ids'
import { findAccount } from './find-account.ts'
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
    n.health,
    n.simulated ? `${n.driver} (simulated)` : n.driver,
    n.lines.length === 0 ? '-' : n.lines.join(', '),
    n.online ? '-' : instantText(n.closedAtMs),
  ])
  return {
    json: nodes.map((n) => ({
      id: n.id,
      name: n.name,
      online: n.online,
      health: n.health,
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
