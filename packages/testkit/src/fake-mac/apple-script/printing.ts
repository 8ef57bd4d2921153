/** Values as text: as source, which errors and `osascript -s s` show, and as osascript prints a result. */
import type { Specifier, SpecifierKey, Test, Value } from './values.ts'

/** For people (`-s h`): texts bare, lists without braces. For a compiler (`-s s`): as they would be written in a script. */
export type Form = 'human' | 'source'

export function printed(value: Value, form: Form): string {
  return form === 'human' ? humanOf(value) : withApp(value)
}

function humanOf(value: Value): string {
  switch (value.kind) {
    case 'text':
      return value.text
    case 'list':
      return value.items.map(humanOf).join(', ')
    case 'record':
      return [...value.fields].map(([name, field]) => `${name}:${humanOf(field)}`).join(', ')
    case 'file':
    case 'messages':
    case 'element':
    case 'property':
      return sourceOf(value).replaceAll('"', '')
    case 'item_of':
      return humanOf(value.list.items[value.index - 1] ?? value)
    case 'integer':
    case 'real':
    case 'boolean':
    case 'constant':
    case 'class':
    case 'script':
    case 'apple_script':
      return sourceOf(value)
  }
}

/** Outside of a `tell`, the name of an object of Messages needs its app. */
function withApp(value: Value): string {
  if (value.kind === 'list') return `{${value.items.map(withApp).join(', ')}}`
  const source = sourceOf(value)
  return value.kind === 'element' || value.kind === 'property' ? `${source} of application "Messages"` : source
}

/** As errors name it: `chat id "x"`, `item 6 of {"a", "b"}`. */
export function sourceOf(value: Value): string {
  switch (value.kind) {
    case 'text':
      return quoted(value.text)
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
      return `{${value.items.map(sourceOf).join(', ')}}`
    case 'record':
      return `{${[...value.fields].map(([name, field]) => `${name}:${sourceOf(field)}`).join(', ')}}`
    case 'file':
      return `${value.alias ? 'alias' : 'file'} ${quoted(hfsPath(value.path))}`
    case 'script':
      return '«script»'
    case 'apple_script':
      return 'AppleScript'
    case 'item_of':
      return `item ${value.index} of ${sourceOf(value.list)}`
    case 'messages':
    case 'element':
    case 'property':
      return specifierSource(value)
  }
}

function specifierSource(specifier: Specifier): string {
  if (specifier.kind === 'messages') return 'application "Messages"'
  const own = specifier.kind === 'property' ? specifier.name : elementSource(specifier.class, specifier.key)
  return specifier.from.kind === 'messages' ? own : `${own} of ${specifierSource(specifier.from)}`
}

function elementSource(className: string, key: SpecifierKey): string {
  switch (key.by) {
    case 'index':
      return `${className} ${key.index}${key.test === null ? '' : ` whose ${testSource(key.test)}`}`
    case 'id':
      return `${className} id ${quoted(key.id)}`
    case 'name':
      return `${className} ${quoted(key.name)}`
    case 'every':
      return `every ${className}${key.test === null ? '' : ` whose ${testSource(key.test)}`}`
  }
}

function testSource(test: Test): string {
  switch (test.kind) {
    case 'and':
    case 'or':
      return `${testSource(test.left)} ${test.kind} ${testSource(test.right)}`
    case 'not':
      return `not (${testSource(test.of)})`
    case 'compare':
      return `${test.property} ${test.operator} ${sourceOf(test.value)}`
  }
}

function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

/** 2.0, 0.5, 1.0E+4: as AppleScript writes them in English. */
export function realText(of: number): string {
  if (of !== 0 && (Math.abs(of) >= 10_000 || Math.abs(of) < 0.001)) {
    const [digits = '', exponent = ''] = of.toExponential().split('e')
    return `${digits.includes('.') ? digits : `${digits}.0`}E${exponent}`
  }
  return Number.isInteger(of) ? `${of}.0` : String(of)
}

/** Paths as the Mac of before 2000 wrote them: `Macintosh HD:Users:ann`. */
export function hfsPath(path: string): string {
  return `Macintosh HD${path.replaceAll(':', '/').replace(/\/+$/, ':').replaceAll('/', ':')}`
}

export function posixPath(hfs: string): string {
  return `/${hfs.split(':').slice(1).join('/')}`
}
