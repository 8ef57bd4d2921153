/** Elements and properties of texts, lists, records and files: what AppleScript knows without asking an app. */
import type { ClassName, PropertyName } from './dictionary.ts'
import { ScriptError } from './faults.ts'
import { hfsPath, posixPath, sourceOf } from './printing.ts'
import * as values from './values.ts'
import type { Value } from './values.ts'

/** Which of the elements: places count from 1, negative ones from the end. */
export type LocalKey =
  | Readonly<{ by: 'index'; index: number }>
  | Readonly<{ by: 'range'; from: number; to: number }>
  | Readonly<{ by: 'every' }>
  | Readonly<{ by: 'middle' }>

export type LocalElement = Readonly<{ class: ClassName; key: LocalKey }>

/** Throws -1728 when it is not there. */
export function elementOf(container: Value, element: LocalElement, delimiters: readonly string[]): Value {
  const all = elementsOf(container, element.class, delimiters)
  const missing = () =>
    new ScriptError({ kind: 'cannot_get', object: `${described(element)} of ${sourceOf(container)}` })
  if (all === null) throw missing()
  const { key } = element
  if (key.by === 'every') return values.list(all)
  if (key.by === 'range') return rangeOf(container, { all, element, from: key.from, to: key.to }, missing)
  const found = key.by === 'middle' ? all[Math.ceil(all.length / 2) - 1] : all[placeOf(key.index, all.length)]
  if (found === undefined) throw missing()
  return found
}

/** Null: such a value has no such elements. */
export function elementsOf(container: Value, of: ClassName, delimiters: readonly string[]): readonly Value[] | null {
  if (container.kind === 'list') {
    return of === 'item' ? container.items : container.items.filter((item) => isOfClass(item, of))
  }
  if (container.kind === 'record' && of === 'item') return [...container.fields.values()]
  if (container.kind !== 'text') return null
  return partsOf(container.text, of, delimiters)?.map(values.text) ?? null
}

function isOfClass(item: Value, of: ClassName): boolean {
  return of === 'number' ? values.isNumber(item) : values.classOf(item) === of
}

function partsOf(whole: string, of: ClassName, delimiters: readonly string[]): readonly string[] | null {
  switch (of) {
    case 'character':
    case 'item':
    case 'text':
      return characters(whole)
    case 'word':
      return whole.match(/[\p{L}\p{N}_'’]+/gu) ?? []
    case 'paragraph':
      return whole.split(/\r\n|[\r\n\u2028\u2029]/)
    case 'text item':
      return textItems(whole, delimiters)
    default:
      return null
  }
}

/** As a reader counts them: an emoji of five code points is one. */
export function characters(whole: string): readonly string[] {
  return Array.from(new Intl.Segmenter().segment(whole), ({ segment }) => segment)
}

/** Every delimiter divides. */
function textItems(whole: string, delimiters: readonly string[]): readonly string[] {
  const used = delimiters.filter((delimiter) => delimiter !== '')
  if (used.length === 0) return characters(whole)
  if (whole === '') return []
  const [mark = ''] = used
  return used.reduce((joined, delimiter) => joined.replaceAll(delimiter, mark), whole).split(mark)
}

function placeOf(index: number, length: number): number {
  return index < 0 ? length + index : index - 1
}

type Range = Readonly<{ all: readonly Value[]; element: LocalElement; from: number; to: number }>

/** `text 2 thru 4 of` is a text, `characters 2 thru 4 of` a list. */
function rangeOf(container: Value, { all, element, from, to }: Range, missing: () => ScriptError): Value {
  const ends = [placeOf(from, all.length), placeOf(to, all.length)]
  const [first, last] = [Math.min(...ends), Math.max(...ends)]
  if (all[first] === undefined || all[last] === undefined) throw missing()
  const range = all.slice(first, last + 1)
  const isText = container.kind === 'text' && element.class === 'text'
  return isText ? values.text(range.map((part) => values.toText(part)).join('')) : values.list(range)
}

function described({ class: name, key }: LocalElement): string {
  switch (key.by) {
    case 'index':
      return `${name} ${key.index}`
    case 'range':
      return `${name}s ${key.from} thru ${key.to}`
    case 'every':
      return `every ${name}`
    case 'middle':
      return `middle ${name}`
  }
}

/** Throws -1728 for a property that such a value does not have. */
export function propertyOf(of: Value, name: PropertyName): Value {
  const found = fieldOf(of, name) ?? commonProperty(of, name) ?? ownProperty(of, name)
  if (found === null) throw new ScriptError({ kind: 'cannot_get', object: `${name} of ${sourceOf(of)}` })
  return found
}

/** A record's field, whatever it is called. */
export function fieldOf(of: Value, name: string): Value | null {
  if (of.kind !== 'record') return null
  const key = [...of.fields.keys()].find((field) => field.toLowerCase() === name.toLowerCase())
  return key === undefined ? null : (of.fields.get(key) ?? null)
}

function commonProperty(of: Value, name: PropertyName): Value | null {
  if (name === 'class') return { kind: 'class', name: values.classOf(of) }
  if (name === 'contents') return of
  if (name !== 'length') return null
  const length = lengthOf(of)
  return length === null ? null : values.integer(length)
}

/** Null: nothing that can be counted. */
export function lengthOf(of: Value): number | null {
  switch (of.kind) {
    case 'text':
      return characters(of.text).length
    case 'list':
      return of.items.length
    case 'record':
      return of.fields.size
    default:
      return null
  }
}

function ownProperty(of: Value, name: PropertyName): Value | null {
  switch (of.kind) {
    case 'text':
      return propertyOfText(of.text, name)
    case 'list':
      if (name === 'rest') return values.list(of.items.slice(1))
      return name === 'reverse' ? values.list(of.items.toReversed()) : null
    case 'file':
      if (name === 'POSIX path') return values.text(of.path)
      return name === 'name' ? values.text(hfsPath(of.path).split(':').at(-1) ?? '') : null
    default:
      return null
  }
}

function propertyOfText(of: string, name: PropertyName): Value | null {
  if (name === 'POSIX path') return values.text(of.includes(':') ? posixPath(of) : of)
  if (name !== 'id') return null
  const points = Array.from(of, (character) => values.integer(character.codePointAt(0) ?? 0))
  return points.length === 1 ? (points[0] ?? null) : values.list(points)
}
