/**
 * What "reached the phone", one JSON line per text. It stands for Messages' own database: a line is there, synced, before
 * the send is called sent, and after a crash it is what the driver looks in.
 */
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { AttemptId, Service } from '@bluewire/contract/ids'
import { makeFolder } from '@bluewire/platform/make-folder'

export type SimulatedText = Readonly<{
  attempt: AttemptId
  service: Service
  from: string
  to: string
  body: string
  /** Milliseconds since 1970. */
  at: number
}>

/** The text is provably not in the log. */
export class NotLoggedError extends Error {
  override name = 'NotLoggedError'
}

export interface SimulatorLog {
  /**
   * Returns when the line is durable. The same attempt twice gives two lines: a recipient would have it twice.
   * @throws NotLoggedError when the disk did not take it
   */
  append(text: SimulatedText): void
  has(attempt: AttemptId): boolean
  /** May be called twice. */
  close(): void
}

/** For worlds without a disk. `texts` is what reached the phone. */
export function memorySimulatorLog(texts: SimulatedText[] = []): SimulatorLog {
  const attempts = new Set(texts.map(({ attempt }) => attempt))
  return {
    append(text) {
      texts.push(text)
      attempts.add(text.attempt)
    },
    has: (attempt) => attempts.has(attempt),
    close: () => {},
  }
}

/**
 * Creates the file when there is none. A last line that a crash cut off is removed: its text did not reach the phone.
 * Several processes may have it open (the node and the provider of the quick start): each line is one write at the end.
 */
export function openSimulatorLog(path: string): SimulatorLog {
  makeFolder(dirname(path))
  const file = openSync(path, 'a+', 0o600)
  const { attempts, wholeBytes } = readSettled(path)
  if (wholeBytes < fstatSync(file).size) ftruncateSync(file, wholeBytes)
  return new FileLog(file, attempts)
}

class FileLog implements SimulatorLog {
  readonly #file: number
  readonly #attempts: Set<string>
  #open = true

  constructor(file: number, attempts: Set<string>) {
    this.#file = file
    this.#attempts = attempts
  }

  append(text: SimulatedText): void {
    if (!this.#open) throw new Error('the log is closed') // its number may belong to another file by now
    const { attempt, service, from, to, body, at } = text
    const line = Buffer.from(`${JSON.stringify({ attempt, service, from, to, body, at })}\n`)
    const before = fstatSync(this.#file).size
    let written = 0
    try {
      while (written < line.length) written += writeSync(this.#file, line, written)
      fsyncSync(this.#file)
    } catch (error) {
      this.#takeBack(before, written) // if this fails too, nothing is known: the caller gets that error
      throw new NotLoggedError('the log could not be written', { cause: error })
    }
    this.#attempts.add(attempt)
  }

  has(attempt: AttemptId): boolean {
    return this.#attempts.has(attempt)
  }

  /** Not when another process has written behind it meanwhile: then the half line stays, and is read as none. */
  #takeBack(before: number, written: number): void {
    if (fstatSync(this.#file).size === before + written) ftruncateSync(this.#file, before)
    else writeSync(this.#file, '\n')
  }

  close(): void {
    if (this.#open) closeSync(this.#file)
    this.#open = false
  }
}

/** A last line without its end may be one that another process is writing at this moment: it is whole a moment later. */
function readSettled(path: string): { attempts: Set<string>; wholeBytes: number } {
  let read = readWhole(path)
  for (let i = 0; i < 5 && read.wholeBytes < read.bytes; i++) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
    read = readWhole(path)
  }
  return read
}

function readWhole(path: string): { attempts: Set<string>; wholeBytes: number; bytes: number } {
  const content = readFileSync(path)
  const wholeBytes = content.lastIndexOf('\n') + 1
  const attempts = new Set<string>()
  for (const line of content.subarray(0, wholeBytes).toString('utf8').split('\n')) {
    const attempt = attemptOf(line)
    if (attempt !== null) attempts.add(attempt)
  }
  return { attempts, wholeBytes, bytes: content.length }
}

/** A line a person edited must not keep the simulator from starting. */
function attemptOf(line: string): string | null {
  try {
    const text: unknown = JSON.parse(line)
    return typeof text === 'object' && text !== null && 'attempt' in text && typeof text.attempt === 'string'
      ? text.attempt
      : null
  } catch {
    return null
  }
}
