/**
 * What the journal puts into its outbox.
 * Proves: whatever a driver says, each frame is one that the gateway can read; an attempt whose outcome makes no sense is told as unknown;
 * an inbound message without a usable guid or line makes no frame; and pruning leaves no gap in the numbers.
 */
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { parseNodeFrame } from '@bluewire/contract/node-protocol/node-frames'
import type { InboundMessage } from '@bluewire/drivers/driver'
import { attemptNo, LINE, messageNo, newJournalId } from '../../test/agent-world.ts'
import type { FactBody } from './fact-body.ts'
import { ACKED_FRAMES_KEPT_MS, Journal } from './journal.ts'

const NOW = 1_793_620_800_000
const INBOUND: InboundMessage = {
  guid: 'guid-1',
  line: LINE,
  from: '+14155552671',
  service: 'imessage',
  body: 'hi',
  dateMs: NOW,
  backfilled: false,
}

const newJournal = (): Journal => new Journal(new DatabaseSync(':memory:'), newJournalId)

function settle(journal: Journal, fact: FactBody): void {
  const attempt = { attempt: attemptNo(1), message: messageNo(1), n: 1, line: LINE, to: '+14155552671', body: 'b' }
  journal.take({ ...attempt, service: 'imessage', session: 1, startWithinMs: 10_000 }, NOW)
  journal.start(attemptNo(1), NOW)
  journal.settle(attemptNo(1), fact, NOW)
}

const told = (journal: Journal): unknown[] =>
  journal.unacked(0, 100).map(({ text }) => {
    const parsed = parseNodeFrame(text)
    return parsed.ok ? parsed.frame : parsed.reason
  })

describe('inbound', () => {
  it.each([
    ['a sender of two letters', { from: 'AB' }, { from: 'AB' }],
    ['no sender', { from: '' }, { from: 'unknown' }],
    ['a long sender', { from: 'x'.repeat(300) }, { from: 'x'.repeat(254) }],
    ['a long guid', { guid: 'g'.repeat(300) }, { guid: 'g'.repeat(200) }],
    ['a date before 1970', { dateMs: -5.5 }, { date: 0 }],
    ['no date', { dateMs: NaN }, { date: 0 }],
  ])('%s: a frame that can be read', (_, said, expected) => {
    const journal = newJournal()
    expect(journal.inbound({ ...INBOUND, ...said }, NOW)).toBe(true)
    expect(told(journal)).toMatchObject([{ t: 'inbound', ...expected }])
  })

  it.each([{ guid: '' }, { line: '' }, { service: 'rcs' as 'sms' }])('%j: none', (said) => {
    const journal = newJournal()
    expect(journal.inbound({ ...INBOUND, ...said }, NOW)).toBe(false)
    expect(told(journal)).toEqual([])
    journal.inbound(INBOUND, NOW)
    expect(told(journal)).toMatchObject([{ seq: 1 }])
  })
})

describe('facts', () => {
  it.each<object>([
    { fact: 'sent', at: NOW, row_guids: ['g'.repeat(300)] },
    { fact: 'not_sent', class: 'of_the_future', at: NOW },
    { fact: 'unknown', reason: '', at: NOW },
    { fact: 'not_sent', class: 'refused', reason: 'r', detail: 'd'.repeat(600), at: NOW },
    { fact: 'teleported', at: -1 },
  ])('%j: its end is told, as unknown', (fact) => {
    const journal = newJournal()
    settle(journal, fact as FactBody)
    expect(told(journal)).toMatchObject([{ t: 'fact', fact: 'unknown', reason: 'driver_error', attempt: attemptNo(1) }])
  })

  it('a tombstone without a reason has one', () => {
    const journal = newJournal()
    journal.void(attemptNo(1), { reason: '', proof: true }, NOW)
    expect(told(journal)).toMatchObject([{ t: 'void_done', reason: 'unspecified' }])
  })
})

it('pruning leaves no gap: what was acked while the clock was behind waits for what is older', () => {
  const journal = newJournal()
  for (let i = 0; i < 3; i++) journal.inbound({ ...INBOUND, guid: `guid-${i}` }, NOW)
  journal.ack(1, NOW)
  journal.ack(2, NOW - 2 * ACKED_FRAMES_KEPT_MS)
  journal.prune(NOW)
  expect(journal.heads().outbox.oldest).toBe(1)
  journal.prune(NOW + ACKED_FRAMES_KEPT_MS + 1)
  expect(journal.heads().outbox.oldest).toBe(3)
})
