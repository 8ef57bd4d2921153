/** What a node says of itself, in as few words as a column of a table has room for. Only what is proven now is plainly `ok` (R8). */
import { standingOf } from '@bluewire/engine/node-health'
import type { LastHeard, NodeHold } from '@bluewire/engine/node-health'
import { instantText } from './table.ts'

export type HealthSeen = LastHeard & Readonly<{ hold: NodeHold | null }>

export function healthText(node: HealthSeen, nowMs: number): string {
  const { health, healthAtMs, provenAtMs } = node
  const standing = standingOf(node, nowMs)
  switch (standing) {
    case 'good':
      return `ok${heldText(node)}`
    case 'unproven':
      return `${provenAtMs === null ? 'ok (not proven yet)' : `ok (as of ${instantText(provenAtMs)})`}${heldText(node)}`
    case 'stale':
      return `${node.online ? 'stale: ' : ''}${health} (as of ${instantText(healthAtMs)})${pausedText(node)}`
    case 'broken':
      return `broken${checkText(node.hold)}${pausedText(node)}`
    case 'degraded':
      return `degraded${heldText(node)}`
    case 'unknown':
      return `unknown${pausedText(node)}`
    default:
      return standing satisfies never
  }
}

/** Why a node is given nothing to send, as a part of a sentence about it. */
export function holdText(hold: NodeHold): string {
  switch (hold.why) {
    case 'broken':
      return `cannot send${checkText(hold)}`
    case 'sending_address':
      return 'would send from another address'
    case 'two_machines':
      return 'is paused (two machines use its credential)'
    default:
      return hold satisfies never
  }
}

function heldText({ hold }: HealthSeen): string {
  return hold === null ? '' : `, but ${holdText(hold)}`
}

/** Not of its own word, so it stands whatever that was. */
function pausedText(node: HealthSeen): string {
  return node.hold?.why === 'two_machines' ? heldText(node) : ''
}

function checkText(hold: NodeHold | null): string {
  return hold?.check == null ? '' : ` (${hold.check})`
}

export function holdJson(hold: NodeHold | null) {
  return hold === null ? null : { why: hold.why, check: hold.check, detail: hold.detail }
}
