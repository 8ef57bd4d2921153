/**
 * The journal and its outbox.
 * Proves: each transition is stored with its frame or not at all; a voided attempt never runs and a settled one never
 * settles twice; frames keep their order and numbers until acked; whatever happens and wherever it is cut off, what a
 * reopened journal says is what the model says.
 */
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AttemptId } from '@bluewire/contract/ids'
import { FRAME_BYTES_MAX } from '@bluewire/contract/node-protocol/common'
import { parseNodeFrame } from '@bluewire/contract/node-protocol/node-frames'
import type { DurableFrame } from '@bluewire/contract/node-protocol/node-frames'
import { attemptNo, LINE, LINE_2, messageNo, newJournalId } from '../../test/agent-world.ts'
import type { FactBody } from './fact-body.ts'
import { ACKED_FRAMES_KEPT_MS, ENTRIES_KEPT_MS, Journal, JournalTooNewError } from './journal.ts'
import type { TakenAttempt } from './journal.ts'
import { JOURNAL_STEPS } from './journal-tables.ts'

const NOW = 1_793_620_800_000
const SENT: FactBody = { fact: 'sent', at: NOW }

function newJournal(file?: Uint8Array): { journal: Journal; raw: DatabaseSync } {
  const raw = new DatabaseSync(':memory:')
  if (file) raw.deserialize(file)
  return { journal: new Journal(raw, newJournalId), raw }
}

function attempt(n: number, more: Partial<TakenAttempt> = {}): TakenAttempt {
  return {
    attempt: attemptNo(n),
    message: messageNo(n),
    n: 1,
    line: LINE,
    to: '+14155552671',
    service: 'imessage',
    body: `body ${n}`,
    session: 1,
    startWithinMs: 10_000,
    ...more,
  }
}

function frames(journal: Journal): DurableFrame[] {
  return journal.unacked(0, 1000).map(({ seq, text }) => {
    const parsed = parseNodeFrame(text)
    if (!parsed.ok) throw new Error(parsed.reason)
    expect(parsed.frame).toMatchObject({ seq, journal_id: journal.heads().journalId })
    return parsed.frame as DurableFrame
  })
}

function settled(journal: Journal, n: number, fact: FactBody = SENT): FactBody | null {
  journal.take(attempt(n), NOW)
  journal.start(attemptNo(n), NOW)
  return journal.settle(attemptNo(n), fact, NOW)
}

