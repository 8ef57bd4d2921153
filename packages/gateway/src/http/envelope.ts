/** The wrappings of answers: `{id, timestamp, api_version, object, data}` with a copy of the four inside `data`. */
import { API_VERSION } from '@bluewire/contract/api/envelope'
import type { Crumbs, MessageStatus } from '@bluewire/contract/api/envelope'
import type { SendTextPageAnswer, SendTextUnionAnswer } from '@bluewire/contract/api/send-text'

/** A request's id as `req_…`; its error has the same letters after `err_`, so that one leads to the other in the logs. */
export type Stamp = Readonly<{ requestId: string; nowMs: number }>

export function errorIdOf(requestId: string): string {
  return `err_${requestId.slice(requestId.indexOf('_') + 1)}`
}

/** What an answer about a message always says beside `message` and `crumbs`. */
export type Understood = Readonly<{ message_id: string; status: MessageStatus; to: string; simulated?: true }>

export type Success = Readonly<{ message: string; crumbs: Crumbs; understood: Understood }>

/** As printed on the documentation page, and what was understood. */
export function pageBody({ message, crumbs, understood }: Success): SendTextPageAnswer {
  return { message, crumbs, ...understood }
}

/** For requests that clients of either of the hosted service's two APIs may have sent. */
export function unionBody({ message, crumbs, understood }: Success, stamp: Stamp): SendTextUnionAnswer {
  const metadata = {
    id: stamp.requestId,
    timestamp: stamp.nowMs,
    api_version: API_VERSION,
    object: 'response' as const,
  }
  return {
    ...metadata,
    data: { message_id: understood.message_id, metadata },
    code: 200,
    message,
    crumbs,
    ...understood,
  }
}
