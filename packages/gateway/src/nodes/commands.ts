/** Commands that one session has asked of its node and that are not answered yet. Volatile on both sides: nothing of them is stored. */
import type { CommandArgs, CommandName } from '@bluewire/contract/node-protocol/commands'
import type { CommandFrame } from '@bluewire/contract/node-protocol/gateway-frames'
import type { ReplyFrame } from '@bluewire/contract/node-protocol/node-frames'
import type { AttemptId } from '@bluewire/contract/ids'
import type { Clock, Timer } from '@bluewire/platform/clock'

/** A node answers within a minute, if only to say that it took longer. */
export const COMMAND_WITHIN_MS = 65_000
/** A node that has so many to do gets no further one. */
export const COMMANDS_MAX = 100

export type NodeCommand = Readonly<{
  command: CommandName
  args?: CommandArgs
  /** Of `look_up`. */
  attempt?: AttemptId
}>

export type CommandAnswer =
  | Readonly<{ kind: 'reply'; ok: boolean; detail: string | null; data: Readonly<Record<string, unknown>> }>
  /** Whether it was done is not known. */
  | Readonly<{ kind: 'no_answer'; why: 'late' | 'session_ended' }>
  | Readonly<{ kind: 'busy' }>

type Waiting = Readonly<{ answer: (answer: CommandAnswer) => void; timer: Timer }>

export class Commands {
  readonly #clock: Clock
  readonly #send: (frame: CommandFrame) => void
  readonly #waiting = new Map<string, Waiting>()
  #asked = 0

  constructor(clock: Clock, send: (frame: CommandFrame) => void) {
    this.#clock = clock
    this.#send = send
  }

  /** Never rejects. */
  ask(command: NodeCommand): Promise<CommandAnswer> {
    if (this.#waiting.size >= COMMANDS_MAX) return Promise.resolve({ kind: 'busy' })
    const id = `command_${++this.#asked}`
    return new Promise((answer) => {
      const timer = this.#clock.setTimer(COMMAND_WITHIN_MS, () => this.#settle(id, { kind: 'no_answer', why: 'late' }))
      this.#waiting.set(id, { answer, timer })
      this.#send({ t: 'command', id, ...command })
    })
  }

  /** What nobody waits for (any more) is passed over. */
  replied({ id, ok, detail, data = {} }: ReplyFrame): void {
    this.#settle(id, { kind: 'reply', ok, detail: detail ?? null, data })
  }

  /** The session is over, and no reply can come. */
  end(): void {
    for (const id of [...this.#waiting.keys()]) this.#settle(id, { kind: 'no_answer', why: 'session_ended' })
  }

  #settle(id: string, answer: CommandAnswer): void {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return
    this.#waiting.delete(id)
    waiting.timer.cancel()
    waiting.answer(answer)
  }
}
