/** A log file that is put aside when it is large, so that logs cannot fill the disk. */
import {
  closeSync,
  copyFileSync,
  fstatSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs'

export type Rotation = Readonly<{ bytesMax: number; filesMax: number }>

/** The file itself, then what was put aside, newest first. */
export function rotatedPaths(path: string, { filesMax }: Rotation): string[] {
  return Array.from({ length: filesMax }, (_, n) => (n === 0 ? path : `${path}.${n}`))
}

/** Appends to the file. Never throws after it was opened: what cannot be written is lost. One writer at a time. */
export class RotatingFile {
  readonly #path: string
  readonly #rotation: Rotation
  #file: number
  #bytes: number

  /** @throws when the file cannot be opened */
  constructor(path: string, rotation: Rotation) {
    this.#path = path
    this.#rotation = rotation
    this.#file = openSync(path, 'a', 0o600)
    this.#bytes = fstatSync(this.#file).size
  }

  write(text: string): void {
    try {
      if (this.#bytes > 0 && this.#bytes + Buffer.byteLength(text) > this.#rotation.bytesMax) this.#putAside()
      this.#bytes += writeSync(this.#file, text)
    } catch {
      // no space, or the folder is gone: logging never stops the node
    }
  }

  close(): void {
    closeSync(this.#file)
  }

  #putAside(): void {
    const paths = rotatedPaths(this.#path, this.#rotation)
    for (let n = paths.length - 1; n > 0; n--) move(paths[n - 1], paths[n])
    const old = this.#file
    this.#file = openSync(this.#path, 'a', 0o600)
    this.#bytes = fstatSync(this.#file).size
    closeSync(old)
  }
}

/**
 * For a file that another program has open and only appends to (launchd, with what an agent prints): its content is put aside
 * and it begins again, in place. To be called while nothing is written to it.
 */
export function putAsideInPlace(path: string, bytesMax: number): void {
  try {
    if (statSync(path).size <= bytesMax) return
    copyFileSync(path, `${path}.1`)
    truncateSync(path)
  } catch {
    // there is none, or no space: it stays as it is
  }
}

function move(from: string | undefined, to: string | undefined): void {
  if (from === undefined || to === undefined) return
  try {
    rmSync(to, { force: true })
    renameSync(from, to)
  } catch {
    // not there yet
  }
}
