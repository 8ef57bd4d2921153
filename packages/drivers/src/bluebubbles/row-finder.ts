/** Finds the message that a send became, and how it stands. Only asks, never sends. */
import type { AttemptId, Service } from '@bluewire/contract/ids'
import { WHERE } from './message-queries.ts'
import type { MessageQueries } from './message-queries.ts'
import { CLOCK_SLACK_MS, isIt, matchOf } from './row-match.ts'
import type { Sought } from './row-match.ts'
import { rowState } from './row-state.ts'
import type { RowState, Seen } from './row-state.ts'
import type { WireMessage } from './wire-message.ts'

export type Search = Readonly<{
  attempt: AttemptId
  service: Service
  sought: Sought
}>

/** A message that BlueBubbles names. Certain only where the private API made it: elsewhere it is a guess by letters and digits. */
export type Named = Readonly<{ guid: string; isCertain: boolean }>

export type Found =
  | Readonly<{ kind: 'nothing' }>
  | Readonly<{ kind: 'several' }>
  | Readonly<{ kind: 'row'; message: WireMessage; state: RowState }>

type Deps = Readonly<{
  queries: MessageQueries
  /** The attempt that a message belongs to already. */
  attemptOf(guid: string): AttemptId | null
}>

export class RowFinder {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** @throws NotAnswered */
  async look(search: Search, named: Named | null): Promise<Found> {
    if (named !== null) {
      const message = await this.#deps.queries.byGuid(named.guid)
      const isBelieved = message !== null && (named.isCertain || isIt(search.sought, message))
      if (isBelieved && this.#isFree(message, search)) return this.#found(message, search)
    }
    const match = matchOf(search.sought, await this.#candidates(search))
    return match.kind === 'one'
      ? this.#found(match.message, search)
      : { kind: match.kind === 'none' ? 'nothing' : 'several' }
  }

  async #candidates(search: Search): Promise<WireMessage[]> {
    const { queries } = this.#deps
    const { afterMs, afterRow } = search.sought
    const takesConditions = await queries.takesConditions()
    const rows = afterRow === null ? [] : [WHERE.rowAfter(afterRow)]
    const messages = await queries.all({
      afterMs: afterMs - CLOCK_SLACK_MS,
      with: ['chat', 'attachment'],
      ...(takesConditions ? { where: [WHERE.fromMe, ...rows] } : {}),
    })
    return messages.filter((message) => this.#isFree(message, search))
  }

  #isFree({ guid }: WireMessage, { attempt }: Search): boolean {
    const owner = this.#deps.attemptOf(guid)
    return owner === null || owner === attempt
  }

  async #found(message: WireMessage, { service }: Search): Promise<Found> {
    const seen = await this.#seen(message, service)
    return { kind: 'row', message: seen.message, state: rowState(seen, service) }
  }

  async #seen(message: WireMessage, service: Service): Promise<Seen> {
    const { queries } = this.#deps
    if (!(await queries.takesConditions())) return { message, isSent: null, isText: null }
    const guid = WHERE.guid(message.guid)
    const sent = await queries.first({ where: [guid, WHERE.sent] })
    // Read again: the error may have been written in between.
    const now = sent === null ? ((await queries.byGuid(message.guid)) ?? message) : { ...message, error: sent.error }
    const isSettled = sent !== null || now.error !== 0
    const isText =
      service === 'imessage' && isSettled ? (await queries.first({ where: [guid, WHERE.textMessage] })) !== null : null
    return { message: now, isSent: sent !== null, isText }
  }
}