describe('transitions', () => {
  it('a new journal has an id of its own and nothing in it', () => {
    const { journal } = newJournal()
    expect(journal.heads()).toMatchObject({
      head: 0,
      conn: 0,
      lastSession: 0,
      outbox: { oldest: 1, head: 0, acked: 0 },
    })
    expect(journal.heads().journalId).not.toBe(newJournal().journal.heads().journalId)
  })

  it('keeps what the driver needs until the outcome is known, then erases the text', () => {
    const { journal, raw } = newJournal()
    journal.take(attempt(1, { body: 'a text nobody else may read' }), NOW)
    expect(journal.find(attemptNo(1))).toMatchObject({
      state: 'taken',
      body: 'a text nobody else may read',
      to: '+14155552671',
      n: 1,
    })
    journal.start(attemptNo(1), NOW + 5)
    expect(journal.find(attemptNo(1))).toMatchObject({ state: 'started', startedAtMs: NOW + 5 })
    journal.settle(attemptNo(1), SENT, NOW + 10)
    expect(journal.find(attemptNo(1))).toMatchObject({ state: 'settled', body: null, fact: SENT })
    expect(Buffer.from(raw.serialize()).includes('nobody else may read')).toBe(false)
  })

  it('numbers every transition and every frame', () => {
    const { journal } = newJournal()
    settled(journal, 1)
    journal.void(attemptNo(2), { reason: 'absent', proof: true }, NOW)
    expect(journal.heads()).toMatchObject({ head: 4, outbox: { oldest: 1, head: 2 } })
    expect(frames(journal)).toMatchObject([
      { t: 'fact', attempt: attemptNo(1), fact: 'sent', message: messageNo(1), line: LINE, service: 'imessage' },
      { t: 'void_done', attempt: attemptNo(2), reason: 'absent', proof: true },
    ])
  })

  it('what is not allowed changes nothing', () => {
    const { journal } = newJournal()
    settled(journal, 1)
    journal.void(attemptNo(2), { reason: 'absent', proof: true }, NOW)
    const before = journal.heads()
    expect(journal.take(attempt(1), NOW)).toBe(false)
    expect(journal.take(attempt(2), NOW)).toBe(false)
    expect(journal.start(attemptNo(2), NOW)).toBe(false)
    expect(journal.settle(attemptNo(1), { fact: 'not_sent', at: NOW }, NOW)).toBeNull()
    expect(journal.settle(attemptNo(3), SENT, NOW)).toBeNull()
    expect(journal.void(attemptNo(1), { reason: 'cancelled', proof: true }, NOW)).toBe(false)
    expect(journal.heads()).toEqual(before)
  })

  it('a further step of a started attempt counts, of any other it does not', () => {
    const { journal } = newJournal()
    journal.take(attempt(1), NOW)
    expect(journal.step(attemptNo(1), 'note', NOW)).toBe(false)
    journal.start(attemptNo(1), NOW)
    expect(journal.step(attemptNo(1), 'note', NOW)).toBe(true)
    expect(journal.find(attemptNo(1))?.state).toBe('started')
  })

  it('everything taken is voided together, and nothing else', () => {
    const { journal } = newJournal()
    for (const n of [1, 2, 3]) journal.take(attempt(n), NOW)
    journal.start(attemptNo(2), NOW)
    expect(journal.voidAllTaken('restarted', NOW)).toEqual([attemptNo(1), attemptNo(3)])
    expect(journal.openCounts()).toEqual({ taken: 0, started: 1 })
    expect(frames(journal).map((frame) => frame.t)).toEqual(['void_done', 'void_done'])
  })

  it('counts open attempts by line, and what each line started', () => {
    const { journal } = newJournal()
    journal.take(attempt(1), NOW)
    journal.take(attempt(2, { line: LINE_2 }), NOW)
    journal.start(attemptNo(2), NOW)
    settled(journal, 3)
    expect(journal.openOnLine(LINE)).toBe(1)
    expect(journal.openOnLine(LINE_2)).toBe(1)
    expect(journal.startedSince(NOW - 1000).get(LINE)).toEqual({ many: 1, lastAtMs: NOW })
    expect(journal.startedSince(NOW + 1).size).toBe(0)
  })

  it('a row of chat.db settles one attempt only', () => {
    const { journal } = newJournal()
    expect(settled(journal, 1, { ...SENT, row_guids: ['row'] })).toMatchObject({ fact: 'sent' })
    expect(settled(journal, 2, { ...SENT, row_guids: ['row'] })).toMatchObject({
      fact: 'unknown',
      reason: 'row_claimed',
    })
    expect(frames(journal).map((frame) => frame.t === 'fact' && frame.fact)).toEqual(['sent', 'unknown'])
  })

  it('each part has its row: another attempt can be none of them, until the entry is forgotten', () => {
    const { journal } = newJournal()
    settled(journal, 1, { ...SENT, row_guids: ['text', 'file'] })
    expect(frames(journal)).toMatchObject([{ fact: 'sent', row_guid: 'text' }])
    expect(frames(journal)[0]).not.toHaveProperty('row_guids')
    expect(journal.attemptOf('file')).toBe(attemptNo(1))
    expect(settled(journal, 2, { ...SENT, row_guids: ['other', 'file'] })).toMatchObject({ reason: 'row_claimed' })
    expect(journal.attemptOf('other')).toBeNull()
    journal.ack(2, NOW)
    journal.prune(NOW + ACKED_FRAMES_KEPT_MS + 1)
    journal.prune(NOW + ENTRIES_KEPT_MS + 1)
    expect(journal.attemptOf('file')).toBeNull()
  })

  it('the note of a started attempt is the last one, and goes with its end', () => {
    const { journal } = newJournal()
    journal.take(attempt(1), NOW)
    journal.start(attemptNo(1), NOW)
    expect(journal.find(attemptNo(1))?.note).toBeNull()
    journal.step(attemptNo(1), 'mark 7', NOW)
    journal.step(attemptNo(1), 'mark 8', NOW)
    expect(journal.find(attemptNo(1))?.note).toBe('mark 8')
    journal.settle(attemptNo(1), SENT, NOW)
    expect(journal.find(attemptNo(1))?.note).toBeNull()
  })

  it('how far the driver has read is stored with what it read, or neither', () => {
    const { journal } = newJournal()
    const message = { guid: 'g', line: LINE, from: '+14155552671', body: 'hi', dateMs: NOW, backfilled: false } as const
    expect(journal.position()).toBeNull()
    journal.inbound({ ...message, service: 'imessage' }, NOW, 'row 1')
    expect(journal.position()).toBe('row 1')
    expect(frames(journal)).toMatchObject([{ t: 'inbound', guid: 'g', position: 'row 1' }])
    const failing = () =>
      journal.transaction(() => {
        journal.inbound({ ...message, guid: 'h', service: 'imessage' }, NOW, 'row 2')
        throw new Error('power cut')
      })
    expect(failing).toThrow('power cut')
    expect([journal.position(), frames(journal).length]).toEqual(['row 1', 1])
    journal.setPosition('row 3')
    expect(journal.position()).toBe('row 3')
  })

  it('a journal of the first form is taken over with what it holds', () => {
    const raw = new DatabaseSync(':memory:')
    raw.exec(JOURNAL_STEPS[0] ?? '')
    raw.exec(`insert into meta values (1, '${newJournalId()}', 9, 1, 1, 0, 0, 0);
      insert into entry (attempt, state, proof, changed_at_ms, row_guid) values ('${attemptNo(1)}', 'settled', 1, ${NOW}, 'row');
      pragma user_version = 1`)
    const journal = new Journal(raw, newJournalId)
    expect([journal.attemptOf('row'), journal.heads().head, journal.position()]).toEqual([attemptNo(1), 9, null])
  })

  it('several transitions are one commit: an error undoes them all', () => {
    const { journal } = newJournal()
    const before = journal.heads()
    expect(() =>
      journal.transaction(() => {
        settled(journal, 1)
        throw new Error('stop')
      }),
    ).toThrow('stop')
    expect(journal.heads()).toEqual(before)
    expect(journal.find(attemptNo(1))).toBeNull()
  })

  it('refuses a file of a newer version and leaves it as it is', () => {
    const { raw } = newJournal()
    raw.exec('pragma user_version = 99')
    expect(() => new Journal(raw, newJournalId)).toThrow(JournalTooNewError)
  })
})

