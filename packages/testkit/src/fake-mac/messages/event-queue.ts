/** Apple events are handled one after the other. While Messages hangs they wait; they are gone when it dies. */
export class EventQueue {
  #last: Promise<unknown> = Promise.resolve()
  #hung: { recovered: Promise<void>; recover: () => void } | undefined
  waiting = 0

  get isHung(): boolean {
    return this.#hung !== undefined
  }

  /** Resolves with what `handle` does, when its turn has come. */
  add<T>(handle: () => Promise<T>): Promise<T> {
    this.waiting++
    const handled = this.#last.then(async () => {
      await this.#hung?.recovered
      return handle()
    })
    this.#last = handled.catch(() => undefined).finally(() => this.waiting--)
    return handled
  }

  /** Resolves when it is over. An event that is being handled waits for it like the others. */
  hang(): Promise<void> {
    if (this.#hung === undefined) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#hung = { recovered: promise, recover: resolve }
    }
    return this.#hung.recovered
  }

  recover(): void {
    this.#hung?.recover()
    this.#hung = undefined
  }
}
