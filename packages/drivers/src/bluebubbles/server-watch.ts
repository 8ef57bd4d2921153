/** Looks at BlueBubbles from time to time, and keeps what is known of its health. */
import type { Clock, Timer } from '@bluewire/platform/clock'
import type { DriverHealth } from '../driver.ts'
import type { Answer, BlueBubblesApi } from './api.ts'
import { hasPrivateApi, healthOf, reachOf } from './health.ts'
import type { HealthView, Reach } from './health.ts'
import { NotAnswered, WHERE } from './message-queries.ts'
import type { MessageQueries } from './message-queries.ts'
import { canonicalAddress } from './row-match.ts'
import type { Timings } from './timings.ts'
import { readAliases, readServerInfo } from './wire-message.ts'
import type { ServerInfo } from './wire-message.ts'

type Deps = Readonly<{
  clock: Clock
  timings: Timings
  api: BlueBubblesApi
  queries: MessageQueries
  url: string
  hasPassword: boolean
  lines: readonly string[]
  /** Of the other parts. */
  others(): Pick<HealthView, 'socket' | 'isReadingFailing' | 'needsPrivateApi'>
  changed(): void
}>

/** What only BlueBubbles answers. */
const INFO = 'server/info'

export class ServerWatch {
  readonly #deps: Deps
  #reach: Reach = { kind: 'not_asked' }
  #info: ServerInfo | null = null
  readonly #lostAliases = new Set<string>()
  #accountError: number | null = null
  #provenAtMs: number | null = null
  #timer: Timer | null = null
  #isLooking = false
  #stopped = false
  #said = ''

  constructor(deps: Deps) {
    this.#deps = deps
  }

  get isWell(): boolean {
    return this.#reach.kind === 'ok' && this.#deps.hasPassword
  }

  /** The last word on it was that it is there. */
  get hasPrivateApi(): boolean {
    return this.#info !== null && hasPrivateApi(this.#info)
  }

  /** Resolves after the first look. */
  async start(): Promise<void> {
    await this.#look()
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  again(): void {
    if (!this.#isLooking) void this.#look()
  }

  health(): DriverHealth {
    const { url, hasPassword, queries, lines, others } = this.#deps
    const ours = lines.map(canonicalAddress)
    const lost = [...this.#lostAliases]
    return healthOf({
      host: new URL(url).host,
      hasPassword,
      reach: this.#reach,
      info: this.#info,
      tooLarge: queries.tooLarge,
      takesConditions: queries.knownToTakeConditions,
      lostAliases: {
        ours: lost.filter((alias) => ours.includes(alias)).length,
        others: lost.filter((alias) => !ours.includes(alias)).length,
      },
      accountError: this.#accountError,
      provenAtMs: this.#provenAtMs,
      ...others(),
    })
  }

  /** Of every call. */
  heard(answer: Answer, path: string): void {
    // Of a route that an older version does not have it says so in plain text.
    if (answer.kind === 'foreign' && answer.status === 404 && path !== INFO) return
    const reach = reachOf(answer, this.#reach)
    if (reach === null) return
    const was = this.#reach
    this.#reach = reach
    // It may be another BlueBubbles now.
    if (reach.kind === 'ok' && was.kind !== 'ok') this.#deps.queries.forget()
    if (reach.kind !== 'ok' && was.kind === 'ok') this.#lookIn(this.#deps.timings.healthAgain)
    this.tell()
  }

  /** `imessage-aliases-removed`: the nearest thing to a lost line that BlueBubbles says. */
  aliasesRemoved(aliases: readonly string[]): void {
    for (const alias of aliases) this.#lostAliases.add(canonicalAddress(alias))
    this.tell()
  }

  accountFailed(code: number): void {
    this.#accountError = code
    this.tell()
  }

  /** Messages did something then. A send also shows that it is signed in. */
  proven(atMs: number, bySending = false): void {
    const nowMs = this.#deps.clock.nowMs()
    this.#provenAtMs = Math.max(this.#provenAtMs ?? 0, Math.min(atMs, nowMs))
    if (bySending) this.#accountError = null
    this.tell()
  }

  /** Says so where the health has become another one. */
  tell(): void {
    const { state, detail } = this.health()
    const said = `${state} ${detail ?? ''}`
    if (said === this.#said) return
    this.#said = said
    this.#deps.changed()
  }

  async #look(): Promise<void> {
    if (this.#stopped || !this.#deps.hasPassword) return
    this.#isLooking = true
    const { api, queries, timings } = this.#deps
    if (!queries.knownToTakeConditions) queries.forget()
    const answer = await api.call({ method: 'GET', path: INFO })
    const info = answer.kind === 'ok' ? readServerInfo(answer.data) : null
    if (info !== null) this.#info = info
    else if (answer.kind === 'ok') this.heard({ kind: 'foreign', status: 200, to: null }, INFO)
    if (info !== null) await this.#lookForProof()
    if (info !== null && this.#lostAliases.size > 0) await this.#lookForAliases()
    this.#isLooking = false
    this.tell()
    this.#lookIn(this.isWell ? timings.health : timings.healthAgain)
  }

  /** The newest message that came in or was sent: then Messages surely worked. */
  async #lookForProof(): Promise<void> {
    const { queries } = this.#deps
    try {
      if (!(await queries.takesConditions())) return
      const newest = await queries.first({ where: [WHERE.works], newestFirst: true })
      if (newest !== null && newest.dateCreated !== null) this.proven(newest.dateCreated)
    } catch (error) {
      if (!(error instanceof NotAnswered)) throw error
    }
  }

  /** Nothing announces that the account has an address again. */
  async #lookForAliases(): Promise<void> {
    const answer = await this.#deps.api.call({ method: 'GET', path: 'icloud/account' })
    if (answer.kind !== 'ok') return
    for (const alias of readAliases(answer.data)) this.#lostAliases.delete(canonicalAddress(alias))
  }

  #lookIn(ms: number): void {
    this.#timer?.cancel()
    if (!this.#stopped) this.#timer = this.#deps.clock.setTimer(ms, () => this.again())
  }
}
