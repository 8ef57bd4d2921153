/** A gateway and its node as processes, on folders of one's choice, which may be killed, stopped and started again. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { loadConfig } from '@bluewire/gateway/config/config'
import { openStore } from '@bluewire/gateway/admin/open-store'
import { createEnrolment, prepareInstance } from '@bluewire/gateway/quickstart/instance'
import { commandLine } from '@bluewire/node/command-line'
import { ADMIN, Command, freePort, GATEWAY, newFolder, ROOT, run } from '../../../gateway/test/start/command.ts'
import { Client } from '../../src/stories/client.ts'
import { Phone } from '../../src/stories/phone.ts'
import type { Text } from '../../src/stories/phone.ts'
import { until } from '../../src/stories/until.ts'

const NODE = join(ROOT, 'packages/node/src/main.ts')
const READY_MS = 30_000

type Env = Readonly<Record<string, string>>

export type PlatformOptions = Readonly<{
  dataDir?: string
  nodeDir?: string
  /** Of the gateway. */
  env?: Env
  /** Lines of the node, each a Mac of its own. */
  lines?: number
  nodeMinFreeMib?: number
}>

/** How a process is started, when not plainly. */
export type StartOptions = Readonly<{ env?: Env; nodeArgs?: readonly string[] }>

/** No limit but those of the machine. */
export const UNLIMITED: Env = {
  BLUEWIRE_LINE_RATE: 'unlimited',
  BLUEWIRE_TOKEN_RATE: '100000',
  BLUEWIRE_TOKEN_BURST: '1000000',
  BLUEWIRE_DISK_ACCEPT_FREE: '0',
  BLUEWIRE_DISK_DISPATCH_FREE: '0',
  BLUEWIRE_LOG_LEVEL: 'warn',
}

/** States from which nothing further comes by itself. */
const ENDED = ['delivered', 'read', 'failed', 'unknown', 'cancelled', 'expired']

export class Platform {
  readonly dataDir: string
  readonly nodeDir: string
  /** The phone: it is on no disk that a story damages. */
  readonly phone: Phone
  readonly client: Client
  readonly #env: Env
  #gateway: Command | undefined
  #node: Command | undefined

  private constructor(where: { dataDir: string; nodeDir: string; env: Env; port: number; token: string }) {
    this.dataDir = where.dataDir
    this.nodeDir = where.nodeDir
    this.phone = new Phone(join(newFolder(), 'simulator.jsonl'))
    this.#env = where.env
    this.client = new Client(`http://127.0.0.1:${where.port}`, where.token)
  }

  /** Both run, and the node has joined and is online. */
  static async start(options: PlatformOptions = {}): Promise<Platform> {
    const dataDir = options.dataDir ?? newFolder()
    const port = await freePort()
    const env = { ...UNLIMITED, ...options.env, BLUEWIRE_DATA_DIR: dataDir, BLUEWIRE_PORT: String(port) }
    const store = openStore(loadConfig(env))
    const { account, token } = await prepareInstance(store, undefined)
    const code = await createEnrolment(store, account)
    await store.close()
    const platform = new Platform({ dataDir, nodeDir: options.nodeDir ?? newFolder(), env, port, token })
    await platform.startGateway()
    await platform.#join(code, options)
    await platform.startNode()
    return platform
  }

