/** The agent of this gateway's own version: made when it is first asked for, and kept in the data folder. */
import { createHash, hash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as passed } from 'node:timers/promises'
import { writeFileAtomically } from '@bluewire/platform/atomic-file'
import type { Clock } from '@bluewire/platform/clock'
import { LockHeldError, takeExclusiveLock } from '@bluewire/platform/exclusive-lock'
import type { ExclusiveLock } from '@bluewire/platform/exclusive-lock'
import packageJson from '../../package.json' with { type: 'json' }
import { buildAgent, RECIPE, SOURCE_ROOT } from './agent-build.ts'

export type AgentFile = Readonly<{ sha256: string; content: Buffer }>

/** There is none, and the message says why: a sentence for whoever runs the gateway. */
export class AgentUnavailableError extends Error {
  override name = 'AgentUnavailableError'
}

const FOLDER = 'agent'
const LOCK_NAME = 'build'
const LOCK_POLL_MS = 50
const LOCK_WAIT_MS_MAX = 60_000
/** Making it costs half a second of a processor: what failed is not tried again for everybody who asks. */
const TRY_AGAIN_AFTER_MS = 30_000

/** The packages that are in it. */
const PACKAGES = ['contract', 'drivers', 'node', 'platform']

export type AgentFilesOptions = Readonly<{ dataDir: string; clock: Clock; root?: string }>

export class AgentFiles {
  readonly #directory: string
  readonly #root: string
  readonly #clock: Clock
  #current: Promise<AgentFile> | undefined
  #failedAtMs = -Infinity

  constructor({ dataDir, clock, root }: AgentFilesOptions) {
    this.#directory = join(dataDir, FOLDER)
    this.#root = root ?? SOURCE_ROOT
    this.#clock = clock
  }

  /** Everybody who asks at once gets the same. @throws AgentUnavailableError */
  current(): Promise<AgentFile> {
    const mayTryAgain = this.#clock.monotonicMs() - this.#failedAtMs >= TRY_AGAIN_AFTER_MS
    if (this.#current !== undefined && !mayTryAgain) return this.#current
    this.#failedAtMs = Infinity
    this.#current = this.#find().catch((error: unknown) => {
      this.#failedAtMs = this.#clock.monotonicMs()
      throw unavailable(error)
    })
    return this.#current
  }

  async #find(): Promise<AgentFile> {
    const folder = join(this.#directory, sourcesKey(this.#root))
    const kept = keptIn(folder)
    if (kept !== undefined) return kept
    const lock = await this.#lock(folder)
    if (lock === 'made') return keptIn(folder) ?? (await this.#make(null))
    try {
      return keptIn(folder) ?? (await this.#make(folder))
    } finally {
      lock?.release()
    }
  }

  /** `made`: another process was at it, and has done it. Null: where nothing can be written nobody else makes it either. */
  async #lock(folder: string): Promise<ExclusiveLock | 'made' | null> {
    const deadlineMs = this.#clock.monotonicMs() + LOCK_WAIT_MS_MAX
    try {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
    } catch {
      return null
    }
    for (;;) {
      try {
        return takeExclusiveLock(this.#directory, LOCK_NAME)
      } catch (error) {
        if (!(error instanceof LockHeldError)) return null
        if (this.#clock.monotonicMs() > deadlineMs) throw error
      }
      await passed(LOCK_POLL_MS)
      if (keptIn(folder) !== undefined) return 'made'
    }
  }

  async #make(folder: string | null): Promise<AgentFile> {
    const content = await buildAgent(this.#root)
    const made = { sha256: hash('sha256', content), content }
    if (folder !== null) this.#keep(folder, made)
    return made
  }

  /** Of other versions nothing is kept: a command that names one is refused, with the way to a new command. */
  #keep(folder: string, { sha256, content }: AgentFile): void {
    try {
      for (const entry of readdirSync(this.#directory, { withFileTypes: true })) {
        if (entry.isDirectory()) rmSync(join(this.#directory, entry.name), { recursive: true, force: true })
      }
      mkdirSync(folder, { mode: 0o700 })
      writeFileAtomically(join(folder, fileName(sha256)), content.toString())
    } catch {
      // On a full disk it is made again at the next start.
    }
  }
}

/** How the agent is called where it is served and kept. */
export function fileName(sha256: string): string {
  return `bluewire-node-${sha256}.mjs`
}

/** Undefined: there is none, or it is damaged. */
function keptIn(folder: string): AgentFile | undefined {
  try {
    for (const name of readdirSync(folder)) {
      const sha256 = /^bluewire-node-([0-9a-f]{64})\.mjs$/.exec(name)?.[1]
      if (sha256 === undefined) continue
      const content = readFileSync(join(folder, name))
      if (hash('sha256', content) === sha256) return { sha256, content }
    }
  } catch {
    // nothing is kept
  }
  return undefined
}

/** Changes with every source that is in it, with the packages it is made of, and with how it is made. */
function sourcesKey(root: string): string {
  const sum = createHash('sha256').update(`${packageJson.dependencies.esbuild}\n${RECIPE}\n`)
  for (const path of sourcePaths(root)) {
    const content = readFileSync(join(root, path))
    sum.update(`${path} ${content.length}\n`).update(content)
  }
  return sum.digest('hex').slice(0, 32)
}

function sourcePaths(root: string): string[] {
  const sources = PACKAGES.flatMap((name) => {
    const folder = join('packages', name, 'src')
    const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    return [join('packages', name, 'package.json'), ...files.map((file) => join(folder, file))]
  })
  return [
    ...sources.filter((path) => /\.(ts|json)$/.test(path) && !path.endsWith('.test.ts')),
    'package-lock.json',
  ].sort()
}

function unavailable(error: unknown): AgentUnavailableError {
  const text = (error instanceof Error ? error.message : String(error)).replace(/\.?$/, '.')
  const advice =
    error instanceof LockHeldError
      ? 'Another process has been making it for a minute.'
      : 'Is everything of `npm ci` there, also the optional package of esbuild for this system?'
  return new AgentUnavailableError(`The node agent cannot be made: ${text} ${advice}`, { cause: error })
}
