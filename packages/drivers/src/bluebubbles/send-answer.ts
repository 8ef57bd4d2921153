/** What the answer to a send says about the message (DRIVERS 2.1, traps 4, 7 and 9). Pure. */
import type { SendOutcome } from '../driver.ts'
import type { Answer } from './api.ts'
import { readChat, readMessage } from './wire-message.ts'

export type Reading =
  /** Provably nothing was given to Messages. */
  | Readonly<{ kind: 'not_sent'; outcome: SendOutcome }>
  /** A message is named; how it stands is to be seen. */
  | Readonly<{ kind: 'row'; guid: string }>
  /** It may have gone out: its row is to be looked for. `isOver`: BlueBubbles does nothing more about it. */
  | Readonly<{ kind: 'look'; isOver: boolean; detail: string }>

/**
 * Statuses with which a request is turned away before anything is done. 404 and 405: the route is not there; 401 and 403: the password is not
 * right; 413, 414, 431: too long; 429: somebody in front of it counts.
 */
const TURNED_AWAY: ReadonlySet<number> = new Set([401, 403, 404, 405, 413, 414, 429, 431])

export function readSendAnswer(answer: Answer): Reading {
  switch (answer.kind) {
    case 'never_left':
      return notSent('node_refused', `BlueBubbles cannot be reached (${answer.code}).`)
    case 'lost':
      return { kind: 'look', isOver: false, detail: `No whole answer came (${answer.code}).` }
    case 'foreign':
      return readForeign(answer)
    case 'ok': {
      const guid = guidOf(answer.data)
      return guid === null
        ? { kind: 'look', isOver: true, detail: 'It answered 200 and named no message.' }
        : { kind: 'row', guid }
    }
    case 'refused':
      return readRefused(answer)
    default:
      return answer satisfies never
  }
}

function readForeign({ status, to }: Extract<Answer, { kind: 'foreign' }>): Reading {
  // A redirect is an answer in place of doing it, and it is not followed.
  if (to !== null || (status >= 300 && status < 400))
    return notSent('node_refused', `BlueBubbles' address answers with a redirect (${status}).`)
  if (TURNED_AWAY.has(status) || status === 400)
    return notSent('node_refused', `It was turned away with HTTP ${status}.`)
  return { kind: 'look', isOver: false, detail: `The answer (HTTP ${status}) is not BlueBubbles'.` }
}

function readRefused({ status, message, data }: Extract<Answer, { kind: 'refused' }>): Reading {
  // Each tempGuid is used once here. If it is in use, something on the way has sent the request twice, and the first is at work.
  if (status === 400 && /already queued/i.test(message)) {
    return { kind: 'look', isOver: false, detail: 'BlueBubbles got the request twice.' }
  }
  if (status === 400 || TURNED_AWAY.has(status))
    return notSent('node_refused', `BlueBubbles turned it away with HTTP ${status}.`)
  const guid = guidOf(data)
  if (guid !== null) return { kind: 'row', guid }
  // 504 is only the end of the HTTP side's patience; BlueBubbles goes on.
  return { kind: 'look', isOver: status === 500, detail: `BlueBubbles answered with HTTP ${status}.` }
}

/** Of the message, or of the one that a new chat was made with. */
function guidOf(data: unknown): string | null {
  if (typeof data !== 'object' || data === null) return null
  if ('messages' in data) return readChat(data)?.messages[0]?.guid ?? null
  return 'isFromMe' in data ? (readMessage(data)?.guid ?? null) : null
}

function notSent(reason: string, detail: string): Reading {
  return { kind: 'not_sent', outcome: { kind: 'not_sent', class: 'never_handed', reason, detail } }
}
