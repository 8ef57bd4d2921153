/** `node show`: all that is known of one node, for the person who asks why it does not send. Pure. */
import { SENDING_CHECK, standingOf } from '@bluewire/engine/node-health'
import type { NodeDetail } from '../store/accounts-store.ts'
import type { LineView } from '../store/store.ts'
import { healthText, holdJson, holdText } from './node-health-text.ts'
import { PROGRAM } from './program.ts'
import { instantText, tableLines } from './table.ts'
import type { Answer } from './verb.ts'

export type NodeShown = Readonly<{ node: NodeDetail; lines: readonly LineView[]; accountName: string }>

/** Those that want somebody come first; else the order is the driver's. */
const CHECK_ORDER = { problem: 0, unknown: 1, ok: 2 } as const

export function showNode(shown: NodeShown, nowMs: number): Answer {
  return { json: jsonOf(shown, nowMs), lines: [...facts(shown, nowMs), ...checks(shown.node)] }
}

function facts({ node, lines, accountName }: NodeShown, nowMs: number): string[] {
  const rows: Array<readonly [string, string]> = [
    ['node', `${node.name} (${node.id})`],
    ['account', accountName],
    ['state', stateText(node)],
    ['health', `${healthText(node, nowMs)}${node.healthDetail === null ? '' : `: ${node.healthDetail}`}`],
    ['work', workText(node)],
    ['last proof', `${instantText(node.provenAtMs)} (that it can send, by its own clock)`],
    ['last iMessage', `${instantText(node.sentAtMs)} (seen to leave)`],
    ['driver', `${node.driver}${node.simulated ? ' (simulated)' : ''}, ${onceText(node)}`],
    ['agent', node.agent === '' ? '-' : `${node.agent} on ${node.os}`],
    ['can', node.capabilities.length === 0 ? '-' : node.capabilities.join(', ')],
    ['in flight', node.inFlight.length === 0 ? 'nothing' : node.inFlight.map(attemptText).join('; ')],
    ['not known', `${node.unknown} attempts, of which it may still learn what became of them`],
    ...(node.framesDropped === 0 ? [] : [['dropped', `${node.framesDropped} frames that made no sense`] as const]),
    ...lines.map((line) => ['line', lineText(line)] as const),
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`)
}

function checks({ checks: all }: NodeDetail): string[] {
  if (all.length === 0) return []
  const sorted = [...all].sort((a, b) => CHECK_ORDER[a.state] - CHECK_ORDER[b.state])
  const rows = sorted.map(({ name, state, detail }) => [name, WORD_OF[state], detail ?? ''])
  return ['', ...tableLines(['check', 'state', 'what it means, and what to do'], rows)]
}

const WORD_OF = { ok: 'ok', problem: 'problem', unknown: 'cannot tell' } as const

function stateText(node: NodeDetail): string {
  if (node.retiredAtMs !== null) return `retired since ${instantText(node.retiredAtMs)}`
  if (node.online) return `online since ${instantText(node.connectedAtMs)}`
  return node.closedAtMs === null ? 'never connected' : `offline since ${instantText(node.closedAtMs)}`
}

/** Most of what it says of itself ends by itself; what shows only when a message leaves, and what it does not know of, by a command. */
function workText({ id, hold }: NodeDetail): string {
  if (hold === null) return 'it may be given some'
  const end =
    hold.why === 'broken' && hold.check !== SENDING_CHECK
      ? ''
      : `. When that is put right: ${PROGRAM} node resume ${id}`
  return `none: it ${holdText(hold)}${end}`
}

function onceText({ atMostOnce }: NodeDetail): string {
  return atMostOnce ? 'sends each message at most once' : 'may send one message twice by itself'
}

function attemptText(attempt: NodeDetail['inFlight'][number]): string {
  return `${attempt.message} since ${instantText(attempt.dispatchedAtMs)} (${attempt.state})`
}

function lineText({ address, services, sends, paused, queued }: LineView): string {
  const state = !sends ? 'receives only' : paused ? 'paused' : 'in use'
  return `${address} (${services.join(', ')}), ${state}, ${queued} queued`
}

function jsonOf({ node, lines, accountName }: NodeShown, nowMs: number) {
  return {
    id: node.id,
    name: node.name,
    account: { id: node.account, name: accountName },
    online: node.online,
    connected_at: node.connectedAtMs,
    closed_at: node.closedAtMs,
    retired_at: node.retiredAtMs,
    standing: standingOf(node, nowMs),
    health: node.health,
    health_detail: node.healthDetail,
    health_at: node.healthAtMs,
    proven_at: node.provenAtMs,
    imessage_sent_at: node.sentAtMs,
    held: holdJson(node.hold),
    checks: node.checks,
    driver: node.driver,
    simulated: node.simulated,
    at_most_once: node.atMostOnce,
    agent: node.agent,
    os: node.os,
    capabilities: node.capabilities,
    in_flight: node.inFlight.map((a) => ({
      attempt: a.id,
      message: a.message,
      state: a.state,
      dispatched_at: a.dispatchedAtMs,
    })),
    unknown: node.unknown,
    frames_dropped: node.framesDropped,
    lines: lines.map(({ id, address, services, sends, paused, queued }) => ({
      ...{ id, address, services, sends, paused, queued },
    })),
  }
}
