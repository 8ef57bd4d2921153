/** The simulated node: a process of its own that joins and connects exactly as a Mac does. */
import { existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { endText, startChild } from './child.ts'
import type { Child, ChildEnd } from './child.ts'
import type { LogFile } from './log-file.ts'
import { StartFailed } from './start-failed.ts'

/** A number that belongs to nobody. */
export const SIMULATED_LINE = '+15005550001'
const NODE_NAME = 'quickstart'
const RESTART_MS_MIN = 250
const RESTART_MS_MAX = 30_000
/** A node that ran for so long is well again: the next end counts as a first one. */
const WELL_AFTER_MS = 60_000

// Not imported: the gateway does not depend on the node, it only starts it here as anybody would.
const PROGRAM = join(import.meta.dirname, '..', '..', '..', 'node', 'src', 'main.ts')

export type NodePlace = Readonly<{
  /** Where the node keeps its journal and credential. */
  dir: string
  /** What "reached the phone". */
  simulatorLog: string
  log: LogFile
}>

export function nodePlace(dataDir: string, log: LogFile): NodePlace {
  return { dir: join(dataDir, 'node'), simulatorLog: join(dataDir, 'simulator.jsonl'), log }
}

/** Whether it has a credential already. */
export function isJoined({ dir }: NodePlace): boolean {
  return existsSync(join(dir, 'node.json'))
}

/** A journal that belongs to a node of another store is kept, but out of the way. */
export function putNodeAside({ dir }: NodePlace): void {
  if (!existsSync(dir)) return
  let n = 1
  while (existsSync(`${dir}.old-${n}`)) n++
  renameSync(dir, `${dir}.old-${n}`)
}

export function startJoining(place: NodePlace, url: string, code: string): Child {
  const args = ['join', url, code, '--dir', place.dir, '--name', NODE_NAME, '--driver', 'simulator']
  return startNode(place, [...args, '--line', `${SIMULATED_LINE}:imessage`, '--sim-log', place.simulatorLog])
}

/** @throws StartFailed with what the node said. */
export async function joined(child: Child, log: LogFile): Promise<void> {
  const end = await child.ended
  if (end.code !== 0)
    throw new StartFailed(`The node could not join (${endText(end)}): ${log.lastSentence() ?? `see ${log.path}`}`)
}

/** Keeps the node running: one that ends by itself is started again, each time later than before. */
export class NodeKeeper {
  readonly #place: NodePlace
  readonly #url: string
  readonly #onTrouble: (sentence: string) => void
  #child: Child | undefined
  #waiting: NodeJS.Timeout | undefined
  #ends = 0
  #isStopping = false

  /** `onTrouble` gets one sentence when it begins to fail, not one for each restart. */
  constructor(place: NodePlace, url: string, onTrouble: (sentence: string) => void) {
    this.#place = place
    this.#url = url
    this.#onTrouble = onTrouble
  }

  start(): void {
    const startedAtMs = performance.now()
    const child = startNode(this.#place, ['run', '--dir', this.#place.dir, '--url', this.#url])
    this.#child = child
    void child.ended.then((end) => {
      this.#child = undefined
      if (this.#isStopping) return
      if (performance.now() - startedAtMs > WELL_AFTER_MS) this.#ends = 0
      this.#restart(end)
    })
  }

  /** How often it ended by itself since it last ran well. */
  get ends(): number {
    return this.#ends
  }

  /** Asks it to end; resolves when it has. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#isStopping = true
    clearTimeout(this.#waiting)
    const child = this.#child
    child?.kill(signal)
    await child?.ended
  }

  #restart(end: ChildEnd): void {
    if (this.#ends === 0) {
      const { path } = this.#place.log
      this.#onTrouble(`The node ended by itself (${endText(end)}; its log is ${path}). It is being started again.`)
    }
    const delayMs = Math.min(RESTART_MS_MIN * 2 ** this.#ends, RESTART_MS_MAX)
    this.#ends++
    this.#waiting = setTimeout(() => this.start(), delayMs)
  }
}

function startNode({ log }: NodePlace, args: readonly string[]): Child {
  // It connects to this very machine: a proxy that the environment names for the world outside has no part in that.
  return startChild({ file: PROGRAM, args, env: { NO_PROXY: '*', no_proxy: '*' }, log: log.fd })
}
