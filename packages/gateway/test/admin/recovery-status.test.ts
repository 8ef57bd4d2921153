/** Proves: after a restore the operator reads that a real provider is waited for, which cannot tell by itself, and is asked before it ends. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readRecoveryStatus } from '../../src/admin/recovery-status.ts'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { StoreWorld } from '../store/store-world.ts'

test('a provider that worked before is waited for, and one that is simulated is not', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'bluewire-recovery-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'store.sqlite')
  const w: StoreWorld = new StoreWorld(({ clock, onHints }) =>
    Promise.resolve(
      openSqliteStore(path, {
        clock,
        ulid: () => w.ulid(),
        lineDefaults: { gapMs: 0, burst: 5 },
        onHints,
        onFatal: () => undefined,
      }),
    ),
  )
  await w.start()
  for (const simulated of [false, true]) {
    const provider = `prov_${w.ulid()}` as const
    const row = { id: provider, account: w.account, name: simulated ? 'toy' : 'carrier', driver: 'smpp', shared: false }
    await w.do(w.store.createProvider('test', { ...row, simulated, settings: {}, secrets: '' }))
    await w.do(w.store.takeLease({ provider, gateway: 'gw_test', leaseMs: 30_000 }))
  }
  await w.do(w.store.beginRecovery())
  await w.connect()
  expect(await w.do(w.store.recovered(w.session))).toMatchObject({ recovering: true })
  expect(readRecoveryStatus(path).waitingFor).toMatchObject([{ name: 'carrier', isProvider: true }])
  await w.store.close()
})
