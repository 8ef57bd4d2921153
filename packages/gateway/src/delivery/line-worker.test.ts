/** Proves: a worker dispatches while something may leave, asks again when the store says so, and survives whatever goes wrong on the way. */
import type { LineId } from '@bluewire/contract/ids'
import { expect, test } from 'vitest'
import { VirtualClock } from '@bluewire/testkit/virtual-clock'
import type { Dispatched, DispatchResult, Store } from '../store/store.ts'
import { LineWorker } from './line-worker.ts'
import type { Outlet } from './line-worker.ts'

const LINE: LineId = 'line_1'
const dispatched = (n: number, more = true): DispatchResult => ({
  kind: 'dispatched',
  more,
  dispatched: {
    attempt: `attempt_${n}`,
    message: `imessage_${n}`,
    n: 1,
    line: '+1',
    recipient: '+2',
    body: 'hello',
    service: 'imessage',
  },
})
const nothing = (againInMs: number | null): DispatchResult => ({ kind: 'nothing', againInMs, why: 'rate' })

type Answer = DispatchResult | Error

/** The store gives these answers, and then nothing more for ever. */
function bench(answers: Answer[], mayDispatch: () => boolean = () => true) {
  const clock = new VirtualClock()
  const asked: number[] = []
  const sent: string[] = []
  const errors: unknown[] = []
  const state = { slow: false }
  const dispatch: Store['dispatch'] = () => {
    asked.push(clock.monotonicMs())
    const answer = answers.shift() ?? nothing(null)
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)
  }
  const worker = new LineWorker(
    LINE,
    {
      node: 'node_1',
      epoch: 1,
      maxOpen: 5,
      isSlow: () => state.slow,
      dispatch: (_: LineId, d: Dispatched) => void sent.push(d.attempt),
    },
    {
      store: { dispatch } as Store,
      clock,
      newAttemptId: () => 'attempt_new',
      mayDispatch,
      onError: (error) => errors.push(error),
    },
  )
  return { clock, asked, sent, errors, state, worker }
}

test('it goes on while something may leave, and then waits as long as the store says', async () => {
  const b = bench([dispatched(1), dispatched(2), nothing(700), dispatched(3)])
  b.worker.wake()
  await b.clock.settle()
  expect(b.sent).toEqual(['attempt_1', 'attempt_2'])
  await b.clock.advance(699)
  expect(b.asked).toHaveLength(3)
  await b.clock.advance(1)
  expect(b.sent).toEqual(['attempt_1', 'attempt_2', 'attempt_3'])
})

test('a wake during a dispatch is not lost, and many of them ask once', async () => {
  const b = bench([nothing(null), nothing(null)])
  b.worker.wake()
  for (let i = 0; i < 10; i++) b.worker.wake()
  await b.clock.settle()
  expect(b.asked).toHaveLength(2)
})

test('a store that cannot be written is asked again after a second', async () => {
  const down = new Error('no')
  const b = bench([down, dispatched(1)])
  b.worker.wake()
  await b.clock.settle()
  expect(b.errors).toEqual([down])
  await b.clock.advance(1000)
  expect(b.sent).toEqual(['attempt_1'])
})

test('a guard that throws stops nothing for good: the worker says so and works on', async () => {
  let throws = true
  const b = bench([dispatched(1)], () => {
    if (throws) throw new Error('statfs')
    return true
  })
  b.worker.wake()
  await b.clock.settle()
  expect(b.errors).toHaveLength(1)
  throws = false
  b.worker.wake()
  await b.clock.settle()
  expect(b.sent).toEqual(['attempt_1'])
})

test('nothing leaves while it may not, and a slow node is not given more', async () => {
  let may = false
  const b = bench([dispatched(1)], () => may)
  b.worker.wake()
  await b.clock.advance(5000)
  expect(b.asked).toEqual([])
  may = true
  b.state.slow = true
  await b.clock.advance(1000)
  expect(b.asked).toEqual([])
  b.state.slow = false
  b.worker.wake()
  await b.clock.settle()
  expect(b.sent).toEqual(['attempt_1'])
})

test.each([
  ['fenced', (b: ReturnType<typeof bench>) => b.worker.wake()],
  ['stopped', (b: ReturnType<typeof bench>) => b.worker.stop()],
])('once it is %s it asks no more', async (how, end) => {
  const b = bench(how === 'fenced' ? [{ kind: 'fenced' }, dispatched(1)] : [nothing(10), dispatched(1)])
  b.worker.wake()
  await b.clock.settle()
  end(b)
  b.worker.wake()
  await b.clock.advance(10_000)
  expect(b.asked).toHaveLength(1)
  expect(b.sent).toEqual([])
})

test('when nothing else waits for the line it does not ask again until it is woken', async () => {
  const b = bench([dispatched(1, false)])
  b.worker.wake()
  await b.clock.advance(60_000)
  expect([b.asked.length, b.sent]).toEqual([1, ['attempt_1']])
  b.worker.wake()
  await b.clock.settle()
  expect(b.asked).toHaveLength(2)
})

test('where places are shared it asks for more at once while all it asked for was there, and gives each place back', async () => {
  const clock = new VirtualClock()
  const took: number[] = []
  let left = 40
  let held = 0
  let heldMax = 0
  let sent = 0
  const places = {
    take(_: LineId, wanted: number) {
      took.push(wanted)
      held += wanted
      heldMax = Math.max(heldMax, held)
      return wanted
    },
    giveBack: () => void held--,
  }
  const dispatch: Store['dispatch'] = () => Promise.resolve(left-- > 0 ? dispatched(left, left > 0) : nothing(null))
  const outlet = {
    node: 'node_1',
    epoch: 1,
    maxOpen: 5,
    isSlow: () => false,
    places,
    dispatch: () => void sent++,
  } as const
  const deps = {
    clock,
    newAttemptId: () => 'attempt_new' as const,
    mayDispatch: () => true,
    onError: (error: unknown) => expect.unreachable(String(error)),
  }
  const worker = new LineWorker(LINE, outlet, { ...deps, store: { dispatch } as Store })
  worker.wake()
  await clock.settle()
  expect(sent).toBe(40)
  expect(took).toEqual([1, 2, 4, 8, 16, 16])
  expect([held, heldMax]).toEqual([0, 16])
})

test('of dispatches that share a commit one may fail: the others leave, and the line goes on', async () => {
  const clock = new VirtualClock()
  const errors: unknown[] = []
  const sent: string[] = []
  const answers: Answer[] = [dispatched(1), dispatched(2), new Error('disk'), dispatched(3, false)]
  const dispatch: Store['dispatch'] = () => {
    const answer = answers.shift() ?? nothing(null)
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)
  }
  let held = 0
  const places = { take: (_: LineId, wanted: number) => ((held += wanted), wanted), giveBack: () => void held-- }
  const outlet: Outlet = {
    node: 'node_1',
    epoch: 1,
    maxOpen: 5,
    isSlow: () => false,
    places,
    dispatch: (_: LineId, d: Dispatched) => void sent.push(d.attempt),
  }
  const deps = { clock, newAttemptId: () => 'attempt_new' as const, mayDispatch: () => true }
  const onError = (error: unknown) => errors.push(error)
  const worker = new LineWorker(LINE, outlet, { ...deps, onError, store: { dispatch } as Store })
  worker.wake()
  await clock.settle()
  expect(sent).toEqual(['attempt_1', 'attempt_2'])
  expect(errors).toHaveLength(1)
  await clock.advance(1000)
  expect(sent).toEqual(['attempt_1', 'attempt_2', 'attempt_3'])
  expect(held).toBe(0)
})
