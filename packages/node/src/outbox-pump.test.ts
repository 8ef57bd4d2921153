/**
 * The outbox over a session.
 * Proves: no more than a window of frames is out beyond the last ack, however long the backlog; each ack lets further ones go, in order, each
 * once per session; and a new session begins where the last ack stands.
 */
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { VirtualClock } from '@bluewire/testkit/virtual-clock'
import { LINE, newJournalId } from '../test/agent-world.ts'
import { silentLog } from './agent-log.ts'
import { DurableWrites } from './durable-writes.ts'
import { Journal } from './journal/journal.ts'
import { OutboxPump, WINDOW } from './outbox-pump.ts'

const BACKLOG = 1_000

function backlog() {
  const clock = new VirtualClock()
  const log = silentLog
  const journal = new Journal(new DatabaseSync(':memory:'), newJournalId)
  journal.transaction(() => {
    for (let i = 0; i < BACKLOG; i++) {
      const from = '+14155552671'
      journal.inbound(
        { guid: `g${i}`, line: LINE, from, service: 'imessage', body: 'x', dateMs: 1, backfilled: false },
        i,
      )
    }
  })
  const writes = new DurableWrites({ clock, log, giveUpBallast: () => false, recovered: () => undefined })
  const pump = new OutboxPump({ clock, journal, writes, log })
  const sent: number[] = []
  const open = (): void => pump.open((text) => sent.push((JSON.parse(text) as { seq: number }).seq))
  const ack = async (seq: number): Promise<void> => {
    pump.ack({ journal_id: journal.heads().journalId, seq })
    await clock.settle()
  }
  return { clock, journal, pump, sent, open, ack }
}

const upTo = (n: number, from = 1): number[] => Array.from({ length: n - from + 1 }, (_, i) => from + i)

it('sends a window, and more after each ack', async () => {
  const { clock, sent, open, ack, pump } = backlog()
  open()
  await clock.settle()
  expect(sent).toEqual(upTo(WINDOW))
  pump.push()
  await clock.advance(60_000)
  expect(sent).toHaveLength(WINDOW)
  await ack(50)
  expect(sent).toEqual(upTo(WINDOW + 50))
  for (let acked = 100; acked <= BACKLOG; acked += 100) await ack(acked)
  expect(sent).toEqual(upTo(BACKLOG))
})

it('begins a new session after the last ack', async () => {
  const { clock, sent, open, ack, pump } = backlog()
  open()
  await clock.settle()
  await ack(150)
  pump.close()
  await clock.advance(1_000)
  sent.length = 0
  open()
  await clock.settle()
  expect(sent).toEqual(upTo(WINDOW + 150, 151))
})
