/** The SQLite store. Proves: the conformance suite on a real file, and what only SQLite does: full disks in the middle of a batch. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, it } from 'vitest'
import { newUlidSource } from '@bluewire/platform/chance'
import { openDurably } from '@bluewire/platform/sqlite'
import { StoreUnavailableError } from '../../src/store/store.ts'
import { migrate, NewerSchemaError } from '../../src/store/sqlite/migrate.ts'
import { openSqliteStore, sqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { exerciseStore } from './conformance.ts'
import { exerciseEndings } from './conformance-endings.ts'
import { exerciseClock } from './conformance-clock.ts'
import { exerciseFallback } from './conformance-fallback.ts'
import { exerciseProviderFaults } from './conformance-provider-faults.ts'
import { exerciseProviders } from './conformance-providers.ts'
import { exerciseFirstRealNode } from './conformance-real-node.ts'
import { StoreWorld } from './store-world.ts'
import type { OpenStore } from './store-world.ts'

const directory = mkdtempSync(join(tmpdir(), 'bluewire-store-'))
let files = 0
afterAll(() => rmSync(directory, { recursive: true }))

const lineDefaults = { gapMs: 1000, burst: 5 }
const onFatal = (error: unknown): void => {
  throw error
}

const open: OpenStore = ({ clock, onHints }) =>
  Promise.resolve(
    openSqliteStore(join(directory, `${files++}.sqlite`), {
      clock,
      ulid: newUlidSource(() => clock.nowMs(), Math.random),
      lineDefaults,
      onHints,
      onFatal,
    }),
  )

exerciseStore('sqlite', open)
exerciseEndings('sqlite', open)
exerciseClock('sqlite', open)
exerciseProviders('sqlite', open)
exerciseProviderFaults('sqlite', open)
exerciseFallback('sqlite', open)
exerciseFirstRealNode('sqlite', open)

describe('a full disk (hole 24)', () => {
  async function worldOn(raw: DatabaseSync): Promise<StoreWorld> {
    return new StoreWorld(({ clock, onHints }) =>
      Promise.resolve(
        sqliteStore(raw, {
          clock,
          ulid: newUlidSource(() => clock.nowMs(), Math.random),
          lineDefaults,
          onHints,
          onFatal,
        }),
      ),
    ).start()
  }
  const pages = (raw: DatabaseSync): number => Number(raw.prepare('pragma page_count').get()?.['page_count'])

  it('refuses row k of a batch and keeps its neighbours, and what is refused is not there, also when space is back at once', async () => {
    const raw = openDurably(join(directory, 'full.sqlite'))
    const w = await worldOn(raw)
    for (const room of [0, 1, 2, 3, 5, 8]) {
      raw.exec(`pragma max_page_count = ${pages(raw) + room}`)
      const batch = Array.from({ length: 19 }, () => w.message({ body: 'x'.repeat(3000) }))
      const answers = Promise.allSettled(batch.map((m) => w.store.accept(m)))
      await w.clock.settle()
      for (const [i, answer] of (await answers).entries()) {
        const stored = (await w.store.message(w.account, batch[i]?.id ?? 'imessage_')) !== undefined
        expect(stored).toBe(answer.status === 'fulfilled')
        if (answer.status === 'rejected') {
          expect(answer.reason).toBeInstanceOf(StoreUnavailableError)
          expect((answer.reason as StoreUnavailableError).diskFull).toBe(true)
        }
      }
      raw.exec('pragma max_page_count = 1000000')
    }
    const used = await w.store.used(w.account)
    expect((await w.store.queues())[0]?.queued).toBe(used)
    await w.accept()
    await w.store.close()
  })

  it('in a batch where one fails by itself, the others are stored', async () => {
    const w = await worldOn(new DatabaseSync(':memory:'))
    const twice = w.message()
    const batch = [w.message(), twice, twice, w.message()]
    const answers = Promise.allSettled(batch.map((m) => w.store.accept(m)))
    await w.clock.settle()
    expect((await answers).map((a) => a.status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
    expect(await w.store.used(w.account)).toBe(3)
    await w.store.close()
  })
})

describe('migrations', () => {
  it('refuse a newer breaking schema in a sentence, and leave it alone', () => {
    const raw = new DatabaseSync(':memory:')
    migrate(raw)
    raw.exec("insert into migrations values (9999, '9999_future', 1, 0)")
    expect(() => migrate(raw)).toThrow(NewerSchemaError)
    expect(() => migrate(raw)).toThrow(/made by a newer Bluewire \(migration 9999_future/)
    raw.exec('update migrations set breaking = 0 where number = 9999')
    expect(() => migrate(raw)).not.toThrow()
    raw.close()
  })
})