  async #join(code: string, { lines = 1, nodeMinFreeMib = 0 }: PlatformOptions): Promise<void> {
    const numbers = Array.from({ length: lines }, (_, i) => ['--line', `+1500555000${i + 1}:imessage`]).flat()
    const places = ['--dir', this.nodeDir, '--sim-log', this.phone.path, '--min-free-mib', String(nodeMinFreeMib)]
    const said: string[] = []
    const print = { out: () => undefined, err: (line: string) => void said.push(line) }
    const exitCode = await commandLine(['join', this.client.url, code, ...places, ...numbers], print)
    if (exitCode !== 0) throw new Error(`the node could not join: ${said.join(' ')}`)
  }

  get gateway(): Command {
    if (this.#gateway === undefined) throw new Error('the gateway was not started')
    return this.#gateway
  }

  get node(): Command {
    if (this.#node === undefined) throw new Error('the node was not started')
    return this.#node
  }

  /** Does not wait. */
  launchGateway({ env, nodeArgs = [] }: StartOptions = {}): Command {
    return (this.#gateway = new Command([process.execPath, ...nodeArgs, GATEWAY], { env: { ...this.#env, ...env } }))
  }

  async startGateway(options: StartOptions = {}): Promise<void> {
    const command = this.launchGateway(options)
    const early = command.ended.then(() => Promise.reject(new Error(`the gateway ended: ${command.stderr}`)))
    await Promise.race([until('the gateway is ready', () => this.client.isReady(), { withinMs: READY_MS }), early])
  }

  /** Does not wait. `dir`: another folder than its own. */
  launchNode({ env = {}, dir = this.nodeDir }: { env?: Env; dir?: string } = {}): Command {
    return (this.#node = new Command([process.execPath, NODE, 'run', '--dir', dir], { env }))
  }

  async startNode(options: { env?: Env; dir?: string } = {}): Promise<void> {
    await this.launchNode(options).until(({ stdout }) => stdout.includes('"event":"session.ready"'))
  }

  /** The settings the gateway was started with, for the admin command. */
  admin(...words: readonly string[]) {
    return run([process.execPath, ADMIN, ...words], { env: this.#env })
  }

  texts(): readonly Text[] {
    return this.phone.texts()
  }

  untilTexts(many: number, withinMs = 30_000): Promise<true> {
    return until(`${many} texts reached the phone`, () => this.texts().length >= many, { withinMs, everyMs: 20 })
  }

  /** How many messages are in each state. */
  states(): Record<string, number> {
    const rows = this.#read('select state, count(*) as many from messages group by state')
    return Object.fromEntries(rows.map(({ state, many }) => [String(state), Number(many)]))
  }

  messageIds(): string[] {
    return this.#read('select id from messages order by id').map(({ id }) => String(id))
  }

  bodies(): string[] {
    return this.#read('select body from messages').map(({ body }) => String(body))
  }

  /**
   * What went out is known to have, and what did not, not. `sentIsEnough`: a simulated node that dies between a text and its receipt
   * never gets the receipt, and such a message stays sent.
   */
  async untilAllEnded({ withinMs = 60_000, sentIsEnough = false } = {}): Promise<Record<string, number>> {
    const isOpen = (state: string): boolean => !ENDED.includes(state) && !(sentIsEnough && state === 'sent')
    const open = (): number =>
      Object.entries(this.states()).reduce((sum, [state, many]) => (isOpen(state) ? sum + many : sum), 0)
    await until('every message has ended', () => open() === 0, { withinMs, everyMs: 100 }).catch((error: unknown) => {
      throw new Error(`${String(error)}; states: ${JSON.stringify(this.states())}`)
    })
    return this.states()
  }

  /** Beside the gateway, which SQLite allows; each time anew, for the file may have been replaced. */
  #read(sql: string): Array<Record<string, unknown>> {
    return rowsOf(join(this.dataDir, 'bluewire.sqlite'), sql)
  }
}

export function rowsOf(path: string, sql: string): Array<Record<string, unknown>> {
  const db = new DatabaseSync(path, { readOnly: true, timeout: 5000 })
  try {
    return db.prepare(sql).all()
  } finally {
    db.close()
  }
}

export async function killed(command: Command): Promise<void> {
  command.killGroup('SIGKILL')
  await command.ended
}

/** As a supervisor stops it. */
export async function stopped(command: Command): Promise<void> {
  command.kill('SIGTERM')
  const { code } = await command.ended
  if (code !== 0) throw new Error(`it ended with ${code}: ${command.stderr}`)
}
