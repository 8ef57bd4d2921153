/** How BlueBubbles and Messages behind it are doing, in sentences for the operator. Pure. No sentence has a password or an address of a person. */
import type { HealthCheck } from '@bluewire/contract/node-protocol/node-frames'
import type { DriverHealth } from '../driver.ts'
import { whyOf } from '../web/exchange.ts'
import type { Answer } from './api.ts'
import type { SocketState } from './event-socket.ts'
import type { ServerInfo } from './wire-message.ts'

/** What the last answers said of the way to BlueBubbles. */
export type Reach =
  | Readonly<{ kind: 'not_asked' | 'ok' | 'wrong_password' }>
  | Readonly<{ kind: 'unreachable'; code: string }>
  | Readonly<{ kind: 'silent'; code: string; inARow: number }>
  | Readonly<{ kind: 'foreign'; status: number; to: string | null }>

export type HealthView = Readonly<{
  /** Of BlueBubbles' address. */
  host: string
  hasPassword: boolean
  reach: Reach
  info: ServerInfo | null
  /** It promised at its start to send by the private API alone. */
  needsPrivateApi: boolean
  socket: SocketState
  isReadingFailing: boolean
  tooLarge: number
  takesConditions: boolean
  /** Addresses that the Apple account has lost. */
  lostAliases: Readonly<{ ours: number; others: number }>
  /** Of the last send that failed because of the account. */
  accountError: number | null
  provenAtMs: number | null
}>

type Problem = Readonly<{ name: string; state: 'degraded' | 'broken'; detail: string }>

const NAMES = ['password', 'server', 'private_api', 'imessage_account', 'inbound', 'events', 'conditions'] as const

export function healthOf(view: HealthView): DriverHealth {
  const problems = [reachProblem(view), ...(isReached(view) ? furtherProblems(view) : [])].filter((one) => one !== null)
  const worst = problems.find(({ state }) => state === 'broken') ?? problems[0]
  return {
    state: worst?.state ?? 'ok',
    provenAtMs: view.provenAtMs,
    ...(worst === undefined ? {} : { detail: worst.detail }),
    checks: NAMES.map((name) => check(name, problems, view)),
  }
}

/** What an answer says of the way to BlueBubbles; null: nothing. */
export function reachOf(answer: Answer, before: Reach): Reach | null {
  switch (answer.kind) {
    case 'ok':
      return { kind: 'ok' }
    case 'refused':
      return { kind: answer.status === 401 || answer.status === 403 ? 'wrong_password' : 'ok' }
    case 'foreign':
      return { kind: 'foreign', status: answer.status, to: answer.to }
    case 'never_left':
      return answer.code === 'stopped' ? null : { kind: 'unreachable', code: answer.code }
    case 'lost':
      if (answer.code === 'stopped' || answer.code === 'too_large') return null
      return { kind: 'silent', code: answer.code, inARow: before.kind === 'silent' ? before.inARow + 1 : 1 }
    default:
      return answer satisfies never
  }
}

/** Answers that do not come whole, so many in a row. */
const SILENT_MANY = 3

function reachProblem({ host, hasPassword, reach }: HealthView): Problem | null {
  if (!hasPassword) {
    const detail =
      'node.json holds no password for BlueBubbles. Write it into driver.settings.password there and start the node again.'
    return { name: 'password', state: 'broken', detail }
  }
  switch (reach.kind) {
    case 'not_asked':
      return { name: 'server', state: 'degraded', detail: `BlueBubbles at ${host} has not answered yet.` }
    case 'ok':
      return null
    case 'wrong_password': {
      const detail = `BlueBubbles at ${host} does not take the password. Write the one of its settings into driver.settings.password of node.json and start the node again.`
      return { name: 'password', state: 'broken', detail }
    }
    case 'unreachable': {
      const detail = `BlueBubbles at ${host} cannot be reached: ${whyOf(reach.code)}. Start it on its Mac, or correct driver.settings.url in node.json.`
      return { name: 'server', state: 'broken', detail }
    }
    case 'silent': {
      const detail = `BlueBubbles at ${host} gave no whole answer: ${whyOf(reach.code)}. Look at BlueBubbles on its Mac.`
      return { name: 'server', state: reach.inARow >= SILENT_MANY ? 'broken' : 'degraded', detail }
    }
    case 'foreign':
      return { name: 'server', state: 'broken', detail: foreignDetail(host, reach) }
    default:
      return reach satisfies never
  }
}

