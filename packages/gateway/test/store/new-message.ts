/** A message as the send route hands it to the store: what a test does not name is usual. */
import type { NewMessage } from '../../src/store/store.ts'

export const RECIPIENT = '+14155552671'

export function newMessage(
  which: Pick<NewMessage, 'id' | 'account' | 'line' | 'service'>,
  more: Partial<NewMessage>,
): NewMessage {
  return {
    ...which,
    token: null,
    recipient: RECIPIENT,
    body: 'hello',
    class: 'interactive',
    from: null,
    failure: null,
    fallback: false,
    fallbackLine: null,
    country: 'US',
    onUnknown: 'hold',
    expiresInMs: 4 * 3600_000,
    simulated: true,
    ad: false,
    idempotency: null,
    ...more,
  }
}
