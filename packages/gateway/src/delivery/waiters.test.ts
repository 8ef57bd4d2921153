/** Proves: a waiter is answered from the row at the outcome, at its deadline or when the gateway stops, whichever is first, and leaves nothing behind. */
import type { AccountId, MessageId } from '@bluewire/contract/ids'
import type { MessageState } from '@bluewire/engine/message-state'
import { expect, test } from 'vitest'
import { VirtualClock } from '@bluewire/testkit/virtual-clock'
import { InProcessBus } from '../bus/in-process-bus.ts'
import type { MessageView, Store } from '../store/store.ts'
import { Waiters } from './waiters.ts'

const ACCOUNT: AccountId = 'acct_1'
const ID: MessageId = 'imessage_1'

function bench() {
  const clock = new VirtualClock()
  const bus = new InProcessBus((error) => {
    throw error
  })
  const row = { state: 'queued' as MessageState, reads: 0, whileRead: () => undefined as void }
  const message: Store['message'] = (account) => {
    row.reads++
    const view = account === ACCOUNT ? ({ id: ID, state: row.state } as MessageView) : undefined
    row.whileRead()
    return Promise.resolve(view)
  }
  const waiters = new Waiters({ message } as Store, bus, clock)
  const hint = (): void => bus.publish([{ kind: 'message', id: ID }])
  /** Resolves in virtual time; `answered` tells when. */
  const wait = (waitMs: number, account = ACCOUNT) => {
    const answered: Array<{ state: MessageState | undefined; atMs: number }> = []
    void waiters
      .outcome(account, ID, waitMs)
      .then((view) => answered.push({ state: view?.state, atMs: clock.monotonicMs() }))
    return answered
  }
  return { clock, row, waiters, hint, wait }
}

test('the outcome answers everybody who waits for it, at once', async () => {
  const b = bench()
  const both = [b.wait(4000), b.wait(2000)]
  await b.clock.advance(1000)
  b.row.state = 'sent'
  b.hint()
  await b.clock.settle()
  for (const one of both) expect(one).toEqual([{ state: 'sent', atMs: 1000 }])
  expect(b.clock.nextTimerInMs()).toBeNull()
})

test('a step that settles nothing is read, and waited on', async () => {
  const b = bench()
  const answered = b.wait(4000)
  b.row.state = 'sending'
  b.hint()
  await b.clock.advance(3999)
  expect(answered).toEqual([])
  await b.clock.advance(1)
  expect(answered).toEqual([{ state: 'sending', atMs: 4000 }])
})

test('an outcome that comes while the row is read is not missed', async () => {
  const b = bench()
  b.row.whileRead = () => {
    b.row.whileRead = () => undefined
    b.row.state = 'failed'
    b.hint()
  }
  const answered = b.wait(4000)
  await b.clock.settle()
  expect(answered).toEqual([{ state: 'failed', atMs: 0 }])
})

test('a lost hint costs the wait, not the truth: the row is read once more at the deadline', async () => {
  const b = bench()
  const answered = b.wait(4000)
  await b.clock.settle()
  b.row.state = 'delivered'
  await b.clock.advance(4000)
  expect(answered).toEqual([{ state: 'delivered', atMs: 4000 }])
})

test.each([
  { who: 'another account', account: 'acct_other' as const, waitMs: 4000, state: undefined },
  { who: 'who does not wait', account: ACCOUNT, waitMs: 0, state: 'queued' },
])('$who is answered at once', async ({ account, waitMs, state }) => {
  const b = bench()
  const answered = b.wait(waitMs, account)
  await b.clock.settle()
  expect(answered).toEqual([{ state, atMs: 0 }])
})

test('draining answers who waits, and who comes later, with what is known', async () => {
  const b = bench()
  const before = b.wait(4000)
  await b.clock.advance(100)
  b.waiters.drain()
  await b.clock.settle()
  const after = b.wait(4000)
  await b.clock.settle()
  expect([before, after]).toEqual([[{ state: 'queued', atMs: 100 }], [{ state: 'queued', atMs: 100 }]])
  expect(b.clock.nextTimerInMs()).toBeNull()
})
