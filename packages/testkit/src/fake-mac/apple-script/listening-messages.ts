/** A Messages that only listens, for tests of what osascript sends: it keeps the Apple events, and answers as it is told. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '../../stories/until.ts'
import type { AppleEvent } from './apple-events.ts'

/** `nothing`: it hangs; `dies`: it goes away with the event. */
export type Reply =
  Readonly<{ ok: unknown }> | Readonly<{ error: { number: number; object?: string } }> | 'nothing' | 'dies'

export const IMESSAGE_ACCOUNT = {
  id: '0FD7E5A4-1C6B-4F0E-9A53-7E8C8F1B2D10',
  description: 'ann@example.org',
  enabled: true,
  connection: 'connected',
  service: 'iMessage',
}
export const SMS_ACCOUNT = {
  id: '7B1D2C3E-5F60-4A7B-8C9D-0E1F2A3B4C5D',
  description: 'SMS',
  enabled: true,
  connection: 'connected',
  service: 'SMS',
}

/** All is well, with both accounts. */
export function wellAndWilling(event: AppleEvent): Reply {
  switch (event.event) {
    case 'accounts':
      return { ok: [IMESSAGE_ACCOUNT, SMS_ACCOUNT] }
    case 'transfers':
      return { ok: [] }
    case 'send':
    case 'resolve':
      return { ok: true }
  }
}

/** A folder of a fake Mac with nothing but what osascript needs. */
export class ListeningMessages implements AsyncDisposable {
  readonly folder: string
  readonly events: AppleEvent[] = []
  reply: (event: AppleEvent) => Reply = wellAndWilling
  readonly #server: Server
  readonly #connections = new Set<Socket>()

  private constructor(folder: string) {
    this.folder = folder
    this.#server = createServer((connection) => this.#take(connection))
  }

  /** `running: false`: only the folder, until `start` is called. */
  static async make({ running = true } = {}): Promise<ListeningMessages> {
    const folder = await mkdtemp(join(tmpdir(), 'fake-mac-'))
    await mkdir(join(folder, 'state'))
    await mkdir(join(folder, 'bin'))
    const messages = new ListeningMessages(folder)
    if (running) await messages.start()
    return messages
  }

  start(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(join(this.folder, 'state', 'messages.sock'), resolve))
  }

  configure(mac: unknown): Promise<void> {
    return writeFile(join(this.folder, 'state', 'mac.json'), JSON.stringify(mac))
  }

  get sent(): readonly AppleEvent[] {
    return this.events.filter(({ event }) => event === 'send')
  }

  untilSent(many: number): Promise<readonly AppleEvent[]> {
    return until(`${many} send events`, () => (this.sent.length >= many ? this.sent : null))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) connection.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
    await rm(this.folder, { recursive: true })
  }

  #take(connection: Socket): void {
    this.#connections.add(connection)
    let said = ''
    connection.setEncoding('utf8')
    connection.on('error', () => undefined) // osascript may be killed at any time
    connection.on('close', () => this.#connections.delete(connection))
    connection.on('data', (chunk: string) => {
      said += chunk
      if (!said.endsWith('\n')) return
      const event = JSON.parse(said) as AppleEvent
      this.events.push(event)
      const reply = this.reply(event)
      if (reply === 'dies') connection.destroy()
      else if (reply !== 'nothing') connection.end(`${JSON.stringify(reply)}\n`)
    })
  }
}
