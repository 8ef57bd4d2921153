/** What the person who looks at lines should know of them beyond the table, and do. */
import type { LineView } from '../store/store.ts'
import { instantText } from './table.ts'

/** It happens again for as long as the setting stands, but nobody tells us that it was changed. */
const DOWNGRADE_COUNTS_MS = 7 * 24 * 3600_000

export function senderText(sender: LineView['node']): string {
  if (sender === null) return '-'
  if (sender.isProvider) return `${sender.name} (provider, ${sender.online ? 'connected' : 'not connected'})`
  return `${sender.name} (${sender.online ? 'online' : 'offline'})`
}

/** One sentence or two for each thing, with the lines that it is about. */
export function notesOn(lines: readonly LineView[], nowMs: number): string[] {
  const broken = new Map<string, { detail: string; addresses: string[] }>()
  for (const { address, node, sends } of lines) {
    if (node === null || node.healthDetail === null || node.health === 'ok' || !sends) continue
    const note = broken.get(node.id) ?? { detail: node.healthDetail, addresses: [] }
    note.addresses.push(address)
    broken.set(node.id, note)
  }
  const downgraded = lines.filter((l) => l.downgradedAtMs !== null && nowMs - l.downgradedAtMs < DOWNGRADE_COUNTS_MS)
  return [
    ...[...broken.values()].map(({ detail, addresses }) => `${addresses.join(', ')}: ${detail}`),
    ...downgraded.map(downgradeNote),
  ]
}

function downgradeNote({ address, downgradedAtMs }: LineView): string {
  return (
    `${address}: Messages sent an iMessage as SMS by itself (${instantText(downgradedAtMs)}). Switch "Send as Text Message" off on the iPhone ` +
    'of its Apple account: Settings > Apps > Messages (before iOS 18: Settings > Messages).'
  )
}