describe('the outbox', () => {
  it('gives unacked frames in order, from any point, until an ack covers them', () => {
    const { journal } = newJournal()
    for (const n of [1, 2, 3, 4]) settled(journal, n)
    expect(journal.unacked(1, 2).map(({ seq }) => seq)).toEqual([2, 3])
    expect(journal.ack(3, NOW)).toBe(true)
    expect(journal.ack(2, NOW)).toBe(true)
    expect(journal.unacked(0, 9).map(({ seq }) => seq)).toEqual([4])
    expect(journal.heads().outbox).toEqual({ oldest: 1, head: 4, acked: 3 })
  })

  it('an ack above the head is refused', () => {
    const { journal } = newJournal()
    settled(journal, 1)
    expect(journal.ack(2, NOW)).toBe(false)
    expect(journal.heads().outbox.acked).toBe(0)
  })

  it('tells again what became of an attempt: under a new number only when the old one was acked', () => {
    const { journal } = newJournal()
    settled(journal, 1)
    expect(journal.requeue(attemptNo(1))).toBe(true)
    expect(journal.heads().outbox.head).toBe(1)
    journal.ack(1, NOW)
    expect(journal.requeue(attemptNo(1))).toBe(true)
    expect(frames(journal)).toMatchObject([{ seq: 2, attempt: attemptNo(1), fact: 'sent' }])
    journal.void(attemptNo(2), { reason: 'too_late', proof: true }, NOW)
    journal.ack(3, NOW)
    journal.requeue(attemptNo(2))
    expect(frames(journal)).toMatchObject([{ seq: 4, t: 'void_done', reason: 'too_late', at: NOW }])
    journal.take(attempt(3), NOW)
    expect(journal.requeue(attemptNo(3))).toBe(false)
    expect(journal.requeue(attemptNo(9))).toBe(false)
  })

  it('a receipt is kept once, and only for an attempt of this journal', () => {
    const { journal } = newJournal()
    settled(journal, 1)
    expect(journal.receipt(attemptNo(1), { fact: 'delivered', at: NOW })).toBe(true)
    expect(journal.receipt(attemptNo(1), { fact: 'delivered', at: NOW + 1 })).toBe(false)
    expect(journal.receipt(attemptNo(7), { fact: 'delivered', at: NOW })).toBe(false)
    expect(frames(journal).map((frame) => frame.t === 'fact' && frame.fact)).toEqual(['sent', 'delivered'])
  })

  it('an inbound message larger than a frame is cut, not stuck', () => {
    const { journal } = newJournal()
    const inbound = {
      guid: 'g',
      line: LINE,
      from: '+14155552671',
      service: 'imessage',
      dateMs: NOW,
      backfilled: false,
    } as const
    journal.inbound({ ...inbound, body: '\u0001'.repeat(200_000) }, NOW)
    journal.inbound({ ...inbound, guid: 'h', body: 'short' }, NOW)
    const [long, short] = journal.unacked(0, 9)
    expect(Buffer.byteLength(long?.text ?? '')).toBeLessThan(FRAME_BYTES_MAX)
    expect(JSON.parse(short?.text ?? '')).toMatchObject({ t: 'inbound', body: 'short', date: NOW })
    expect(frames(journal)).toHaveLength(2)
  })

  it('what a restored gateway has lost is sent again: by number, and by time', () => {
    const { journal } = newJournal()
    for (const n of [1, 2, 3]) settled(journal, n)
    journal.ack(3, NOW)
    journal.unack(1)
    expect(frames(journal).map(({ seq }) => seq)).toEqual([2, 3])
    expect(journal.heads().outbox.acked).toBe(1)
    journal.ack(3, NOW)
    expect(journal.requeueSince(NOW + 1)).toBe(0)
    expect(journal.requeueSince(NOW)).toBe(3)
    expect(frames(journal).map(({ seq }) => seq)).toEqual([4, 5, 6])
  })
})

