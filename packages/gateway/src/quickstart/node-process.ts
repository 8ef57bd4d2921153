/** The simulated node: a process of its own that joins and connects exactly as a Mac does. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { isNodeId } from '@bluewire/contract/ids'
import type { NodeId } from '@bluewire/contract/ids'
import { writeFileAtomically } from '@bluewire/platform/atomic-file'
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
/** The exit code of a node whose credential is not accepted any more: starting it again changes nothing. */
const EXIT_REFUSED = 3

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

/** The id it was given when it joined; undefined: it has not joined. */
export function joinedNode(place: NodePlace): NodeId | undefined {
  const node = readNodeFile(place)?.['node']
  return isNodeId(node) ? node : undefined
}

/** The gateway may have been started on another port since, and the settings may have changed. */
export function updateNodeFile(place: NodePlace, { url, minFreeBytes }: { url: string; minFreeBytes: number }): void {
  const before = readNodeFile(place)
  const after = { ...before, url, free_bytes_min: minFreeBytes }
  if (!isDeepStrictEqual(before, after)) writeFileAtomically(nodeFile(place), `${JSON.stringify(after, null, 2)}\n`)
}

function nodeFile({ dir }: NodePlace): string {
  return join(dir, 'node.json')
}

/** Undefined: there is none, or it is damaged. */
function readNodeFile(place: NodePlace): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(nodeFile(place), 'utf8'))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch (error) {
    if (error instanceof SyntaxError || (error instanceof Error && 'code' in error && error.code === 'ENOENT'))
      return undefined
    throw error
  }
}

/** Also where a node joined before: what that one left is put aside. */
export function startJoining(place: NodePlace, url: string, code: string): Child {
  const args = ['join', url, code, '--dir', place.dir, '--name', NODE_NAME, '--driver', 'simulator']
  return startNode(place, [
    ...args,
    '--line',
    `${SIMULATED_LINE}:imessage`,
    '--sim-log',
    place.simulatorLog,
    '--replace',
  ])
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
  readonly #onTrouble: (sentence: string) => void
  #child: Child | undefined
  #waiting: NodeJS.Timeout | undefined
  #ends = 0
  #isStopping = false

  /** `onTrouble` gets one sentence when it begins to fail, not one for each restart. */
  constructor(place: NodePlace, onTrouble: (sentence: string) => void) {
    this.#place = place
    this.#onTrouble = onTrouble
  }

  start(): void {
    const startedAtMs = performance.now()
    const child = startNode(this.#place, ['run', '--dir', this.#place.dir])
    this.#child = child
    void child.ended.then((end) => {
      this.#child = undefined
      if (this.#isStopping) return
      if (performance.now() - startedAtMs > WELL_AFTER_MS) this.#ends = 0
      if (end.code === EXIT_REFUSED) this.#giveUp()
      else this.#restart(end)
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

  #giveUp(): void {
    this.#ends = Infinity
    const reason = this.#place.log.lastSentence() ?? `see ${this.#place.log.path}`
    this.#onTrouble(`The gateway refuses the node, so nothing is sent: ${reason} The next start makes a new node.`)
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
