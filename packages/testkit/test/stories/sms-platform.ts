/** A gateway whose lines are those of an SMSC: both processes, of which the gateway may be killed and started again. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { newUlidSource, systemChance } from '@bluewire/platform/chance'
import { openStore } from '@bluewire/gateway/admin/open-store'
import { loadConfig } from '@bluewire/gateway/config/config'
import { prepareInstance } from '@bluewire/gateway/quickstart/instance'
import { Command, freePort, GATEWAY, newFolder } from '../../../gateway/test/start/command.ts'
import { Client } from '../../src/stories/client.ts'
import type { SmscOptions } from '../../src/stories/smsc.ts'
import { SmscProcess } from '../../src/stories/smsc-process.ts'
import { until } from '../../src/stories/until.ts'
import { killed, rowsOf, UNLIMITED } from './platform.ts'

const READY_MS = 30_000
const newId = newUlidSource(Date.now, systemChance)

type Env = Readonly<Record<string, string>>

/** `window`: of the SMPP connection. */
export type SmsPlatformOptions = Readonly<{ smsc: SmscOptions; window: number; lines: number }>

export class SmsPlatform implements AsyncDisposable {
  readonly client: Client
  readonly smsc: SmscProcess
  readonly #env: Env
  readonly #database: string
  #gateway: Command | undefined

  private constructor(smsc: SmscProcess, where: { env: Env; dataDir: string; url: string; token: string }) {
    this.smsc = smsc
    this.#env = where.env
    this.#database = join(where.dataDir, 'bluewire.sqlite')
    this.client = new Client(where.url, where.token)
  }

  /** Both run. */
  static async start(options: SmsPlatformOptions): Promise<SmsPlatform> {
    const smsc = new SmscProcess(options.smsc)
    const dataDir = newFolder()
    const port = await freePort()
    const env = {
      ...UNLIMITED,
      BLUEWIRE_SECRETS_KEY: 'b1'.repeat(32),
      BLUEWIRE_DATA_DIR: dataDir,
      BLUEWIRE_PORT: String(port),
    }
    const token = await prepare(env, { ...options, smscPort: await smsc.listen() })
    const platform = new SmsPlatform(smsc, { env, dataDir, url: `http://127.0.0.1:${port}`, token })
    await platform.startGateway()
    return platform
  }

  async startGateway(): Promise<void> {
    const command = (this.#gateway = new Command([process.execPath, GATEWAY], { env: this.#env }))
    const early = command.ended.then(() => Promise.reject(new Error(`the gateway ended: ${command.stderr}`)))
    await Promise.race([until('the gateway is ready', () => this.client.isReady(), { withinMs: READY_MS }), early])
  }

  async killGateway(): Promise<void> {
    if (this.#gateway !== undefined) await killed(this.#gateway)
  }

  messages(): ReadonlyArray<{ id: string; state: string; body: string; attempts: number }> {
    const rows = rowsOf(this.#database, 'select id, state, body, attempts from messages')
    return rows.map(({ id, state, body, attempts }) => ({
      id: String(id),
      state: String(state),
      body: String(body),
      attempts: Number(attempts),
    }))
  }

  states(): Record<string, number> {
    const rows = rowsOf(this.#database, 'select state, count(*) as many from messages group by state')
    return Object.fromEntries(rows.map(({ state, many }) => [String(state), Number(many)]))
  }

  /** How many attempts were ever called unknown. */
  wereUnknown(): number {
    const sql = `select count(distinct attempt) as many from events where type = 'message.unknown'`
    return Number(rowsOf(this.#database, sql)[0]?.['many'])
  }

  /** Attempts after the first one of their message. */
  furtherAttempts(): number {
    return Number(rowsOf(this.#database, 'select count(*) as many from attempts where n > 1')[0]?.['many'])
  }

  async untilNone(states: readonly string[], withinMs: number): Promise<void> {
    const open = () => states.some((state) => this.states()[state] !== undefined)
    await until(`no message is ${states.join(' or ')}`, () => !open(), { withinMs, everyMs: 100 }).catch(
      (error: unknown) => {
        throw new Error(`${String(error)}; states: ${JSON.stringify(this.states())}`)
      },
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.killGateway()
    this.smsc[Symbol.dispose]()
  }
}

/** An account with a token, an SMPP connection and its lines; resolves with the token. */
async function prepare(env: Env, options: SmsPlatformOptions & { smscPort: number }): Promise<string> {
  const config = loadConfig(env)
  const store = openStore(config)
  try {
    const { account, token } = await prepareInstance(store, undefined)
    const provider = `prov_${newId()}` as const
    const settings = {
      host: '127.0.0.1',
      port: options.smscPort,
      system_id: 'bluewire',
      window: options.window,
      throughput: 0,
    }
    const row = { id: provider, account: account.id, name: 'smsc', driver: 'smpp', shared: false, simulated: false }
    await store.createProvider('story', { ...row, settings, secrets: '' })
    for (let i = 0; i < options.lines; i++) {
      const line = { id: `line_${newId()}` as const, provider, account: account.id, address: `+1500555${2000 + i}` }
      await store.addProviderLine('story', { ...line, gapMs: 0, burst: 1 })
    }
    return token
  } finally {
    await store.close()
    liftLimits(join(config.dataDir, 'bluewire.sqlite'))
  }
}

function liftLimits(path: string): void {
  const database = new DatabaseSync(path)
  database.exec('update accounts set sms_per_hour = 1000000000')
  database.close()
}