describe('an older copy that is in use again', () => {
  it('gets a new id, counts anew and withdraws every proof that waits', () => {
    const { journal } = newJournal()
    settled(journal, 1)
    journal.ack(1, NOW)
    journal.void(attemptNo(2), { reason: 'restarted', proof: true }, NOW)
    settled(journal, 3, { fact: 'not_sent', class: 'never_handed', reason: 'process_died', at: NOW })
    settled(journal, 4)
    journal.take(attempt(5), NOW)
    journal.start(attemptNo(5), NOW)
    const before = journal.heads()
    const journalId = journal.renew()
    expect(journalId).not.toBe(before.journalId)
    expect(journal.heads()).toMatchObject({ journalId, conn: before.conn, outbox: { oldest: 1, head: 3, acked: 0 } })
    expect(journal.heads().head).toBeGreaterThan(before.head)
    expect(frames(journal)).toMatchObject([
      { seq: 1, t: 'void_done', attempt: attemptNo(2), proof: false },
      { seq: 2, t: 'fact', attempt: attemptNo(3), fact: 'unknown', reason: 'journal_restored' },
      { seq: 3, t: 'fact', attempt: attemptNo(4), fact: 'sent' },
    ])
    expect(frames(journal)[1]).not.toHaveProperty('class')
    expect(journal.find(attemptNo(3))?.fact).toMatchObject({ fact: 'unknown' })
    // What it started before may have been sent by the newer copy: not finding it proves nothing.
    expect(journal.settle(attemptNo(5), { fact: 'not_sent', class: 'never_handed', at: NOW }, NOW)).toMatchObject({
      fact: 'unknown',
    })
    expect(journal.find(attemptNo(2))?.proof).toBe(false)
  })
})

describe('pruning', () => {
  it('keeps acked frames 7 days, entries 30 days and until their frames are gone; unacked ones for ever', () => {
    const { journal } = newJournal()
    settled(journal, 1)
    journal.ack(1, NOW)
    settled(journal, 2)
    journal.take(attempt(3), NOW)
    expect(journal.prune(NOW + ACKED_FRAMES_KEPT_MS - 1)).toBe(0)
    expect(journal.heads().outbox.oldest).toBe(1)
    journal.prune(NOW + ACKED_FRAMES_KEPT_MS + 1)
    expect(journal.heads().outbox.oldest).toBe(2)
    expect(journal.find(attemptNo(1))?.state).toBe('settled')
    expect(journal.prune(NOW + ENTRIES_KEPT_MS + 1)).toBe(1)
    expect([1, 2, 3].map((n) => journal.find(attemptNo(n))?.state)).toEqual([undefined, 'settled', 'taken'])
    const late = NOW + ENTRIES_KEPT_MS
    journal.ack(2, late)
    journal.prune(late + 1)
    expect(journal.find(attemptNo(2))?.state).toBe('settled')
    journal.prune(late + ACKED_FRAMES_KEPT_MS + 1)
    expect(journal.find(attemptNo(2))).toBeNull()
  })
})

