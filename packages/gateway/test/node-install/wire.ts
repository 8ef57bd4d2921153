/** A stretch of network between Macs and a gateway: it notes what is asked for, and somebody on it may change what comes back. */
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'

export class Wire {
  /** `GET /node/install.sh` */
  readonly asked: string[] = []
  /** Put in the place of another text of the same length, in what comes back. */
  change: Readonly<{ from: string; to: string }> | null = null
  readonly #server: Server

  private constructor(port: number) {
    this.#server = createServer((near) => {
      const far = connect(port, '127.0.0.1')
      near.on('data', (bytes) => {
        const request = /^([A-Z]+ \S+) HTTP\/1\.1\r\n/.exec(bytes.toString('latin1'))?.[1]
        if (request !== undefined) this.asked.push(request)
        far.write(bytes)
      })
      far.on('data', (bytes) => near.write(this.#changed(bytes)))
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        one.on('error', () => other.destroy())
        one.on('close', () => other.destroy())
        one.on('end', () => other.end())
      }
    })
  }

  static async to(port: number): Promise<Wire> {
    const wire = new Wire(port)
    await new Promise<void>((done) => wire.#server.listen(0, '127.0.0.1', done))
    return wire
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  cut(): void {
    this.#server.close()
  }

  #changed(bytes: Buffer): Buffer {
    if (this.change === null) return bytes
    return Buffer.from(bytes.toString('latin1').replace(this.change.from, this.change.to), 'latin1')
  }
}
