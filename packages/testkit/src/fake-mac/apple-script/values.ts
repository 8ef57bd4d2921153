/** The values of a running script, and how each is told apart, compared and turned into another kind. */
import type { ClassName, MessagesClass, PropertyName } from './dictionary.ts'
import { ScriptError } from './faults.ts'
import { hfsPath, realText, sourceOf } from './printing.ts'

export type Value =
  | Readonly<{ kind: 'text'; text: string }>
  | Readonly<{ kind: 'integer' | 'real'; number: number }>
  | Readonly<{ kind: 'boolean'; value: boolean }>
  /** Shared by all variables that hold it, as AppleScript's lists are: `set end of` changes it for each. */
  | Readonly<{ kind: 'list'; items: Value[] }>
  | Readonly<{ kind: 'record'; fields: Map<string, Value> }>
  /** A word of an enumeration, and `missing value`. */
  | Readonly<{ kind: 'constant'; name: string }>
  | Readonly<{ kind: 'class'; name: ClassName }>
  /** `insideTell`: made where the app, and not AppleScript, would have to make it (MACOS 1.6); an alias is always good. */
  | Readonly<{ kind: 'file'; path: string; alias: boolean; insideTell: boolean }>
  | Readonly<{ kind: 'script' }>
  | Readonly<{ kind: 'apple_script' }>
  | Specifier
  /** What `repeat with x in list` gives: a place in a list, not what stands there. */
  | Readonly<{ kind: 'item_of'; list: Readonly<{ kind: 'list'; items: Value[] }>; index: number }>

/** Messages, or something of it: a name for it, not the thing itself. */
export type Specifier =
  | Readonly<{ kind: 'messages' }>
  | Readonly<{ kind: 'element'; class: MessagesClass; from: Specifier; key: SpecifierKey }>
  | Readonly<{ kind: 'property'; name: PropertyName; from: Specifier }>

export type SpecifierKey =
  | Readonly<{ by: 'index'; index: number; test: Test | null }>
  | Readonly<{ by: 'id'; id: string }>
  | Readonly<{ by: 'name'; name: string }>
  | Readonly<{ by: 'every'; test: Test | null }>

/** What `whose` asks of each: properties against values that are known before Messages is asked. */
export type Test =
  | Readonly<{ kind: 'and' | 'or'; left: Test; right: Test }>
  | Readonly<{ kind: 'not'; of: Test }>
  | Readonly<{ kind: 'compare'; property: PropertyName; operator: TestOperator; value: Value }>

export type TestOperator =
  '=' | '≠' | 'contains' | 'does not contain' | 'starts with' | 'ends with' | 'is in' | 'is not in'

export const MISSING: Value = { kind: 'constant', name: 'missing value' }

export function text(of: string): Value {
  return { kind: 'text', text: of }
}

export function integer(number: number): Value {
  return { kind: 'integer', number }
}

export function boolean(value: boolean): Value {
  return { kind: 'boolean', value }
}

export function list(items: readonly Value[]): Value {
  return { kind: 'list', items: [...items] }
}

export function number(of: number): Value {
  return { kind: Number.isInteger(of) ? 'integer' : 'real', number: of }
}

/** What stands at the place, for all but comparisons: `x = "a"` is false for a reference to "a". */
export function contentsOf(value: Value): Value {
  if (value.kind !== 'item_of') return value
  const item = value.list.items[value.index - 1]
  if (item === undefined) throw new ScriptError({ kind: 'cannot_get', object: sourceOf(value) })
  return contentsOf(item)
}

export function isSpecifier(value: Value): value is Specifier {
  return value.kind === 'messages' || value.kind === 'element' || value.kind === 'property'
}

export function classOf(value: Value): ClassName {
  switch (value.kind) {
    case 'text':
    case 'integer':
    case 'real':
    case 'boolean':
    case 'list':
    case 'record':
    case 'script':
      return value.kind
    case 'constant':
      return value.name === 'missing value' ? 'class' : 'constant'
    case 'class':
      return 'class'
    case 'file':
      return value.alias ? 'alias' : 'file'
    case 'apple_script':
      return 'script'
    case 'messages':
      return 'application'
    case 'element':
      return value.class
    case 'property':
      return 'text'
    case 'item_of':
      return classOf(contentsOf(value))
  }
}

/** A copy that shares nothing: what `copy` makes. */
export function deepCopy(value: Value): Value {
  if (value.kind === 'list') return { kind: 'list', items: value.items.map(deepCopy) }
  if (value.kind !== 'record') return value
  return { kind: 'record', fields: new Map([...value.fields].map(([name, field]) => [name, deepCopy(field)])) }
}

export type Comparing = Readonly<{ caseMatters: boolean }>

export function foldCase(of: string, { caseMatters }: Comparing): string {
  return caseMatters ? of : of.toLowerCase()
}

/** Kinds are not turned into each other: `1 = "1"` is false. */
export function equal(left: Value, right: Value, how: Comparing): boolean {
  if (left.kind === 'text' && right.kind === 'text') return foldCase(left.text, how) === foldCase(right.text, how)
  if (isNumber(left) && isNumber(right)) return left.number === right.number
  if (left.kind === 'list' && right.kind === 'list') {
    return left.items.length === right.items.length && left.items.every((item, i) => isSame(item, right.items[i], how))
  }
  if (left.kind === 'record' && right.kind === 'record') {
    return (
      left.fields.size === right.fields.size && [...left.fields].every(([n, v]) => isSame(v, right.fields.get(n), how))
    )
  }
  return left.kind === right.kind && sourceOf(left) === sourceOf(right)
}

function isSame(left: Value, right: Value | undefined, how: Comparing): boolean {
  return right !== undefined && equal(left, right, how)
}

export function isNumber(value: Value): value is Extract<Value, { number: number }> {
  return value.kind === 'integer' || value.kind === 'real'
}

/** `"abc" contains "b"`, `{1, 2} contains 1`, `{1, 2, 3} contains {2, 3}`. */
export function contains(whole: Value, part: Value, how: Comparing): boolean {
  if (whole.kind === 'list') {
    const parts = part.kind === 'list' ? part.items : [part]
    return whole.items.some((_, i) => parts.every((one, k) => isSame(one, whole.items[i + k], how)))
  }
  return foldCase(toText(whole), how).includes(foldCase(toText(part), how))
}

/** Throws -1700 for what has no text. Lists are joined by `delimiter`. */
export function toText(value: Value, delimiter = ''): string {
  switch (value.kind) {
    case 'text':
      return value.text
    case 'integer':
      return String(value.number)
    case 'real':
      return realText(value.number)
    case 'boolean':
      return String(value.value)
    case 'constant':
    case 'class':
      return value.name
    case 'list':
      return value.items.map((item) => toText(item, delimiter)).join(delimiter)
    case 'file':
      return hfsPath(value.path)
    case 'item_of':
      return toText(contentsOf(value), delimiter)
    case 'record':
    case 'script':
    case 'apple_script':
    case 'messages':
    case 'element':
    case 'property':
      throw cannotMake(value, 'text')
  }
}

export function cannotMake(value: Value, type: string): ScriptError {
  return new ScriptError({ kind: 'cannot_make', object: sourceOf(value), type })
}
