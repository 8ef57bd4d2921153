/** Why a `send` is not taken. Messages has not been touched, so each of these is proof and a retry is safe. */
import type { SendFrame } from '@bluewire/contract/node-protocol/gateway-frames'
import type { Driver } from '@bluewire/drivers/driver'
import type { Journal } from './journal/journal.ts'

/** What the session allows at this moment. `session` is null before `ready`. */
export type Admission = Readonly<{
  session: number | null
  mode: 'work' | 'observe'
  stopping: boolean
  /** What must be stored could not be. */
  stuck: boolean
  freeBytes: number
  freeBytesMin: number
  maxOpen: number
}>

export function refusalOf(
  frame: SendFrame,
  now: Admission,
  { journal, driver }: { journal: Journal; driver: Driver },
): string | null {
  if (now.session === null || frame.session !== now.session) return 'stale_session'
  if (now.stopping) return 'disconnected'
  if (now.mode === 'observe') return 'observing'
  if (now.stuck || now.freeBytes < now.freeBytesMin) return 'node_disk_full'
  const line = driver.lines.find(({ address }) => address === frame.line)
  if (!line?.sends || !line.services.includes(frame.service)) return 'line_not_here'
  if (journal.openOnLine(frame.line) >= now.maxOpen) return 'line_full'
  const { attempt, message, to, service, body, effect, reply_to: replyTo } = frame
  if (effect !== undefined && !driver.capabilities.includes('effects')) return 'effects_not_here'
  if (replyTo !== undefined && !driver.capabilities.includes('replies')) return 'replies_not_here'
  return driver.refuses({ attempt, message, line: frame.line, to, service, body })?.reason.slice(0, 64) ?? null
}
