import { statSync } from 'node:fs'
import { newUlidSource, systemChance } from '@bluewire/platform/chance'
import { systemClock } from '@bluewire/platform/clock'
import { makeFolder } from '@bluewire/platform/make-folder'
import { databaseFile } from '../config/config.ts'
import { refuseEmptiedDatabase } from '../config/emptied-database.ts'
import type { GatewayConfig } from '../config/config.ts'
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts'
import type { Store } from '../store/store.ts'

/** Whether a gateway, or an admin command, has made a database there. Throws where that may not be known. */
export function hasStore(config: GatewayConfig): boolean {
  return statSync(databaseFile(config.dataDir), { throwIfNoEntry: false }) !== undefined
}

/**
 * Opens the same file as a running gateway, which is allowed: SQLite keeps the two apart, and the gateway reads what it needs anew for
 * each request. Nobody here waits for hints.
 */
export function openStore(config: GatewayConfig): Store {
  makeFolder(config.dataDir)
  refuseEmptiedDatabase(config.dataDir)
  return openSqliteStore(databaseFile(config.dataDir), {
    clock: systemClock,
    ulid: newUlidSource(() => systemClock.nowMs(), systemChance),
    lineDefaults: { gapMs: config.lineGapMs, burst: config.lineBurst },
    // It has nothing else to do, and a timer of the clock would not keep its process alive.
    busyTimeoutMs: 5000,
    onHints: () => undefined,
    onFatal: (error) => {
      throw error
    },
  })
}
