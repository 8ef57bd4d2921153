/**
 * The same store, in which a STOP is confirmed when the operator wrote a text for it: the one message that may go out after it. Who writes
 * STOP again gets no second one. A crash between the STOP and its confirmation leaves it unconfirmed.
 */
import { countryOf } from '@bluewire/contract/country-of'
import { newMessageId } from '@bluewire/contract/ids'
import type { Ulid } from '@bluewire/contract/ids'
import type { NewMessage, Stopped, Store } from '../store/store.ts'

const EXPIRES_IN_MS = 3600_000

export type StopReplies = Readonly<{ text: string; ulid: Ulid; onError: (error: unknown) => void }>

export function answerStops(store: Store, replies: StopReplies | null): Store {
  if (replies === null) return store
  const confirm = (stopped: readonly Stopped[] = []): void => {
    for (const one of stopped) store.accept(confirmation(one, replies)).catch(replies.onError)
  }
  return {
    ...store,
    async inbound(session, frame) {
      const result = await store.inbound(session, frame)
      confirm(result.stopped)
      return result
    },
    async providerInbound(session, message) {
      const result = await store.providerInbound(session, message)
      confirm(result.stopped)
      return result
    },
  }
}

function confirmation({ account, line, service, recipient, simulated }: Stopped, replies: StopReplies): NewMessage {
  return {
    id: newMessageId(service, replies.ulid),
    account,
    token: null,
    recipient,
    body: replies.text,
    service,
    class: 'interactive',
    from: null,
    line,
    failure: null,
    fallback: false,
    fallbackLine: null,
    country: countryOf(recipient),
    exempt: true,
    onUnknown: 'hold',
    expiresInMs: EXPIRES_IN_MS,
    simulated,
    ad: false,
    idempotency: null,
  }
}