function foreignDetail(host: string, { status, to }: Extract<Reach, { kind: 'foreign' }>): string {
  if (to !== null)
    return `What answers at ${host} sends us on to ${to}. If BlueBubbles is there, write that address into driver.settings.url of node.json.`
  return `What answers at ${host} is not BlueBubbles (HTTP ${status}). Is it running, and is driver.settings.url in node.json its address?`
}

function furtherProblems(view: HealthView): Array<Problem | null> {
  return [
    privateApiProblem(view),
    accountProblem(view),
    readingProblem(view),
    socketProblem(view),
    conditionsProblem(view),
  ]
}

function privateApiProblem({ needsPrivateApi, info }: HealthView): Problem | null {
  if (!needsPrivateApi || info === null || hasPrivateApi(info)) return null
  const detail =
    'The private API of BlueBubbles is not connected. Restart Messages, or BlueBubbles, on its Mac; or start this node again to send by AppleScript.'
  return { name: 'private_api', state: 'broken', detail }
}

export function hasPrivateApi(info: ServerInfo): boolean {
  return info.private_api && info.helper_connected
}

function accountProblem({ lostAliases, accountError, info }: HealthView): Problem | null {
  const name = 'imessage_account'
  if (lostAliases.ours > 0) {
    const detail =
      'The Apple account has lost the address of this line. Look at the settings of iMessage in Messages on the Mac, and sign in again if need be.'
    return { name, state: 'broken', detail }
  }
  if (accountError !== null) {
    const detail = `The last message failed because of the Apple account (error ${accountError}). Look whether Messages on the Mac is signed in.`
    return { name, state: 'degraded', detail }
  }
  if (lostAliases.others > 0) {
    return { name, state: 'degraded', detail: 'The Apple account has lost an address that is no line of this node.' }
  }
  if (info?.detected_imessage !== null) return null
  return {
    name,
    state: 'degraded',
    detail: 'BlueBubbles sees no iMessage account. Look whether Messages on the Mac is signed in.',
  }
}

function readingProblem({ isReadingFailing, tooLarge }: HealthView): Problem | null {
  if (isReadingFailing) {
    return {
      name: 'inbound',
      state: 'degraded',
      detail: 'What came in could not be read when it was last tried; it is tried again.',
    }
  }
  if (tooLarge === 0) return null
  return {
    name: 'inbound',
    state: 'degraded',
    detail: `${tooLarge} message(s) are longer than 1 MiB and could not be read.`,
  }
}

function socketProblem({ socket }: HealthView): Problem | null {
  if (socket === 'up' || socket === 'connecting') return null
  const detail =
    'BlueBubbles pushes no events, so what comes in is seen a few seconds later. Websockets may be blocked on the way.'
  return { name: 'events', state: 'degraded', detail }
}

function conditionsProblem({ takesConditions }: HealthView): Problem | null {
  if (takesConditions) return null
  const detail =
    'This version of BlueBubbles does not say whether a message was sent: only what is delivered is called sent, all else stays unknown.'
  return { name: 'conditions', state: 'degraded', detail }
}

function isReached({ reach, hasPassword }: HealthView): boolean {
  return hasPassword && (reach.kind === 'ok' || reach.kind === 'silent')
}

function check(name: (typeof NAMES)[number], problems: readonly Problem[], view: HealthView): HealthCheck {
  const problem = problems.find((one) => one.name === name)
  if (problem !== undefined) return { name, state: 'problem', detail: problem.detail }
  if (name !== 'password' && name !== 'server' && !isReached(view)) return { name, state: 'unknown' }
  if (name === 'password' && view.reach.kind !== 'ok') return { name, state: 'unknown' }
  if (name === 'private_api' && !(view.info !== null && hasPrivateApi(view.info)))
    return { name, state: 'unknown', detail: 'It is not used: messages go by AppleScript, which may send one twice.' }
  return { name, state: 'ok' }
}
