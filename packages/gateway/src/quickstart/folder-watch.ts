/**
 * Notices that the data folder was moved or removed under a running gateway. Its open files go on working, so nothing else would say so;
 * but what is stored from then on is in no folder that the next start finds.
 */
import { statSync } from 'node:fs'

const LOOK_MS = 1000

export class FolderWatch {
  readonly #path: string
  readonly #inode: number | undefined
  readonly #onGone: () => void
  #timer: NodeJS.Timeout | undefined

  /** `onGone` is called once. */
  constructor(path: string, onGone: () => void) {
    this.#path = path
    this.#inode = inodeOf(path)
    this.#onGone = onGone
    this.#timer = setInterval(() => this.look(), LOOK_MS).unref()
  }

  look(): void {
    if (this.#timer === undefined || inodeOf(this.#path) === this.#inode) return
    this.stop()
    this.#onGone()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino
  } catch {
    return undefined
  }
}
