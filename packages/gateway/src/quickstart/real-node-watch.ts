/** Notices that the first real node of the account took the place of the simulated one, which the store pauses then. */
import type { AccountId } from '@bluewire/contract/ids'
import { programName } from '@bluewire/platform/program-name'
import type { LineView, Store } from '../store/store.ts'
import { SIMULATED_LINE } from './node-process.ts'

const LOOK_MS = 2000

export class RealNodeWatch {
  readonly #store: Store
  readonly #account: AccountId
  readonly #tell: (sentence: string) => void
  readonly #timer: NodeJS.Timeout
  #wasPaused: boolean | undefined
  #looking = Promise.resolve()
  #isStopped = false

  /** Closes the store when it stops. `tell` is called once for each time that the node comes to be paused. */
  constructor(store: Store, account: AccountId, tell: (sentence: string) => void) {
    this.#store = store
    this.#account = account
    this.#tell = tell
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref()
    this.#look()
  }

  /** May be called twice. */
  async stop(): Promise<void> {
    if (this.#isStopped) return
    this.#isStopped = true
    clearInterval(this.#timer)
    await this.#looking
    await this.#store.close()
  }

  #look(): void {
    this.#looking = this.#looking
      .then(async () => {
        if (!this.#isStopped) this.#compare(await this.#store.lines(this.#account))
      })
      .catch(() => undefined) // the database is gone, which others notice
  }

  /** What is so at the first look, the announcement says. */
  #compare(lines: readonly LineView[]): void {
    const why = pausedFor(lines)
    if (why !== null && this.#wasPaused === false) {
      const real = lines.filter((line) => !line.simulated && line.sends).map((line) => line.address)
      this.#tell(
        `The simulated node is paused: ${why}. Messages that name no line leave by ${real.join(', ')}. ` +
          `To use the simulated one again: ${programName('bluewire-gateway')} line resume ${SIMULATED_LINE}`,
      )
    }
    this.#wasPaused = why !== null
  }
}

/** Null: its line is not paused. */
export function pausedFor(lines: readonly LineView[]): string | null {
  const line = lines.find(({ address }) => address === SIMULATED_LINE)
  return line?.paused === true ? (line.pauseReason ?? 'somebody paused it') : null
}
