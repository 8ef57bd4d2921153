/** Cuts the bytes of a connection into PDUs. A length is judged before anything is kept for it: no peer decides how much memory it gets. */

export const HEADER_BYTES = 16
/** A TLV of 64 KiB, the longest there is, and the fields before it. A whole PDU that is dropped unread would come again after each login. */
export const PDU_BYTES_MAX = 70_000

export class SmppFrames {
  #chunks: Buffer[] = []
  #bytes = 0

  /** Whole PDUs, in order. Null: a length is impossible, and nothing that follows can be read. */
  push(chunk: Buffer): Buffer[] | null {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    const frames: Buffer[] = []
    while (this.#bytes >= 4) {
      const length = this.#head(4).readUInt32BE(0)
      if (length < HEADER_BYTES || length > PDU_BYTES_MAX) return null
      if (this.#bytes < length) break
      frames.push(this.#take(length))
    }
    return frames
  }

  #take(length: number): Buffer {
    const head = this.#head(length)
    const rest = (this.#chunks[0] as Buffer).subarray(length)
    this.#bytes -= length
    if (rest.length > 0) this.#chunks[0] = rest
    else this.#chunks.shift()
    return head.subarray(0, length)
  }

  /** The first chunk, joined with the ones behind it until it is that long. */
  #head(length: number): Buffer {
    let first = this.#chunks[0] as Buffer
    // Joined only once all of it is there, or for the 4 bytes of the length: a peer that sends byte by byte costs nothing.
    if (first.length < length) {
      first = Buffer.concat(this.#chunks)
      this.#chunks = [first]
    }
    return first
  }
}
