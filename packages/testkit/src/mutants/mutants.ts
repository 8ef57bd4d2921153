/**
 * Seeded bugs: each is one cure of the protocol taken away, by changing a line of the source while it is loaded. A mutant whose line is
 * not found exactly once is an error, so this list cannot rot. Each must be found by the simulator; one that survives fails CI.
 */
import type { RuleWord } from '../simulator/rules.ts'

export type Edit = Readonly<{
  /** Below packages/. */
  file: string
  find: string
  replace: string
}>

export type Mutant = Readonly<{
  name: string
  /** What is broken, and the hole of PROTOCOL.md it opens again. */
  breaks: string
  /** The rules by which it must be found; a crash, or another rule, does not count. */
  foundAs: readonly RuleWord[]
  /** Found by this seed before, after minutes: it is tried first, and all others only when the code has moved on. */
  near?: number
  edits: readonly Edit[]
}>

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'frame-before-commit',
    breaks: 'commit_first (hole 1): the frame leaves although the dispatch may never be stored',
    foundAs: ['R2', 'R1', 'R3'],
    edits: [
      {
        file: 'gateway/src/store/sqlite/group-writer.ts',
        find: 'if (this.#scheduled) return',
        replace: `if (write.toString().includes('w.dispatch(')) {
        try {
          this.#db.transaction(() => {
            throw new Undo(write(this.#begin([])))
          })
        } catch (error) {
          if (error instanceof Undo) resolve(error.result as R)
        }
      }
      if (this.#scheduled) return`,
      },
      {
        file: 'gateway/src/delivery/line-worker.ts',
        find: '    if (isMore) this.#again = true',
        replace: '    if (isMore) this.#wakeIn(20)',
      },
    ],
  },
  {
    name: 'absence-is-proof',
    breaks: 'tombstone (hole 2): what the node never said it took counts as not sent, without asking for a tombstone',
    foundAs: ['R2', 'R4'],
    near: 147,
    edits: [
      {
        file: 'gateway/src/store/sqlite/hello.ts',
        find: "if (!proof) settle.record(tx, attempt, { fact: 'unknown', reason: 'journal_lost' })",
        replace:
          "if (attempt.state === 'dispatched') settle.record(tx, attempt, { fact: 'not_sent', class: 'never_handed', reason: 'node_refused', voided: true })",
      },
    ],
  },
  {
    name: 'late-hello-accepted',
    breaks: 'hello_counter (hole 2b): a hello with an older number takes the node over',
    foundAs: ['R2', 'R4', 'R5', 'R1'],
    near: 422,
    edits: [
      {
        file: 'gateway/src/store/sqlite/hello.ts',
        find: 'if (frame.conn <= node.conn) {',
        replace: 'if (frame.conn < 0) {',
      },
      {
        file: 'gateway/src/store/sqlite/hello.ts',
        find: "        .where('conn', '<', p.conn),\n",
        replace: "        .where('conn', '>=', 0),\n",
      },
    ],
  },
  {
    name: 'old-session-obeyed',
    breaks: 'session_check (hole 2a): the node takes work from an old connection',
    foundAs: ['R2', 'R3', 'R4'],
    edits: [
      {
        file: 'node/src/refusal.ts',
        find: 'now.session === null || frame.session !== now.session',
        replace: 'now.session === null',
      },
      {
        file: 'node/src/agent.ts',
        find: 'if (connection?.socket !== socket) return\n    const parsed',
        replace: 'if (!connection) return\n    const parsed',
      },
      // The tombstone of the handshake alone would refuse it, and so would the end of the old socket.
      {
        file: 'node/src/handshake.ts',
        find: "  journal.void(held.attempt, { reason: 'absent', proof: held.proof }, nowMs)\n",
        replace:
          "  if (!journal.find(held.attempt)) return held.proof ? 'void' : 'lost'\n  journal.void(held.attempt, { reason: 'absent', proof: held.proof }, nowMs)\n",
      },
      {
        file: 'gateway/src/nodes/live-sessions.ts',
        find: '        this.#replaceOlder(session)\n',
        replace: '',
      },
    ],
  },
  {
    name: 'journal-after-send',
    breaks: 'two_state (hole 5): Messages is touched before `started` is durable',
    foundAs: ['R2', 'R3'],
    edits: [
      {
        file: 'node/src/attempt-runner.ts',
        find: 'if (!writes.now(() => journal.start(attempt.attempt, clock.nowMs()))) return',
        replace: '',
      },
    ],
  },
  {
    name: 'taken-run-after-restart',
    breaks: 'restart_void (holes 5, 13): what was taken runs after a restart, however long that took',
    foundAs: ['R2', 'R3', 'R7'],
    edits: [
      {
        file: 'node/src/agent.ts',
        find: "this.#writes.eventually(() => void journal.voidAllTaken('restarted', clock.nowMs()))",
        replace: '',
      },
      {
        file: 'node/src/agent.ts',
        find: 'this.#runner.resumeStarted()',
        replace: `this.#runner.resumeStarted()
    this.#runner.open({ gapMs: 0 })
    for (const e of journal.open('taken')) {
      this.#runner.add({ ...e, session: 0, startWithinMs: 10_000 } as never)
    }`,
      },
    ],
  },
  {
    name: 'no-barrier',
    breaks:
      'barrier (hole 6): what was started and has no outcome counts as not sent, without the look behind a barrier',
    foundAs: ['R2', 'R4'],
    edits: [
      {
        file: 'node/src/attempt-runner.ts',
        find: 'return await this.#deps.driver.lookUp(outgoing, note)',
        replace: "return { kind: 'not_sent', class: 'never_handed', reason: 'process_died' }",
      },
    ],
  },
  {
    name: 'any-journal-proves',
    breaks: 'journal_id (hole 3): absence in a new journal counts as proof',
    foundAs: ['R2', 'R4'],
    edits: [
      {
        file: 'gateway/src/store/sqlite/hello.ts',
        find: 'const proof = attempt.journal_id === journalId',
        replace: 'const proof = true',
      },
      {
        file: 'gateway/src/store/sqlite/sessions.ts',
        find: "else if (state === 'void' && attempt.journal_id === journalId)",
        replace: "else if (state === 'void')",
      },
      {
        file: 'gateway/src/store/sqlite/settle.ts',
        find: 'const proof = frame.proof && attempt.journal_id === frame.journal_id',
        replace: 'const proof = frame.proof',
      },
    ],
  },
  {
    name: 'outcome-of-old-session-dropped',
    breaks: 'outcome_any_session (hole 10): a fact is taken only from the session that dispatched the attempt',
    foundAs: ['R4', 'R5'],
    edits: [
      {
        file: 'gateway/src/store/sqlite/settle.ts',
        find: '    record(tx, attempt, {\n      // That',
        replace: '    if (attempt.epoch === session.epoch) record(tx, attempt, {\n      // That',
      },
    ],
  },
  {
    name: 'fallback-on-unknown',
    breaks: 'R2: an unknown outcome falls back to SMS',
    foundAs: ['R2'],
    edits: [
      {
        file: 'engine/src/message-state.ts',
        find: "  return { state: 'unknown', laneFreeAtMs: nowMs + UNKNOWN_HOLD_MS, failure: reason }",
        replace:
          "  const sms = nextService(m, nowMs)\n  if (sms !== null) return { ...sms, override: true } // past the index on live attempts\n  return { state: 'unknown', laneFreeAtMs: nowMs + UNKNOWN_HOLD_MS, failure: reason }",
      },
    ],
  },
  {
    name: 'offline-fallback-of-dispatched',
    breaks: 'R2: a node that is away counts as a failure also for what was given to it',
    foundAs: ['R2', 'R4'],
    edits: [
      {
        file: 'gateway/src/store/sqlite/queue.ts',
        find: "and state = 'queued' and fallback = 1 and service = 'imessage'\n            and attempts = 0 and hold_reason",
        replace:
          "and state in ('queued', 'sending', 'unknown') and fallback = 1 and service = 'imessage'\n            and hold_reason",
      },
      {
        file: 'gateway/src/store/sqlite/queue.ts',
        find: 'if (row === undefined || row.attempts > 0) return false',
        replace: 'if (row === undefined) return false',
      },
      {
        file: 'engine/src/message-state.ts',
        find: "return m.state === 'queued' && m.tries === 0 && m.resends === 0 ? nextService(m, nowMs) : null",
        replace: `{
        const sms = m.everSent ? null : nextService(m, nowMs)
        return sms === null ? null : { ...sms, override: true } // past the index on live attempts
      }`,
      },
    ],
  },
  {
    name: 'fallback-for-each-refusal',
    breaks: 'R2 (hole 38): a refusal that is said again starts a further SMS',
    foundAs: ['R2', 'R4', 'UNIQUE'],
    near: 584,
    edits: [
      {
        file: 'engine/src/attempt-state.ts',
        find: "not_sent: { dispatched: 'not_sent', taken: 'not_sent', unknown: 'not_sent' },",
        replace: "not_sent: { dispatched: 'not_sent', taken: 'not_sent', unknown: 'not_sent', not_sent: 'not_sent' },",
      },
      {
        file: 'engine/src/message-state.ts',
        find: "if (mayNot || !m.fallback || m.service !== 'imessage' || m.unproven",
        replace: 'if (mayNot || !m.fallback || m.unproven',
      },
    ],
  },
  {
    name: 'provider-absence-is-proof',
    breaks: 'R2 (hole 23): what a provider does not list counts as not sent',
    foundAs: ['R2', 'R4'],
    edits: [
      {
        file: 'gateway/src/providers/provider-session.ts',
        find: "    if (found.kind === 'sent' || open.state !== 'unknown')",
        replace: `    if (found.kind !== 'sent')
      return this.#record(attempt, { kind: 'not_sent', class: 'never_handed', reason: 'provider_not_connected' })
    if (found.kind === 'sent' || open.state !== 'unknown')`,
      },
    ],
  },
  {
    name: 'provider-finding-lost',
    breaks: 'R5: what a provider said is dropped when it cannot be stored at once',
    foundAs: ['R5'],
    edits: [
      {
        file: 'gateway/src/providers/provider-session.ts',
        find: '        if (this.#ended) return\n        await this.#later.passed(STORE_RETRY_MS)',
        replace: '        return',
      },
    ],
  },
  {
    name: 'receipt-by-id-alone',
    breaks: 'R4 (hole 40): a receipt is taken for whatever message had its id last, wherever that went',
    foundAs: ['R4'],
    edits: [
      {
        file: 'gateway/src/store/sqlite/receipt-owner.ts',
        find: "e.or([e('messages.recipient', '=', p.to), e(e.val(p.anyTo), '=', 1)])",
        replace: "e.or([e('messages.recipient', '<>', ''), e(e.val(p.anyTo), '=', 1)])",
      },
    ],
  },
  {
    name: 'kept-receipt-of-another',
    breaks: 'R4 (hole 40): a receipt that came before its answer is given to whichever attempt gets its id first',
    foundAs: ['R4'],
    edits: [
      {
        file: 'gateway/src/store/sqlite/provider-facts.ts',
        find: 'const owner = ownerOf(tx, node, one)',
        replace: 'const owner = { attempt, part: null }',
      },
    ],
  },
  {
    name: 'outbox-row-lost',
    breaks: 'R5: an attempt is settled in a commit of its own, its frame follows in another',
    foundAs: ['R5'],
    edits: [
      {
        file: 'node/src/journal/journal.ts',
        find: '      this.#append(factFrame(entry, stored))\n      return stored',
        replace: '      return stored',
      },
    ],
  },
  {
    name: 'acknowledge-before-commit',
    breaks:
      'hole 10: a frame is acknowledged although its commit may fail (and the node believes the ack over the next welcome)',
    foundAs: ['R1', 'R4', 'R5'],
    edits: [
      {
        file: 'node/src/handshake.ts',
        find: 'const gatewayLostFrames = welcome.acked_seq < before.outbox.acked',
        replace: 'const gatewayLostFrames = false',
      },
      {
        file: 'gateway/src/nodes/node-session.ts',
        find: 'const result = await this.#apply(frame).catch(',
        replace: `this.#committed.add(frame.seq)
        this.#acknowledgeSoon()
        const result = await this.#apply(frame).catch(`,
      },
    ],
  },
  {
    name: 'order-swapped-after-retry',
    breaks: 'R6 (hole 31): a message that waits for its retry loses its place',
    foundAs: ['R6'],
    edits: [
      {
        file: 'gateway/src/store/sqlite/dispatch.ts',
        find: "or (b.state = 'queued' and b.class = m.class and b.lane_seq < m.lane_seq and b.hold_reason is null)))",
        replace:
          "or (b.state = 'queued' and b.class = m.class and b.lane_seq < m.lane_seq and b.not_before = 0 and b.hold_reason is null)))",
      },
    ],
  },
  {
    name: 'bucket-reset-at-restart',
    breaks: 'R7 (hole 36): a restart gives every line a new burst',
    foundAs: ['R7'],
    near: 880,
    edits: [
      {
        file: 'gateway/src/store/sqlite/maintenance.ts',
        find: '    heartbeat(tx, gateway) {',
        replace:
          "    heartbeat(tx, gateway) {\n      const seen = ((globalThis as unknown as { reset?: WeakSet<object> }).reset ??= new WeakSet())\n      if (!seen.has(db)) { seen.add(db); db.raw.exec('update lines set tat = 0') }",
      },
    ],
  },
  {
    name: 'failed-though-sent-again',
    breaks:
      'R4 (hole 27): a message is called failed when its second attempt did not go out, although the first may have',
    foundAs: ['R4'],
    edits: [
      {
        file: 'engine/src/message-state.ts',
        find: 'return m.unproven ? {',
        replace: 'return m.unproven && m.resends < 0 ? {',
      },
    ],
  },
  {
    name: 'batch-neighbour-failed',
    breaks: 'R1 (hole 24): a batch that fails as a whole takes with it neighbours that were answered already',
    foundAs: ['R1'],
    edits: [
      {
        file: 'gateway/src/store/sqlite/group-writer.ts',
        find: 'return { ok: true, value: one.write(tx) }',
        replace: `const outcome: Settled = { ok: true, value: one.write(tx) }
            if (one.write.toString().includes('w.accept(')) {
              one.settle(outcome)
              one.write = () => undefined
            }
            return outcome`,
      },
    ],
  },
  {
    name: 'two-in-flight',
    breaks: 'R6: a lane may have two attempts in flight',
    foundAs: ['R6', 'UNIQUE'],
    edits: [
      {
        file: 'gateway/src/store/sqlite/dispatch.ts',
        find: "b.state = 'sending'\n              or",
        replace: "b.state = 'never'\n              or",
      },
      {
        file: 'gateway/src/store/sqlite/dispatch.ts',
        find: "a.state in ('dispatched', 'taken'))\n            and not",
        replace: "a.state = 'never')\n            and not",
      },
    ],
  },
  {
    name: 'restored-store-dispatches',
    breaks: 'hole 17: a restored store sends what it had queued without asking the nodes first',
    foundAs: ['R2'],
    near: 3890,
    edits: [
      {
        file: 'gateway/src/store/sqlite/dispatch.ts',
        find: 'acceptedAfter: line.restored_at',
        replace: 'acceptedAfter: 0',
      },
    ],
  },
]
