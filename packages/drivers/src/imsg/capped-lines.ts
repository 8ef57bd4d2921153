/** Bytes into lines, of which none can fill memory. */

export type Line = Readonly<{ kind: 'line'; text: string }> | Readonly<{ kind: 'too_long' }>

const NEWLINE = 0x0a

export class CappedLines {
  readonly #bytesMax: number
  #chunks: Buffer[] = []
  #bytes = 0
  /** Inside a line that is too long: the rest of it is thrown away. */
  #isSkipping = false

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** The lines that this chunk ends, in order. What is too long is told once. */
  push(chunk: Buffer): Line[] {
    const lines: Line[] = []
    let from = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      this.#add(chunk.subarray(from, end), lines)
      if (!this.#isSkipping) lines.push({ kind: 'line', text: Buffer.concat(this.#chunks).toString('utf8') })
      this.#isSkipping = false
      this.#clear()
      from = end + 1
    }
    this.#add(chunk.subarray(from), lines)
    return lines
  }

  #add(bytes: Buffer, lines: Line[]): void {
    if (this.#isSkipping || bytes.length === 0) return
    this.#bytes += bytes.length
    if (this.#bytes <= this.#bytesMax) {
      this.#chunks.push(bytes)
      return
    }
    lines.push({ kind: 'too_long' })
    this.#isSkipping = true
    this.#clear()
  }

  #clear(): void {
    this.#chunks = []
    this.#bytes = 0
  }
}
