/** The process Messages of a fake Mac, seen by whoever made the Mac. */
import { setTimeout as passed } from 'node:timers/promises'
import { askJsonLine, isNobodyThere } from './json-lines.ts'
import { launchMessages } from './launch-messages.ts'
import { macPaths } from './mac-folder.ts'
import type { AppleEvent, EventAnswer } from './messages/apple-events.ts'
import type { ControlQuestion, MessagesState } from './messages/control.ts'
import { isAlive, liveProcesses, sendSignal } from './processes.ts'

const LOOK_AGAIN_MS = 5

export class FakeMessages {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Undefined when it does not run. */
  get pid(): number | undefined {
    return this.#process()?.pid
  }

  /** As `open` does it; nothing when it runs. Resolves when it takes Apple events. */
  async start(): Promise<void> {
    if (!(await launchMessages(this.#folder, { slowly: false }))) {
      throw new Error(`The fake Messages did not start; ${macPaths(this.#folder).log} may say why.`)
    }
  }

  /** Resolves when it is gone. Apple events that it had not handled are lost; what it had written a row for goes on when it is started. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const running = this.#process()
    if (running === undefined) return
    sendSignal(running.pid, signal)
    while (isAlive(running)) await passed(LOOK_AGAIN_MS)
  }

  /** From now on it handles no Apple event; its database it goes on writing. */
  async hang(): Promise<void> {
    await this.control({ do: 'hang' })
  }

  /** It handles what has waited, in order. */
  async recover(): Promise<void> {
    await this.control({ do: 'recover' })
  }

  async state(): Promise<MessagesState> {
    return (await this.control({ do: 'state' })) as MessagesState
  }

  /** One Apple event, as osascript sends it. Undefined when Messages died with it. Rejects when Messages does not run. */
  async ask(event: AppleEvent): Promise<EventAnswer | undefined> {
    return (await askJsonLine(macPaths(this.#folder).messagesSocket, event)) as EventAnswer | undefined
  }

  /** Resolves with undefined when Messages does not run. */
  async controlIfRunning(question: ControlQuestion): Promise<unknown> {
    try {
      return await this.control(question)
    } catch (error) {
      if (isNobodyThere(error)) return undefined
      throw error
    }
  }

  /** Rejects when Messages does not run, and with its sentence when it refuses. */
  async control(question: ControlQuestion): Promise<unknown> {
    const answer = await askJsonLine(macPaths(this.#folder).controlSocket, question)
    if (answer === undefined) throw new Error('The fake Messages went away while it was told something.')
    const { ok, refused } = answer as { ok?: unknown; refused?: string }
    if (refused !== undefined) throw new Error(refused)
    return ok
  }

  #process() {
    return liveProcesses(this.#folder).find(({ name }) => name === 'Messages')
  }
}
