/**
 * Long inbound texts, put together from their parts.
 *
 * A part is acknowledged when the whole is stored, so that a crash costs nothing: the SMSC sends its parts again. But some SMSCs send one
 * thing at a time and wait, and to them part 2 goes only after part 1 is acknowledged. So a part is held for some seconds only; one that
 * was acknowledged alone is in our memory, and a crash in those minutes leaves the text incomplete. What stays incomplete for 10 minutes is
 * reported as it is, with […] for what is missing: a half text is better than none.
 */
import type { Clock, Timer } from '@bluewire/platform/clock'
import type { PartOf } from './smpp-text.ts'

export type Piece = Readonly<{ source: string; destination: string; text: string; part: PartOf }>

export type Joined = Readonly<{ source: string; destination: string; text: string; reference: string }>

type Part = { text: string; isAcknowledged: boolean }
type Group = {
  readonly first: Piece
  readonly parts: Map<number, Part>
  readonly waiting: Set<(mayAcknowledge: boolean) => void>
  characters: number
  timer: Timer
}

type Storing = Readonly<{ group: Group; isStored: Promise<boolean> }>
type Done = Readonly<{ parts: ReadonlyMap<number, Part>; atMs: number }>

export type ReassemblyDeps = Readonly<{
  clock: Clock
  holdMs: number
  /** Resolves when it is stored. */
  store(message: Joined): Promise<void>
}>

const INCOMPLETE_AFTER_MS = 10 * 60_000
const REPEATS_WITHIN_MS = 10 * 60_000
const STORE_AGAIN_MS = 60_000
const CHARACTERS_MAX = 4_000_000
const GROUPS_MAX = 1_000
const DONE_MAX = 1_000
const MISSING = '[…]'

export class SmppReassembly {
  readonly #deps: ReassemblyDeps
  readonly #groups = new Map<string, Group>()
  /** Whole texts that are on their way into the store. */
  readonly #storing = new Map<string, Storing>()
  /** Texts that were stored, so that a part whose acknowledgement was lost does not begin a new one. */
  readonly #done = new Map<string, Done>()
  #characters = 0

  constructor(deps: ReassemblyDeps) {
    this.#deps = deps
  }

