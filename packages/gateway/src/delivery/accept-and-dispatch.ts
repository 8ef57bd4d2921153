import type { Store } from '../store/store.ts'
import type { Dispatcher } from './dispatcher.ts'

/**
 * The same store, in which the worker of a message's line looks while the accept still waits for its commit: the dispatch is then written
 * behind it in the same transaction, and the message leaves after one commit instead of two. Where that does not happen (a worker
 * that is busy, a store without shared commits), the hint after the commit wakes it as always.
 */
export function acceptAndDispatch(store: Store, dispatcher: Pick<Dispatcher, 'expect'>): Store {
  return {
    ...store,
    accept(message) {
      const accepted = store.accept(message)
      if (message.line !== null && message.failure === null) dispatcher.expect(message.line)
      return accepted
    },
  }
}
