/**
 * A Mac that is not there, for tests: a home with a real chat.db, the tools of macOS as programs, and Messages as a process of its own. One
 * folder is one user of one Mac. What it does is written from MACOS.md, and never from our driver.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as passed } from 'node:timers/promises'
import { ChatDb } from './chat-db/chat-db.ts'
import { FakeDatabase } from './fake-database.ts'
import { FakeMessages } from './fake-messages.ts'
import type { MacPaths } from './mac-folder.ts'
import { macPaths } from './mac-folder.ts'
import type { Language, MacosVersion, MacSettings, Person, Timing } from './mac-settings.ts'
import { defaultSettings, readSettings, writeSettings } from './mac-settings.ts'
import { RuleStore } from './messages/rule-store.ts'
import type { SendRule } from './messages/send-rule.ts'
import type { Arrival } from './phones.ts'
import { arrivals } from './phones.ts'
import type { MacProcess } from './processes.ts'
import { liveProcesses, programsOf, sendSignal, startOf } from './processes.ts'
import { installTools } from './tools/install-tools.ts'
import { World } from './world.ts'

export type MakeOptions = Readonly<{
  macos: MacosVersion
  /** [a new one of its own, removed by `stop`] */
  folder?: string
  /** What errors are said in. [en] */
  language?: Language
  /** Chooses an order of the columns of chat.db other than the captured one (MACOS 2.2). */
  shuffle?: number
  /** Multiplies what Messages waits for by itself. [1: as measured on Macs] */
  timeScale?: number
  timing?: Partial<Timing>
  /** Further settings, as with `configure`. */
  settings?: Partial<MacSettings>
}>

/** One rule of `behave`. */
export type Behaviour = Readonly<{
  /** How many events it was used for. */
  used(): number
  /** It applies to nothing more. */
  end(): void
}>

const SETTLES_WITHIN_MS = 10_000
const LOOK_AGAIN_MS = 10
const SOCKET_PATH_MAX = 100

export class FakeMac implements AsyncDisposable {
  readonly folder: string
  readonly paths: MacPaths
  /** The process Messages: start, kill, hang. */
  readonly messages: FakeMessages
  /** The file chat.db: damage, lock, replace, rebuild, grow. */
  readonly database: FakeDatabase
  /** What happens to it: messages come in, are edited, receipts, people write on their phone. */
  readonly world: World
  readonly #rules: RuleStore
  readonly #isOwnFolder: boolean

  private constructor(folder: string, isOwnFolder: boolean) {
    this.folder = folder
    this.paths = macPaths(folder)
    this.#isOwnFolder = isOwnFolder
    this.messages = new FakeMessages(folder)
    this.database = new FakeDatabase(folder, this.messages)
    this.world = new World(folder, this.messages)
    this.#rules = new RuleStore(folder)
  }

