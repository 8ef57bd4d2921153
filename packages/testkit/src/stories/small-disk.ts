/** File systems of their own for a story: one in memory that is soon full, one on a loop device whose power can be cut. Root on Linux. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const MIB = 2 ** 20

/** In memory; what is on it is gone when it is unmounted. */
export class MemoryDisk {
  readonly path: string
  readonly #filler: string

  private constructor(path: string) {
    this.path = path
    this.#filler = join(path, 'filler')
  }

  static mount(path: string, sizeMib: number): MemoryDisk {
    mkdirSync(path, { recursive: true })
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMib}m,mode=0700`, 'tmpfs', path])
    return new MemoryDisk(path)
  }

  get freeMib(): number {
    const { bavail, bsize } = statfsSync(this.path)
    return (bavail * bsize) / MIB
  }

  /** Somebody else's file, which leaves so much. */
  fill(leaveMib: number): void {
    const take = Math.floor((this.freeMib - leaveMib) * MIB)
    writeFileSync(this.#filler, Buffer.alloc(Math.max(0, take), 1))
  }

  giveBack(): void {
    rmSync(this.#filler, { force: true })
  }

  unmount(): void {
    unmount(this.path)
  }
}

/** ext4 in an image file. Its power is cut by going on with a copy of the image as it is at that moment, with nothing flushed. */
export class LoopDisk {
  readonly path: string
  #image: string

  private constructor(path: string, image: string) {
    this.path = path
    this.#image = image
  }

  static mount(folder: string, sizeMib: number): LoopDisk {
    const image = join(folder, 'image-0')
    writeFileSync(image, '')
    truncateSync(image, sizeMib * MIB)
    execFileSync('mkfs.ext4', ['-q', '-F', image])
    const path = join(folder, 'disk')
    mkdirSync(path)
    const disk = new LoopDisk(path, image)
    disk.#mount()
    return disk
  }

  #mount(): void {
    execFileSync('mount', ['-o', 'loop', this.#image, this.path])
  }

  /** What would be on the disk if the power went now. Whoever writes to it must stand still meanwhile, or the copy is of no one moment. */
  copyUnsynced(name: string): string {
    const copy = `${this.#image}-${name}`
    copyFileSync(this.#image, copy)
    return copy
  }

  /** The power is back, and this is what the disk holds. Nobody may use the disk. */
  goOnWith(copy: string): void {
    unmount(this.path)
    this.#image = copy
    this.#mount()
  }

  unmount(): void {
    unmount(this.path)
  }
}

function unmount(path: string): void {
  execFileSync('umount', [path])
}
