/** What operators and `as` make of values. */
import { statSync } from 'node:fs'
import { ScriptError } from './faults.ts'
import { posixPath, sourceOf } from './printing.ts'
import type { CoercionType, Operator } from './syntax.ts'
import * as values from './values.ts'
import type { Comparing, Value } from './values.ts'

export type StrictOperator = Exclude<Operator, 'and' | 'or'>

export type Operands = Readonly<{ left: Value; right: Value }>

/** `how.delimiter` joins the items of a list that becomes text. */
export type Operating = Comparing & Readonly<{ delimiter: string }>

export function operate(operator: StrictOperator, { left, right }: Operands, how: Operating): Value {
  // A reference to an item is not that item for `=`: the known trap of `repeat with x in`, whose cure is `contents of x`.
  if (operator === '=') return values.boolean(values.equal(left, right, how))
  if (operator === '≠') return values.boolean(!values.equal(left, right, how))
  const operands = { left: values.contentsOf(left), right: values.contentsOf(right) }
  switch (operator) {
    case '<':
    case '>':
    case '≤':
    case '≥':
      return values.boolean(isOrdered(operator, compare(operands, how)))
    case 'contains':
      return values.boolean(values.contains(operands.left, operands.right, how))
    case 'does not contain':
      return values.boolean(!values.contains(operands.left, operands.right, how))
    case 'is in':
      return values.boolean(values.contains(operands.right, operands.left, how))
    case 'is not in':
      return values.boolean(!values.contains(operands.right, operands.left, how))
    case 'starts with':
    case 'ends with':
      return values.boolean(beginsOrEnds(operator, operands, how))
    case '&':
      return concatenation(operands, how)
    case '+':
    case '-':
    case '*':
    case '/':
    case 'div':
    case 'mod':
    case '^':
      return arithmetic(operator, operands)
  }
}

function isOrdered(operator: '<' | '>' | '≤' | '≥', order: number): boolean {
  switch (operator) {
    case '<':
      return order < 0
    case '>':
      return order > 0
    case '≤':
      return order <= 0
    case '≥':
      return order >= 0
  }
}

/** The right one becomes what the left one is. */
function compare({ left, right }: Operands, how: Operating): number {
  if (values.isNumber(left)) return left.number - numberOf(right)
  const [a, b] = [left, right].map((value) => values.foldCase(values.toText(value, how.delimiter), how))
  if (a === b) return 0
  return (a ?? '') < (b ?? '') ? -1 : 1
}

function beginsOrEnds(operator: 'starts with' | 'ends with', { left, right }: Operands, how: Operating): boolean {
  if (left.kind === 'list') {
    const at = operator === 'starts with' ? left.items[0] : left.items.at(-1)
    return at !== undefined && values.equal(at, right, how)
  }
  const whole = values.foldCase(values.toText(left, how.delimiter), how)
  const part = values.foldCase(values.toText(right, how.delimiter), how)
  return operator === 'starts with' ? whole.startsWith(part) : whole.endsWith(part)
}

/** Text only when the left one is: `1 & "a"` and `true & "a"` are lists. */
function concatenation({ left, right }: Operands, how: Operating): Value {
  if (left.kind === 'text') {
    const added = textOrNull(right, how.delimiter)
    if (added !== null) return values.text(left.text + added)
  }
  if (left.kind === 'record' && right.kind === 'record') {
    return { kind: 'record', fields: new Map([...right.fields, ...left.fields]) }
  }
  return values.list([left, right].flatMap((value) => (value.kind === 'list' ? value.items : [value])))
}

function textOrNull(value: Value, delimiter: string): string | null {
  try {
    return values.toText(value, delimiter)
  } catch (error) {
    if (error instanceof ScriptError) return null
    throw error
  }
}

type Arithmetic = '+' | '-' | '*' | '/' | 'div' | 'mod' | '^'

function arithmetic(operator: Arithmetic, { left, right }: Operands): Value {
  const [a, b] = [numberOf(left), numberOf(right)]
  if (b === 0 && (operator === '/' || operator === 'div' || operator === 'mod')) {
    throw new ScriptError({ kind: 'cannot_divide_by_zero', object: sourceOf(left) })
  }
  switch (operator) {
    case '+':
      return values.number(a + b)
    case '-':
      return values.number(a - b)
    case '*':
      return values.number(a * b)
    case '/':
      return { kind: 'real', number: a / b }
    case 'div':
      return values.integer(Math.trunc(a / b))
    case 'mod':
      return values.number(a % b)
    case '^':
      return { kind: 'real', number: a ** b }
  }
}

export function numberOf(value: Value): number {
  const found = values.contentsOf(value)
  if (values.isNumber(found)) return found.number
  const said = found.kind === 'text' ? found.text.trim() : ''
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(said)) throw values.cannotMake(found, 'number')
  return Number(said)
}

/** Only a boolean decides: text and numbers do not. */
export function booleanOf(value: Value): boolean {
  const found = values.contentsOf(value)
  if (found.kind !== 'boolean') throw values.cannotMake(found, 'boolean')
  return found.value
}

/** `value as type`; -1700 for what can't be made. */
export function coerce(value: Value, type: CoercionType['name'], delimiter: string): Value {
  switch (type) {
    case 'text':
    case 'utf8':
      return values.text(values.toText(value, delimiter))
    case 'list':
      return asList(value)
    case 'integer':
      return values.integer(Math.round(numberOf(value)))
    case 'real':
      return { kind: 'real', number: numberOf(value) }
    case 'number':
      return values.number(numberOf(value))
    case 'boolean':
      return asBoolean(value)
    case 'alias':
    case 'file':
    case 'POSIX file':
      return asFile(value, type)
    case 'any':
    case 'item':
      return value
    default:
      if (values.classOf(value) === type) return value
      throw values.cannotMake(value, type)
  }
}

function asList(value: Value): Value {
  if (value.kind === 'list') return value
  return values.list(value.kind === 'record' ? [...value.fields.values()] : [value])
}

function asBoolean(value: Value): Value {
  if (value.kind === 'boolean') return value
  const said = values.isNumber(value) ? String(value.number) : value.kind === 'text' ? value.text.toLowerCase() : ''
  if (said === 'true' || said === '1') return values.boolean(true)
  if (said === 'false' || said === '0') return values.boolean(false)
  throw values.cannotMake(value, 'boolean')
}

/** An alias is made only of a file that is there. */
function asFile(value: Value, type: 'alias' | 'file' | 'POSIX file'): Value {
  const path = value.kind === 'file' ? value.path : value.kind === 'text' ? pathOfText(value.text, type) : null
  if (path === null) throw values.cannotMake(value, type)
  if (type !== 'alias') return { kind: 'file', path, alias: false, insideTell: false }
  if (statSync(path, { throwIfNoEntry: false }) === undefined) throw values.cannotMake(value, type)
  return { kind: 'file', path, alias: true, insideTell: false }
}

function pathOfText(text: string, type: 'alias' | 'file' | 'POSIX file'): string {
  return type === 'POSIX file' ? text : posixPath(text)
}
