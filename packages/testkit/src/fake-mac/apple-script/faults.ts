/** What can go wrong in a script: each fault has its number here, and its words in four languages in fault-texts.ts. */

/** A part of the source, as offsets from its start: osascript prints them as `START:END`. */
export type SourceRange = Readonly<{ start: number; end: number }>

/** Objects, types and names are in the words of AppleScript, the same in every language. */
export type Fault =
  | Readonly<{ kind: 'cannot_get'; object: string }>
  | Readonly<{ kind: 'invalid_index'; object: string }>
  | Readonly<{ kind: 'cannot_make'; object: string; type: string }>
  | Readonly<{ kind: 'unexpected_type' }>
  | Readonly<{ kind: 'cannot_set'; object: string; to: string }>
  | Readonly<{ kind: 'cannot_divide_by_zero'; object: string }>
  | Readonly<{ kind: 'undefined_variable'; name: string }>
  | Readonly<{ kind: 'no_result' }>
  | Readonly<{ kind: 'not_understood'; object: string; message: string }>
  | Readonly<{ kind: 'cannot_continue'; handler: string }>
  | Readonly<{ kind: 'invalid_key_form' }>
  | Readonly<{ kind: 'not_authorised' }>
  | Readonly<{ kind: 'timed_out' }>
  | Readonly<{ kind: 'not_running' }>
  | Readonly<{ kind: 'connection_invalid' }>
  | Readonly<{ kind: 'privilege_violation' }>
  | Readonly<{ kind: 'file_not_found'; file: string }>
  | Readonly<{ kind: 'end_of_file' }>
  /** Any number without words of its own. */
  | Readonly<{ kind: 'of_type'; number: number }>
  /** The script's own `error "text" number N`. */
  | Readonly<{ kind: 'written'; text: string; number: number }>
  | Readonly<{ kind: 'expected'; expected: SyntaxWord; found: SyntaxWord }>
  | Readonly<{ kind: 'cannot_follow'; found: SyntaxWord; after: SyntaxWord }>

/** What the compiler calls what it reads: one of the named kinds, or a word of the language in quotes. */
export type SyntaxWord = SyntaxKind | `“${string}”`
export type SyntaxKind = (typeof SYNTAX_KINDS)[number]
export const SYNTAX_KINDS = [
  'application constant or consideration',
  'class name',
  'command name',
  'end of line',
  'end of line, etc.',
  'end of script',
  'expression',
  'identifier',
  'number',
  'property',
  'unknown token',
] as const

const NUMBERS = {
  cannot_get: -1728,
  invalid_index: -1719,
  cannot_make: -1700,
  unexpected_type: -1700,
  cannot_set: -10006,
  cannot_divide_by_zero: -2701,
  undefined_variable: -2753,
  no_result: -2763,
  not_understood: -1708,
  cannot_continue: -1708,
  invalid_key_form: -10002,
  not_authorised: -1743,
  timed_out: -1712,
  not_running: -600,
  connection_invalid: -609,
  privilege_violation: -10004,
  file_not_found: -43,
  end_of_file: -39,
  expected: -2741,
  cannot_follow: -2740,
} as const satisfies Record<Exclude<Fault['kind'], 'of_type' | 'written'>, number>

export function numberOf(fault: Fault): number {
  return fault.kind === 'of_type' || fault.kind === 'written' ? fault.number : NUMBERS[fault.kind]
}

/** A fault on its way up: to the script's `on error`, or to the end of the script. */
export class ScriptError extends Error {
  override name = 'ScriptError'
  readonly fault: Fault
  /** Messages said it, not AppleScript: its text begins "Messages got an error:". */
  readonly fromMessages: boolean
  /** Where it came up; the innermost expression that has one sets it. */
  range: SourceRange | undefined

  constructor(fault: Fault, { fromMessages = false, range }: { fromMessages?: boolean; range?: SourceRange } = {}) {
    super(fault.kind)
    this.fault = fault
    this.fromMessages = fromMessages
    this.range = range
  }

  get number(): number {
    return numberOf(this.fault)
  }

  get isSyntax(): boolean {
    return this.fault.kind === 'expected' || this.fault.kind === 'cannot_follow'
  }
}

/** A fault of an object that Messages was asked about. */
export function messagesError(fault: Fault): ScriptError {
  return new ScriptError(fault, { fromMessages: true })
}

/** What macOS could do and the fake Mac cannot. Never caught by a script, and never dressed up as an answer of macOS. */
export class UnsupportedError extends Error {
  override name = 'UnsupportedError'
}
