/** Where an expression is evaluated: the variables it sees, whom it tells, how long it waits. */
import { ScriptError } from './faults.ts'
import * as values from './values.ts'
import type { Value } from './values.ts'

/** The default of every Apple event (MACOS 1.4). */
export const TIMEOUT_MS_DEFAULT = 120_000

/** What all handlers of a script share: its properties and globals, and AppleScript's own property. */
export class Globals {
  readonly variables = new Map<string, Value>()
  /** Seen by every handler; any other name is the handler's own, unless it says `global`. */
  readonly names = new Set<string>()
  delimiters: Value = values.list([values.text('')])

  declare(name: string): void {
    this.names.add(name.toLowerCase())
  }

  get delimiterTexts(): readonly string[] {
    const all = this.delimiters.kind === 'list' ? this.delimiters.items : [this.delimiters]
    return all.map((one) => values.toText(one))
  }

  /** The first: lists that become text are joined by it. */
  get delimiter(): string {
    return this.delimiterTexts[0] ?? ''
  }
}

/** The variables of one run of one handler. */
export class Frame {
  readonly globals: Globals
  readonly #variables = new Map<string, Value>()
  readonly #global = new Set<string>()
  /** Of the last statement that had one. */
  result: Value | null = null

  constructor(globals: Globals) {
    this.globals = globals
  }

  declareGlobal(name: string): void {
    this.#global.add(name.toLowerCase())
  }

  declareLocal(name: string): void {
    this.#global.delete(name.toLowerCase())
  }

  /** Throws -2753 for a name that stands for nothing. */
  get(name: string): Value {
    const found = this.#home(name).get(name.toLowerCase())
    if (found === undefined) throw new ScriptError({ kind: 'undefined_variable', name })
    return found
  }

  /** Null leaves it undefined: what a command without a result is assigned to. */
  set(name: string, value: Value | null): void {
    if (value === null) this.#home(name).delete(name.toLowerCase())
    else this.#home(name).set(name.toLowerCase(), value)
  }

  #home(name: string): Map<string, Value> {
    const key = name.toLowerCase()
    const isGlobal = this.#global.has(key) || (this.globals.names.has(key) && !this.#variables.has(key))
    return isGlobal ? this.globals.variables : this.#variables
  }
}

export type Scope = Readonly<{
  frame: Frame
  /** Whom `tell` addresses: `it`. Null: nobody but the script. */
  target: Value | null
  timeoutMs: number
  /** False inside `ignoring application responses`. */
  waits: boolean
  caseMatters: boolean
}>

export function outerScope(frame: Frame): Scope {
  return { frame, target: null, timeoutMs: TIMEOUT_MS_DEFAULT, waits: true, caseMatters: false }
}
