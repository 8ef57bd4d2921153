/** Proves: each chore runs at once and then at its pace, one that fails stops no other, and pacing is repaired only when the clock was set back. */
import type { LineId } from '@bluewire/contract/ids'
import { expect, test } from 'vitest'
import { VirtualClock } from '@bluewire/testkit/virtual-clock'
import type { Store } from '../store/store.ts'
import type { Dispatcher } from './dispatcher.ts'
import { Sweeper } from './sweeper.ts'

type Chore =
  | 'fallBackOffline'
  | 'tryLinesInDoubt'
  | 'dropReceipts'
  | 'heartbeat'
  | 'repairClock'
  | 'expire'
  | 'declareLost'
  | 'failOver'
  | 'queues'
  | 'retain'

function bench(answers: Partial<Record<Chore, () => unknown>> = {}) {
  const clock = new VirtualClock()
  const ran: Record<Chore, number> = {
    heartbeat: 0,
    repairClock: 0,
    expire: 0,
    declareLost: 0,
    failOver: 0,
    fallBackOffline: 0,
    tryLinesInDoubt: 0,
    dropReceipts: 0,
    queues: 0,
    retain: 0,
  }
  const woken: LineId[] = []
  const errors: string[] = []
  const chore = (name: Chore, usual: unknown) => () => {
    ran[name]++
    return Promise.resolve().then(() => (answers[name] ?? (() => usual))())
  }
  const store = {
    heartbeat: chore('heartbeat', undefined),
    repairClock: chore('repairClock', 0),
    expire: chore('expire', 0),
    declareLost: chore('declareLost', []),
    failOver: chore('failOver', 0),
    fallBackOffline: chore('fallBackOffline', 0),
    tryLinesInDoubt: chore('tryLinesInDoubt', 0),
    dropReceipts: chore('dropReceipts', 0),
    queues: chore('queues', [{ line: 'line_1' }]),
    retain: chore('retain', 0),
  } as unknown as Store
  const sweeper = new Sweeper({
    store,
    clock,
    sessions: { reconcile: () => Promise.resolve() },
    dispatcher: { wake: (line: LineId) => void woken.push(line) } as unknown as Dispatcher,
    options: {
      gateway: { id: 'gw_1', pid: 1, host: 'test' },
      nodeLostAfterMs: 300_000,
      offlineFallbackAfterMs: 60_000,
      failoverAfterMs: 300_000,
      retainBodiesMs: 1,
      retainFactsMs: 1,
      onError: (what) => errors.push(what),
    },
  })
  const start = async (): Promise<void> => {
    const started = sweeper.start()
    await clock.settle()
    await started
  }
  return { clock, ran, woken, errors, sweeper, start }
}

test('each chore runs at the start and then at its pace', async () => {
  const b = bench()
  await b.start()
  expect(b.ran).toEqual({
    heartbeat: 2, // once before anything else
    repairClock: 1,
    expire: 1,
    declareLost: 1,
    failOver: 1,
    fallBackOffline: 1,
    tryLinesInDoubt: 1,
    dropReceipts: 1,
    queues: 1,
    retain: 1,
  })
  await b.clock.advance(60_000)
  expect(b.ran).toMatchObject({ expire: 61, declareLost: 13, failOver: 7, queues: 13, retain: 1 })
  expect(b.ran).toMatchObject({ fallBackOffline: 31, tryLinesInDoubt: 3, dropReceipts: 2 })
  expect(b.woken).toHaveLength(13)
})

test('a chore that fails is told of, is tried again, and stops no other', async () => {
  const b = bench({
    expire: () => {
      throw new Error('no')
    },
  })
  await b.start()
  await b.clock.advance(10_000)
  expect(b.errors).toEqual(Array.from({ length: 11 }, () => 'expire'))
  expect(b.ran).toMatchObject({ declareLost: 3, queues: 3 })
})

test('batches go on while they are full', async () => {
  let batches = 3
  const b = bench({ expire: () => (batches-- > 0 ? 500 : 0) })
  await b.start()
  expect(b.ran.expire).toBe(4)
})

test.each([
  ['ahead', 3600_000, 0],
  ['back', -3600_000, 1],
  ['by a hair', -500, 0],
])('the clock set %s', async (_, jumpMs, repairs) => {
  const b = bench()
  await b.start()
  b.clock.jumpWall(jumpMs)
  await b.clock.advance(5000)
  expect(b.ran.repairClock).toBe(1 + repairs)
})

test('nothing runs once it is stopped', async () => {
  const b = bench()
  await b.start()
  await b.sweeper.stop()
  const before = { ...b.ran }
  await b.clock.advance(3600_000)
  expect(b.ran).toEqual(before)
})
