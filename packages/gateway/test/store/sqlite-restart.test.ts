/**
 * One SQLite file and the processes that use it, one after the other and two at once.
 * Proves: the store's clock goes on over restarts, whatever happened to the wall clock; time in which no gateway ran counts against no node;
 * and another process that holds the write lock delays writes, without holding up the event loop, and fails them after five seconds.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, it } from 'vitest'
import { newUlidSource } from '@bluewire/platform/chance'
import type { VirtualClock } from '@bluewire/testkit/virtual-clock'
import { StoreUnavailableError } from '../../src/store/store.ts'
import type { Store } from '../../src/store/store.ts'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { StoreWorld } from './store-world.ts'

const directory = mkdtempSync(join(tmpdir(), 'bluewire-restart-'))
let files = 0
afterAll(() => rmSync(directory, { recursive: true }))

const GATEWAY = { id: 'gw_test', pid: 1, host: 'test' } as const
const DAY_MS = 24 * 3600_000

function openAt(path: string, clock: VirtualClock): Store {
  return openSqliteStore(path, {
    clock,
    ulid: newUlidSource(() => clock.nowMs(), Math.random),
    lineDefaults: { gapMs: 1000, burst: 5 },
    onHints: () => undefined,
    onFatal: (error) => {
      throw error
    },
  })
}

async function worldOnFile(): Promise<{ w: StoreWorld; path: string; restart: () => Promise<void> }> {
  const path = join(directory, `${files++}.sqlite`)
  const w = new StoreWorld(({ clock }) => Promise.resolve(openAt(path, clock)))
  await w.start()
  const restart = async (): Promise<void> => {
    await w.store.close()
    w.store = openAt(path, w.clock)
    await w.do(w.store.heartbeat(GATEWAY))
    await w.do(w.store.repairClock())
  }
  return { w, path, restart }
}

describe('restarts', () => {
  it.each([
    ['ahead', DAY_MS + 1],
    ['back', -DAY_MS],
  ])('a key survives the clock set %s and a restart after it', async (_, jumpMs) => {
    const { w, restart } = await worldOnFile()
    const idempotency = { key: 'k', fingerprint: 'f' }
    const id = await w.accept({ idempotency })
    w.clock.jumpWall(jumpMs)
    await w.do(w.store.heartbeat(GATEWAY))
    await restart()
    expect(await w.do(w.store.accept(w.message({ idempotency })))).toEqual({ kind: 'replayed', id })
    await w.clock.advance(DAY_MS + 1000)
    expect((await w.do(w.store.accept(w.message({ idempotency })))).kind).toBe('accepted')
    await w.store.close()
  })

  it('a key is forgotten when its day passed while no gateway ran', async () => {
    const { w, restart } = await worldOnFile()
    const idempotency = { key: 'k', fingerprint: 'f' }
    await w.accept({ idempotency })
    await w.do(w.store.heartbeat(GATEWAY))
    await w.clock.advance(DAY_MS + 1000)
    await restart()
    expect((await w.do(w.store.accept(w.message({ idempotency })))).kind).toBe('accepted')
    await w.store.close()
  })

  it('a line has no second burst after the clock was set ahead and the gateway restarted', async () => {
    const { w, restart } = await worldOnFile()
    for (let i = 0; i < 9; i++) await w.accept({ recipient: `+1415555000${i}`, expiresInMs: 7 * DAY_MS })
    for (let i = 0; i < 5; i++) await w.fact(await w.dispatch(), { fact: 'sent' })
    w.clock.jumpWall(DAY_MS)
    await w.do(w.store.heartbeat(GATEWAY))
    await restart()
    expect(await w.dispatchAny()).toMatchObject({ why: 'rate' })
    await w.store.close()
  })

  it('a node is not lost because the gateway was away: nobody could come back to it', async () => {
    const { w, restart } = await worldOnFile()
    await w.accept()
    await w.dispatch()
    await w.do(w.store.closed(w.session))
    await w.clock.advance(3600_000)
    await restart()
    expect(await w.do(w.store.declareLost(60_000))).toEqual([])
    await w.clock.advance(61_000)
    expect(await w.do(w.store.declareLost(60_000))).toEqual([w.node])
    await w.store.close()
  })
})

describe('another process writes (DESIGN 3: the event loop never waits long on SQLite)', () => {
  it('delays writes and nothing else; what is asked meanwhile joins, in order', async () => {
    const { w, path } = await worldOnFile()
    const other = new DatabaseSync(path)
    other.exec('begin immediate')
    const messages = Array.from({ length: 3 }, () => w.message())
    const startMs = performance.now()
    const accepts = messages.slice(0, 2).map((m) => w.store.accept(m))
    await w.clock.advance(1000)
    accepts.push(w.store.accept(messages[2] ?? w.message()))
    await w.clock.advance(1000)
    expect(performance.now() - startMs).toBeLessThan(2000) // was 5 s for each, in which nothing else ran
    expect(await w.store.message(w.account, messages[0]?.id ?? 'imessage_')).toBeUndefined()
    other.exec('rollback')
    await w.clock.advance(20)
    expect((await Promise.all(accepts)).map((r) => r.kind)).toEqual(['accepted', 'accepted', 'accepted'])
    expect((await w.dispatch()).message).toBe(messages[0]?.id)
    other.close()
    await w.store.close()
  })

  it('each write fails at its own deadline, is not stored, and says why', async () => {
    const { w, path } = await worldOnFile()
    const other = new DatabaseSync(path)
    other.exec('begin immediate')
    const early = w.store.accept(w.message()).catch((error: unknown) => error)
    await w.clock.advance(3000)
    const late = w.store.accept(w.message())
    await w.clock.advance(2100)
    const error = await early
    expect(error).toBeInstanceOf(StoreUnavailableError)
    expect(error).toMatchObject({ diskFull: false, ambiguous: false })
    other.exec('rollback')
    await w.clock.advance(20)
    expect((await late).kind).toBe('accepted')
    expect(await w.store.used(w.account)).toBe(1)
    other.close()
    await w.store.close()
  })

  it('closing the store answers those who still wait for the lock', async () => {
    const { w, path } = await worldOnFile()
    const other = new DatabaseSync(path)
    other.exec('begin immediate')
    const waiting = w.store.accept(w.message()).catch((error: unknown) => error)
    await w.clock.advance(100)
    await w.store.close()
    expect(await waiting).toBeInstanceOf(StoreUnavailableError)
    other.close()
  })
})
