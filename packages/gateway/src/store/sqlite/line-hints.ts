import type { LineId } from '@bluewire/contract/ids'
import type { Tx } from './group-writer.ts'
import { IS_QUEUED } from './partial-indexes.ts'
import type { Db } from './rows.ts'

/** Something that held a line is over. */
export type LineFreed = (tx: Tx, line: LineId) => void

/** A hint makes the line's worker look, which costs ten times as much as asking here whether anything waits; mostly nothing does. */
export function prepareLineHints(db: Db): LineFreed {
  const queued = db.statement((k, p: { line: LineId }) =>
    k.selectFrom('messages').select('id').where('line', '=', p.line).where(IS_QUEUED).limit(1),
  )
  return (tx, line) => {
    if (queued.get({ line }) !== undefined) tx.hints.push({ kind: 'line', id: line })
  }
}
