/**
 * What goes into the outbox is read by the gateway's schema first: a frame that the gateway cannot read is lost to it, whatever it says.
 * Drivers see what other programs wrote, so nothing of theirs is believed to fit.
 */
import { FRAME_BYTES_MAX } from '@bluewire/contract/node-protocol/common'
import { durableFrame } from '@bluewire/contract/node-protocol/node-frames'
import type { DurableFrame } from '@bluewire/contract/node-protocol/node-frames'
import type { AttemptId, JournalId } from '@bluewire/contract/ids'
import type { InboundMessage } from '@bluewire/drivers/driver'
import { wholeMs } from './fact-body.ts'

export type FrameContent = Readonly<{ t: DurableFrame['t']; attempt?: AttemptId; fact?: string; at: number }> &
  Record<string, unknown>

/** Room for the fields that are added when a frame is sent. */
const FRAME_MARGIN_BYTES = 1024
const INBOUND_CHARS_MAX = 100_000
const GUID_CHARS_MAX = 200
const ADDRESS_CHARS_MAX = 254
const ANY_JOURNAL: JournalId = 'journal_00000000000000000000000000'

/** As much of it as the wire takes; null when it cannot be told at all. */
export function wireFrame(content: FrameContent): FrameContent | null {
  if (isWire(content)) return content
  if (content.t === 'void_done') return { ...content, reason: 'unspecified' }
  if (content.t === 'inbound') return null
  // What the driver said makes no sense. That the attempt came to its end is told all the same: what became of it is not known.
  const { t, attempt, message, n, line, service, at } = content
  const fact = 'unknown'
  const told = { t, attempt, message, n, line, service, fact, reason: 'driver_error', at: wholeMs(at) } as FrameContent
  return isWire(told) ? told : null
}

export function inboundContent(message: InboundMessage, nowMs: number, position?: string): FrameContent {
  return {
    t: 'inbound',
    guid: message.guid.slice(0, GUID_CHARS_MAX),
    line: message.line,
    from: message.from.slice(0, ADDRESS_CHARS_MAX) || 'unknown',
    service: message.service,
    body: fitting(message.body),
    date: wholeMs(message.dateMs),
    backfilled: message.backfilled,
    ...(message.chat === undefined ? {} : { chat: message.chat.slice(0, ADDRESS_CHARS_MAX) }),
    ...(message.about === undefined ? {} : { about: message.about }),
    ...(position === undefined ? {} : { position }),
    at: wholeMs(nowMs),
  }
}

function isWire(content: FrameContent): boolean {
  return durableFrame.safeParse({ ...content, journal_id: ANY_JOURNAL, seq: 1 }).success
}

/** A frame above the limit of the wire would be refused for ever and block all behind it. */
function fitting(body: string): string {
  let text = body.length > INBOUND_CHARS_MAX ? body.slice(0, INBOUND_CHARS_MAX) : body
  while (Buffer.byteLength(JSON.stringify(text)) > FRAME_BYTES_MAX - FRAME_MARGIN_BYTES) {
    text = text.slice(0, Math.floor(text.length * 0.8))
  }
  return text
}
