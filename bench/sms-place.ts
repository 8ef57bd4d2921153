/** A data folder whose account sends by SMPP, with no limit but the machine. */
import { DatabaseSync } from 'node:sqlite'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { newUlidSource, systemChance } from '@bluewire/platform/chance'
import { openPlace } from './instance.ts'
import type { Place } from './instance.ts'

const ULID = newUlidSource(Date.now, systemChance)

/** The gateway does not start an SMPP connection without a key, whatever it holds. */
export const KEY = { BLUEWIRE_SECRETS_KEY: 'be'.repeat(32) }

export type Smpp = Readonly<{ system: string; port: number; window: number; lines: number }>

export async function addSmpp({ database }: Place, all: readonly Smpp[]): Promise<void> {
  const store = openPlace(database)
  try {
    const account = await store.instanceAccount()
    if (account === undefined) throw new Error('there is no account')
    let lines = 0
    for (const { system, port, window, lines: many } of all) {
      const id = `prov_${ULID()}` as const
      // Away and back within a second: what is measured is not how long it waits before it connects again.
      const waits = { reconnect_min: '200ms', reconnect_max: '500ms' }
      const settings = { host: '127.0.0.1', port, system_id: system, window, throughput: 0, ...waits }
      const row = { id, account: account.id, name: system, driver: 'smpp', shared: false, simulated: false }
      await store.createProvider('bench', { ...row, settings, secrets: '' })
      for (let i = 0; i < many; i++) {
        const line = { id: `line_${ULID()}` as const, provider: id, account: account.id, gapMs: 0, burst: 5 }
        await store.addProviderLine('bench', { ...line, address: `+1500556${String(1000 + lines++)}` })
      }
    }
  } finally {
    await store.close()
  }
  const raw = new DatabaseSync(database)
  raw.exec('update accounts set sms_per_hour = 1000000000')
  raw.close()
}

/** How many messages have not left, or have and nobody has heard of it. */
export function openMessages({ database }: Place): number {
  const raw = new DatabaseSync(database, { readOnly: true, timeout: 5000 })
  const row = raw.prepare(`select count(*) as many from messages where state in ('queued', 'sending')`).get()
  raw.close()
  return Number(row?.['many'])
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return port
}