  /** Whether the part may be acknowledged; `false`: the SMSC should send it again. */
  async add(piece: Piece): Promise<boolean> {
    const key = JSON.stringify([piece.source, piece.destination, piece.part.key, piece.part.total])
    if (this.#isDone(key, piece)) return true
    const storing = this.#storing.get(key)
    if (storing?.group.parts.get(piece.part.number)?.text === piece.text) return await storing.isStored
    const before = this.#groups.get(key)?.parts.get(piece.part.number)
    // The 8 bits that join parts came round: another text begins.
    if (before && before.text !== piece.text) await this.#giveUp(key)
    const group = this.#groups.get(key) ?? this.#begin(key, piece)
    const part = group.parts.get(piece.part.number) ?? { text: piece.text, isAcknowledged: false }
    if (!group.parts.has(piece.part.number)) this.#grow(group, piece.text.length)
    group.parts.set(piece.part.number, part)
    if (group.parts.size === piece.part.total) return await this.#finish(key, group)
    const held = this.#held(group, part)
    if (!(await this.#makeRoom(key))) this.#sendAway(key, group)
    return await held
  }

  /** What was acknowledged and is not whole is reported now: nobody will send it again. */
  async stop(): Promise<void> {
    for (const [key, group] of [...this.#groups]) {
      if ([...group.parts.values()].some((part) => part.isAcknowledged)) await this.#giveUp(key)
      else this.#forget(key, group)
    }
  }

  #begin(key: string, first: Piece): Group {
    const timer = this.#deps.clock.setTimer(INCOMPLETE_AFTER_MS, () => void this.#giveUp(key))
    const group: Group = { first, parts: new Map(), waiting: new Set(), characters: 0, timer }
    this.#groups.set(key, group)
    return group
  }

  #grow(group: Group, by: number): void {
    group.characters += by
    this.#characters += by
  }

  #held(group: Group, part: Part): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = this.#deps.clock.setTimer(this.#deps.holdMs, () => settle(true))
      const settle = (mayAcknowledge: boolean): void => {
        timer.cancel()
        group.waiting.delete(settle)
        part.isAcknowledged ||= mayAcknowledge
        resolve(mayAcknowledge)
      }
      group.waiting.add(settle)
    })
  }

  async #finish(key: string, group: Group): Promise<boolean> {
    this.#forget(key, group)
    const storing = { group, isStored: this.#store(group) }
    this.#storing.set(key, storing)
    const isStored = await storing.isStored
    if (this.#storing.get(key) === storing) this.#storing.delete(key)
    if (isStored) this.#isWhole(key, group)
    else this.#takeBack(key, group)
    for (const settle of [...group.waiting]) settle(isStored)
    return isStored
  }

  /** What the SMSC does not send again must stay; the rest comes again. */
  #takeBack(key: string, group: Group): void {
    const kept = [...group.parts].filter(([, part]) => part.isAcknowledged)
    if (kept.length === 0 || this.#groups.has(key)) return
    const again = this.#begin(key, group.first)
    for (const [number, part] of kept) {
      again.parts.set(number, part)
      this.#grow(again, part.text.length)
    }
  }

  /** Whether it is reported, or was already. */
  async #giveUp(key: string): Promise<boolean> {
    const group = this.#groups.get(key)
    if (!group) return true
    this.#forget(key, group)
    const isStored = await this.#store(group)
    for (const settle of [...group.waiting]) settle(isStored)
    if (isStored || this.#groups.has(key)) return isStored
    group.timer = this.#deps.clock.setTimer(STORE_AGAIN_MS, () => void this.#giveUp(key))
    this.#groups.set(key, group)
    this.#characters += group.characters
    return false
  }

  async #store({ first, parts }: Group): Promise<boolean> {
    const { source, destination, part } = first
    const texts = Array.from({ length: part.total }, (_, index) => parts.get(index + 1)?.text ?? null)
    // Several missing in a row are one gap.
    const body = texts.map((text, index) => text ?? (index > 0 && texts[index - 1] === null ? '' : MISSING)).join('')
    try {
      await this.#deps.store({ source, destination, text: body, reference: `${part.key}/${part.total}` })
      return true
    } catch {
      return false
    }
  }

  /** Whether there is room. One text that cannot be stored is enough to know that the others cannot be either. */
  async #makeRoom(keep: string): Promise<boolean> {
    while (this.#groups.size > GROUPS_MAX || this.#characters > CHARACTERS_MAX) {
      const [first, second] = this.#groups.keys()
      const oldest = first === keep ? second : first
      if (oldest === undefined || !(await this.#giveUp(oldest))) return false
    }
    return true
  }

  /** For what the SMSC can send again there is no room. */
  #sendAway(key: string, group: Group): void {
    if (this.#groups.get(key) !== group) return
    for (const settle of [...group.waiting]) settle(false)
    for (const [number, part] of [...group.parts]) {
      if (part.isAcknowledged) continue
      group.parts.delete(number)
      this.#grow(group, -part.text.length)
    }
    if (group.parts.size === 0) this.#forget(key, group)
  }

  #forget(key: string, group: Group): void {
    group.timer.cancel()
    this.#groups.delete(key)
    this.#characters -= group.characters
  }

  #isDone(key: string, { part, text }: Piece): boolean {
    const done = this.#done.get(key)
    const isRecent = done !== undefined && this.#deps.clock.monotonicMs() - done.atMs < REPEATS_WITHIN_MS
    return isRecent && done.parts.get(part.number)?.text === text
  }

  #isWhole(key: string, group: Group): void {
    this.#done.delete(key)
    this.#done.set(key, { parts: group.parts, atMs: this.#deps.clock.monotonicMs() })
    const oldest = this.#done.keys().next()
    if (this.#done.size > DONE_MAX && !oldest.done) this.#done.delete(oldest.value)
  }
}
