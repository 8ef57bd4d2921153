import { existsSync, mkdirSync } from 'node:fs'
import { newUlidSource, systemChance } from '@bluewire/platform/chance'
import { systemClock } from '@bluewire/platform/clock'
import { databaseFile } from '../config/config.ts'
import type { GatewayConfig } from '../config/config.ts'
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts'
import type { Store } from '../store/store.ts'

/** Whether a gateway, or an admin command, has made a database there. */
export function hasStore(config: GatewayConfig): boolean {
  return existsSync(databaseFile(config.dataDir))
}

/**
 * Opens the same file as a running gateway, which is allowed: SQLite keeps the two apart, and the gateway reads what it needs anew for
 * each request. Nobody here waits for hints.
 */
export function openStore(config: GatewayConfig): Store {
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
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