/** What a journal must remember, said in the plainest way. */
class Model {
  readonly states = new Map<AttemptId, string>()
  /** `attempt word` of each frame, by number. */
  readonly frames: string[] = []
  acked = 0
  ran = new Map<AttemptId, number>()
}

type Step = Readonly<{ name: string; act(model: Model, journal: Journal): void }>

const nth = fc.integer({ min: 1, max: 4 })

const step: fc.Arbitrary<Step> = fc.oneof(
  nth.map((n): Step => ({
    name: `take ${n}`,
    act(model, journal) {
      const may = !model.states.has(attemptNo(n))
      expect(journal.take(attempt(n), NOW)).toBe(may)
      if (may) model.states.set(attemptNo(n), 'taken')
    },
  })),
  nth.map((n): Step => ({
    name: `start ${n}`,
    act(model, journal) {
      const may = model.states.get(attemptNo(n)) === 'taken'
      expect(journal.start(attemptNo(n), NOW)).toBe(may)
      if (!may) return
      model.states.set(attemptNo(n), 'started')
      model.ran.set(attemptNo(n), (model.ran.get(attemptNo(n)) ?? 0) + 1)
    },
  })),
  fc.tuple(nth, fc.constantFrom('sent', 'not_sent', 'unknown')).map(([n, fact]): Step => ({
    name: `settle ${n} ${fact}`,
    act(model, journal) {
      const may = model.states.get(attemptNo(n)) === 'started'
      expect(journal.settle(attemptNo(n), { fact, at: NOW }, NOW) !== null).toBe(may)
      if (!may) return
      model.states.set(attemptNo(n), 'settled')
      model.frames.push(`${attemptNo(n)} ${fact}`)
    },
  })),
  nth.map((n): Step => ({
    name: `void ${n}`,
    act(model, journal) {
      const state = model.states.get(attemptNo(n))
      const may = state === undefined || state === 'taken'
      expect(journal.void(attemptNo(n), { reason: 'cancelled', proof: true }, NOW)).toBe(may)
      if (!may) return
      model.states.set(attemptNo(n), 'void')
      model.frames.push(`${attemptNo(n)} void`)
    },
  })),
  fc.constant<Step>({
    name: 'void all taken',
    act(model, journal) {
      const taken = [...model.states].filter(([, state]) => state === 'taken').map(([id]) => id)
      expect(journal.voidAllTaken('restarted', NOW)).toEqual(taken.sort())
      for (const id of taken) {
        model.states.set(id, 'void')
        model.frames.push(`${id} void`)
      }
    },
  }),
  fc.integer({ min: 0, max: 8 }).map((seq): Step => ({
    name: `ack ${seq}`,
    act(model, journal) {
      expect(journal.ack(seq, NOW)).toBe(seq <= model.frames.length)
      if (seq <= model.frames.length) model.acked = Math.max(model.acked, seq)
    },
  })),
)

function expectSame(model: Model, journal: Journal): void {
  for (const n of [1, 2, 3, 4]) expect(journal.find(attemptNo(n))?.state).toBe(model.states.get(attemptNo(n)))
  const waiting = frames(journal).map((frame) => {
    if (frame.t === 'inbound') throw new Error('no inbound in this test')
    return `${frame.seq} ${frame.attempt} ${frame.t === 'fact' ? frame.fact : 'void'}`
  })
  expect(waiting).toEqual(model.frames.map((frame, i) => `${i + 1} ${frame}`).slice(model.acked))
  for (const times of model.ran.values()) expect(times).toBe(1)
}

describe('any sequence of transitions, with a crash after any of them', () => {
  it('the journal says what the model says', () => {
    const plan = fc.array(fc.tuple(step, fc.boolean()), { maxLength: 30 })
    fc.assert(
      fc.property(plan, (steps) => {
        const model = new Model()
        let { journal, raw } = newJournal()
        const id = journal.heads().journalId
        for (const [{ act }, crashes] of steps) {
          act(model, journal)
          if (crashes) ({ journal, raw } = newJournal(raw.serialize()))
        }
        expectSame(model, journal)
        expect(journal.heads().journalId).toBe(id)
      }),
      { numRuns: 300 },
    )
  })
})
