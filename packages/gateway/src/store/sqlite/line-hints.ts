/** Whether it is worth looking at a line: a hint makes its worker look, which costs ten times as much as asking here, and mostly nothing waits. */
import type { LineId } from '@bluewire/contract/ids'
import type { Tx } from './group-writer.ts'
import { IS_QUEUED } from './partial-indexes.ts'
import type { Db } from './rows.ts'

/** Whether a message waits for the line, for whatever reason. */
export function prepareIsQueuedOn(db: Db): (line: LineId) => boolean {
  const queued = db.statement((k, p: { line: LineId }) =>
    k.selectFrom('messages').select('id').where('line', '=', p.line).where(IS_QUEUED).limit(1),
  )
  return (line) => queued.get({ line }) !== undefined
}

/** Something that held the line is over. */
export function prepareLineFreed(db: Db): (tx: Tx, line: LineId) => void {
  const isQueuedOn = prepareIsQueuedOn(db)
  return (tx, line) => {
    if (isQueuedOn(line)) tx.hints.push({ kind: 'line', id: line })
  }
}
