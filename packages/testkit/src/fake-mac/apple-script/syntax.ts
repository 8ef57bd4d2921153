/** What the parser makes of a script, and the interpreter runs. */
import type { ClassName, CommandName, PropertyName } from './dictionary.ts'
import type { SourceRange } from './faults.ts'

export type Script = Readonly<{
  properties: readonly Readonly<{ name: string; value: Expression }>[]
  globals: readonly string[]
  handlers: ReadonlyMap<string, Handler>
  /** The statements outside of handlers: the run handler of a script that has no other. */
  body: readonly Statement[]
}>

/** `parameters` are one list that is taken apart when the handler was written `on run {a, b}`. */
export type Handler = Readonly<{
  name: string
  parameters: readonly string[]
  takesList: boolean
  body: readonly Statement[]
}>

export type Statement = SourceRange &
  (
    | Readonly<{ kind: 'set'; target: Expression; value: Expression }>
    | Readonly<{ kind: 'copy'; value: Expression; target: Expression }>
    | Readonly<{ kind: 'if'; branches: readonly IfBranch[]; otherwise: readonly Statement[] }>
    | Readonly<{ kind: 'repeat'; loop: Loop; body: readonly Statement[] }>
    | Readonly<{ kind: 'tell'; target: Expression; body: readonly Statement[] }>
    | Readonly<{ kind: 'with_timeout'; seconds: Expression; body: readonly Statement[] }>
    | Readonly<{ kind: 'try'; body: readonly Statement[]; onError: OnError | null }>
    | Readonly<{ kind: 'considering'; what: Consideration; considered: boolean; body: readonly Statement[] }>
    /** `using terms from`: its words matter to the parser only. */
    | Readonly<{ kind: 'block'; body: readonly Statement[] }>
    | Readonly<{ kind: 'return'; value: Expression | null }>
    | Readonly<{ kind: 'exit_repeat' }>
    | Readonly<{ kind: 'error'; text: Expression | null; number: Expression | null }>
    | Readonly<{ kind: 'global' | 'local'; names: readonly string[] }>
    | Readonly<{ kind: 'expression'; expression: Expression }>
  )

export type Consideration = 'case' | 'application responses' | 'other'
export type IfBranch = Readonly<{ test: Expression; body: readonly Statement[] }>
export type OnError = Readonly<{ message: string | null; number: string | null; body: readonly Statement[] }>

export type Loop =
  | Readonly<{ kind: 'forever' }>
  | Readonly<{ kind: 'times'; times: Expression }>
  | Readonly<{ kind: 'while' | 'until'; test: Expression }>
  | Readonly<{ kind: 'in'; variable: string; list: Expression }>
  | Readonly<{ kind: 'range'; variable: string; from: Expression; to: Expression; by: Expression | null }>

export type Expression = SourceRange &
  (
    | Readonly<{ kind: 'text'; text: string }>
    | Readonly<{ kind: 'number'; number: number; real: boolean }>
    | Readonly<{ kind: 'boolean'; value: boolean }>
    | Readonly<{ kind: 'constant'; name: string }>
    | Readonly<{ kind: 'class'; name: ClassName }>
    | Readonly<{ kind: 'list'; items: readonly Expression[] }>
    | Readonly<{ kind: 'record'; fields: readonly Readonly<{ name: string; value: Expression }>[] }>
    | Readonly<{ kind: 'variable'; name: string }>
    /** What is known without being named. */
    | Readonly<{ kind: 'result' | 'it' | 'me' | 'apple_script' }>
    | Readonly<{ kind: 'application'; by: 'name' | 'id'; which: Expression }>
    | Readonly<{ kind: 'posix_file'; path: Expression }>
    | Readonly<{ kind: 'file_by_name'; alias: boolean; name: Expression }>
    | Readonly<{ kind: 'property'; name: PropertyName }>
    | Readonly<{ kind: 'element'; class: ClassName; key: ElementKey }>
    | Readonly<{ kind: 'insertion'; at: 'beginning' | 'end' }>
    /** `inner of outer`, `outer's inner`, `my inner`. */
    | Readonly<{ kind: 'of'; inner: Expression; outer: Expression }>
    | Readonly<{ kind: 'whose'; elements: Expression; test: Expression }>
    | Readonly<{ kind: 'reference_to'; of: Expression }>
    | Readonly<{ kind: 'not' | 'negative'; operand: Expression }>
    | Readonly<{ kind: 'binary'; operator: Operator; left: Expression; right: Expression }>
    | Readonly<{ kind: 'as'; value: Expression; type: CoercionType }>
    | Readonly<{ kind: 'call'; handler: string; arguments: readonly Expression[] }>
    | Readonly<{
        kind: 'command'
        name: CommandName
        direct: Expression | null
        parameter: Expression | CoercionType | null
      }>
  )

export type ElementKey =
  | Readonly<{ by: 'index'; index: Expression }>
  | Readonly<{ by: 'id'; id: Expression }>
  | Readonly<{ by: 'name'; name: Expression }>
  | Readonly<{ by: 'range'; from: Expression; to: Expression }>
  | Readonly<{ by: 'every' }>
  | Readonly<{ by: 'middle' }>

/** The class after `as`; `«class utf8»` is the one that is written with its code. */
export type CoercionType = Readonly<{ kind: 'type'; name: ClassName | 'utf8' }>

export type Operator =
  | 'and'
  | 'or'
  | '='
  | '≠'
  | '<'
  | '>'
  | '≤'
  | '≥'
  | 'contains'
  | 'does not contain'
  | 'is in'
  | 'is not in'
  | 'starts with'
  | 'ends with'
  | '&'
  | '+'
  | '-'
  | '*'
  | '/'
  | 'div'
  | 'mod'
  | '^'
