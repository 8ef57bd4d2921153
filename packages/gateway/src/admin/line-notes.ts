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
  const downgraded = lines.filter((l) => l.downgradedAtMs !== null && nowMs - l.downgradedAtMs < DOWNGRADE_COUNTS_MS)
  return [...ofEachNode(lines, troubleOf), ...ofEachNode(lines, twiceNote), ...downgraded.map(downgradeNote)]
}

type Sender = NonNullable<LineView['node']>

/** What is to be said of a node or provider, once, with all the lines that it sends from. */
function ofEachNode(lines: readonly LineView[], noteOf: (node: Sender) => string | null): string[] {
  const notes = new Map<string, { note: string; addresses: string[] }>()
  for (const { address, node, sends } of lines) {
    const note = node === null || !sends ? null : noteOf(node)
    if (node === null || note === null) continue
    const known = notes.get(node.id) ?? { note, addresses: [] }
    known.addresses.push(address)
    notes.set(node.id, known)
  }
  return [...notes.values()].map(({ note, addresses }) => `${addresses.join(', ')}: ${note}`)
}

function troubleOf({ hold, health, healthDetail }: Sender): string | null {
  return hold?.detail ?? (health === 'ok' ? null : healthDetail)
}

function twiceNote({ atMostOnce, driver, name }: Sender): string | null {
  if (atMostOnce) return null
  return `may send twice. What the driver ${driver} on ${name} hands a message to may send it again by itself, and nothing here can keep it from that.`
}

function downgradeNote({ address, downgradedAtMs }: LineView): string {
  return (
    `${address}: Messages sent an iMessage as SMS by itself (${instantText(downgradedAtMs)}). Switch "Send as Text Message" off on the iPhone ` +
    'of its Apple account: Settings > Apps > Messages (before iOS 18: Settings > Messages).'
  )
}
