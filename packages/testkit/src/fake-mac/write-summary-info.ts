/** `message.message_summary_info` as Messages writes it after an edit or an unsend (MACOS 2.3). */
import { writeAttributedBody } from './write-attributed-body.ts'
import { writeBinaryPlist } from './write-binary-plist.ts'
import type { Plist } from './write-binary-plist.ts'

export type SummaryToWrite = Readonly<{
  unsentParts?: readonly number[]
  /** All texts a part has had, from the one that was sent on. Unix time. */
  edits?: ReadonlyArray<Readonly<{ part: number; atMs: number; text: string }>>
}>

/** 2001-01-01 UTC in Unix time. */
const EPOCH_MS = 978_307_200_000

export function writeSummaryInfo({ unsentParts = [], edits = [] }: SummaryToWrite): Uint8Array {
  const history = new Map<string, Plist[]>()
  for (const { part, atMs, text } of edits) {
    const texts = history.get(String(part)) ?? []
    texts.push(
      new Map<string, Plist>([
        ['t', writeAttributedBody({ text })],
        ['d', { real: (atMs - EPOCH_MS) / 1000 }],
      ]),
    )
    history.set(String(part), texts)
  }
  const info = new Map<string, Plist>([['ust', true]])
  if (unsentParts.length > 0) info.set('rp', unsentParts)
  if (history.size > 0) {
    info.set('ec', history)
    info.set('ep', [...history.keys()].map(Number))
  }
  return writeBinaryPlist(info)
}