  /** Signed in, with an empty chat.db, all permissions, and Messages not started. */
  static async make(options: MakeOptions): Promise<FakeMac> {
    const { macos, language = 'en', shuffle } = options
    const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'fake-mac-'))
    const paths = macPaths(folder)
    if (paths.messagesSocket.length > SOCKET_PATH_MAX) {
      throw new Error(`The folder of a fake Mac holds sockets, whose paths the system limits: ${folder} is too long.`)
    }
    for (const path of [paths.state, paths.messagesDir, join(paths.home, 'Library', 'LaunchAgents')]) {
      mkdirSync(path, { recursive: true })
    }
    for (const place of ['Pictures', 'Downloads', 'Documents']) mkdirSync(join(paths.home, place), { recursive: true })
    writeFileSync(paths.owner, JSON.stringify({ pid: process.pid, start: startOf(process.pid) }))
    const timeScale = options.timeScale ?? 1
    const settings = defaultSettings(folder, { macos, language })
    const timing = { ...settings.timing, ...options.timing }
    writeSettings(folder, { ...settings, timeScale, ...options.settings, timing })
    const database = join(paths.messagesDir, 'chat.db')
    ChatDb.create(database, { macos, ...(shuffle === undefined ? {} : { shuffle }) }).close()
    installTools(folder)
    return new FakeMac(folder, options.folder === undefined)
  }

  get home(): string {
    return this.paths.home
  }

  get messagesDir(): string {
    return this.paths.messagesDir
  }

  /** For the setting `tools` and BLUEWIRE_MAC_TOOLS. */
  get toolsDir(): string {
    return this.paths.bin
  }

  /** For a program that runs on this Mac. */
  get env(): Readonly<Record<string, string>> {
    const { consoleUser } = this.settings
    return { HOME: this.home, USER: consoleUser, LOGNAME: consoleUser, BLUEWIRE_MAC_TOOLS: this.toolsDir }
  }

  get settings(): MacSettings {
    return readSettings(this.folder)
  }

  /** Changes what is given; the processes see it at once. Full Disk Access is taken and given by moving files: see `FakeDatabase.wall`. */
  async configure(changes: Partial<MacSettings>): Promise<void> {
    const before = this.settings
    writeSettings(this.folder, { ...before, ...changes })
    const { fullDiskAccess } = changes
    if (fullDiskAccess === undefined || fullDiskAccess === before.fullDiskAccess) return
    if (fullDiskAccess) await this.database.openWall()
    else await this.database.wall()
  }

  /** What Apple and the phone company know about an address: whether it is on iMessage, gives receipts, shares that it reads. */
  person(address: string, person: Person): void {
    const { settings } = this
    writeSettings(this.folder, { ...settings, people: { ...settings.people, [address]: person } })
  }

  /** Every iMessage fails with this error; the account goes on saying that it is connected unless told otherwise (MACOS 5.4). */
  async signOut(
    error: 22 | 30 | 40 = 40,
    { says = 'connected' }: { says?: 'connected' | 'disconnected' } = {},
  ): Promise<void> {
    const accounts = this.settings.accounts.map((account) =>
      account.service === 'iMessage' ? { ...account, connection: says } : account,
    )
    await this.configure({ signedOut: { error }, accounts })
  }

  async signIn(): Promise<void> {
    const accounts = this.settings.accounts.map((account) =>
      account.service === 'iMessage' ? { ...account, connection: 'connected' as const } : account,
    )
    await this.configure({ signedOut: null, accounts })
  }

  /** Messages has not loaded this chat: an event that names it gets -1728 (MACOS 1.3). */
  async unloadChat(guid: string): Promise<void> {
    await this.configure({ unloadedChats: [...this.settings.unloadedChats, guid] })
  }

  async loadChat(guid: string): Promise<void> {
    await this.configure({ unloadedChats: this.settings.unloadedChats.filter((one) => one !== guid) })
  }

  /** How Messages treats the next sends that fit. Rules outlive Messages; the oldest that fits and is not used up counts. */
  behave(rule: SendRule): Behaviour {
    const name = this.#rules.add(rule)
    return { used: () => this.#rules.used(name), end: () => this.#rules.end(name) }
  }

  /** No rule applies any more. */
  behaveWell(): void {
    this.#rules.endAll()
  }

  /** Everything that really left this Mac's Messages, in order. What people send on their phones is not in it. */
  phones(): Arrival[] {
    return arrivals(this.folder)
  }

  /** Calls of the tools, but for osascript: name and arguments, in order. */
  toolCalls(): { tool: string; args: readonly string[]; atMs: number }[] {
    let text: string
    try {
      text = readFileSync(this.paths.toolCalls, 'utf8')
    } catch {
      return []
    }
    const lines = text.split('\n').filter((line) => line !== '')
    return lines.map((line) => JSON.parse(line) as { tool: string; args: string[]; atMs: number })
  }

  /** Those of the Mac that run: Messages, launchd and what it started, caffeinate. */
  processes(): MacProcess[] {
    return liveProcesses(this.folder)
  }

  /** All processes of the Mac are gone when it resolves, and so is its folder, if it was made for it. */
  async stop(): Promise<void> {
    try {
      writeFileSync(this.paths.stopped, '')
    } catch {
      return // stopped already
    }
    const deadlineMs = performance.now() + SETTLES_WITHIN_MS
    for (let pids = this.#endAll(deadlineMs); pids.length > 0; pids = this.#endAll(deadlineMs)) {
      if (performance.now() > deadlineMs) throw new Error(`Processes of the fake Mac do not end: ${pids.join(', ')}.`)
      await passed(LOOK_AGAIN_MS)
    }
    if (this.#isOwnFolder) rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 })
  }

  /** launchd first: what it started would be started again, and it ends that itself. Returns those that still run. */
  #endAll(deadlineMs: number): number[] {
    const live = this.processes()
    const launchd = live.find(({ name }) => name === 'launchd')
    const isLate = performance.now() > deadlineMs - SETTLES_WITHIN_MS / 2
    if (launchd !== undefined && !isLate) {
      sendSignal(launchd.pid, 'SIGTERM')
      return [launchd.pid]
    }
    const pids = [...new Set([...live.map(({ pid }) => pid), ...programsOf(this.folder)])]
    for (const pid of pids) sendSignal(pid, 'SIGKILL')
    return pids
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}
