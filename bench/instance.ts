/** A gateway to measure: its data folder with an account, a token and enrolled nodes, and its process. */
import { createHash, randomBytes } from 'node:crypto'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type { NodeId } from '@bluewire/contract/ids'
import { newUlidSource, systemChance } from '@bluewire/platform/chance'
import { systemClock } from '@bluewire/platform/clock'
import { newEnrolmentCode } from '../packages/gateway/src/accounts/enrolment-codes.ts'
import { DEFAULT_SCOPES, newToken } from '../packages/gateway/src/accounts/tokens.ts'
import { openSqliteStore } from '../packages/gateway/src/store/sqlite/sqlite-store.ts'
import type { Store } from '../packages/gateway/src/store/store.ts'
import { Child } from './child.ts'

const GATEWAY = join(import.meta.dirname, '../packages/gateway/src/main.ts')
const ULID = newUlidSource(Date.now, systemChance)

/** As the gateway's own settings have them; no limit but the machine. */
const UNLIMITED = {
  BLUEWIRE_PORT: '0',
  BLUEWIRE_LINE_RATE: 'unlimited',
  BLUEWIRE_TOKEN_RATE: '100000',
  BLUEWIRE_TOKEN_BURST: '1000000',
  // Nodes are away on purpose: what waits for their lines stays where it is.
  BLUEWIRE_NODE_LOST_AFTER: '7d',
  BLUEWIRE_FAILOVER_AFTER: '7d',
}

export type GatewayOptions = Readonly<{
  nodeOptions?: readonly string[]
  /** More settings. */
  env?: Readonly<Record<string, string>>
}>

export type EnrolledNode = Readonly<{ node: NodeId; credential: string; machine: string }>

export type Place = Readonly<{ dataDir: string; database: string; token: string; nodes: readonly EnrolledNode[] }>

export type Gateway = Readonly<{ url: string; child: Child; stop(): Promise<void> }>

/** Whoever prepares a place writes to its store, while no gateway runs there. */
export function openPlace(database: string): Store {
  return openSqliteStore(database, {
    clock: systemClock,
    ulid: ULID,
    lineDefaults: { gapMs: 0, burst: 5 },
    onHints: () => undefined,
    onFatal: (error) => {
      throw error
    },
  })
}

/** A new data folder. */
export async function makePlace(dataDir: string, nodes: number): Promise<Place> {
  mkdirSync(dataDir, { recursive: true })
  const database = join(dataDir, 'bluewire.sqlite')
  const store = openPlace(database)
  try {
    const account = await store.createAccount('bench', {
      id: `acct_${ULID()}`,
      name: 'Bench',
      plan: 'unlimited',
      quotaLimit: null,
      entitlements: ['imessage'],
      region: 'US',
    })
    const { token, hash, hint } = newToken()
    await store.createToken('bench', {
      id: `tok_${ULID()}`,
      account: account.id,
      name: 'bench',
      hash,
      hint,
      scopes: DEFAULT_SCOPES,
    })
    const enrolled = await Promise.all(Array.from({ length: nodes }, () => enrol(store, account.id)))
    return { dataDir, database, token, nodes: enrolled }
  } finally {
    await store.close()
  }
}

async function enrol(store: Store, account: Parameters<Store['createEnrolment']>[1]['account']): Promise<EnrolledNode> {
  const { hash } = newEnrolmentCode()
  await store.createEnrolment('bench', { codeHash: hash, account, expiresInMs: 600_000 })
  const credential = `bwnode_${randomBytes(16).toString('base64url')}`
  const id: NodeId = `node_${ULID()}`
  const machine = `bench:${id}`
  const credentialHash = createHash('sha256').update(credential).digest('hex')
  const node = { id, name: 'bench', credentialHash, machine, simulated: true, driver: 'simulator' }
  if ((await store.redeemEnrolment({ codeHash: hash, node })) === undefined) throw new Error('a node was not enrolled')
  return { node: id, credential, machine }
}

/** The real program, as `npm start` runs it, with its log in a file. */
export async function startGateway(place: Place, { nodeOptions = [], env }: GatewayOptions = {}): Promise<Gateway> {
  const log = openSync(join(place.dataDir, 'gateway.log'), 'a')
  const child = new Child({
    file: GATEWAY,
    env: { ...UNLIMITED, ...env, BLUEWIRE_DATA_DIR: place.dataDir },
    nodeOptions,
    log,
  })
  closeSync(log)
  const { url } = await child.next<{ url: string }>()
  return { url, child, stop: () => child.stop() }
}
