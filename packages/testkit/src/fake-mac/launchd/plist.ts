/** Property lists in XML, as LaunchAgents are written. Throws when it is none; what launchd would then say is an input/output error. */

export type Plist = string | number | boolean | readonly Plist[] | Readonly<{ [key: string]: Plist }>

type Token = Readonly<{ kind: 'open' | 'close' | 'empty'; name: string }> | Readonly<{ kind: 'text'; text: string }>

const TOKEN = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!DOCTYPE[^>]*>|<(\/?)([A-Za-z]+)(?:\s[^>]*?)?(\/?)>|([^<]+)/gy
const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

export function parsePlist(xml: string): Plist {
  const tokens = tokensOf(xml)
  const reader = new Reader(tokens.filter((token) => token.kind !== 'text' || token.text.trim() !== ''))
  reader.expect('open', 'plist')
  const root = reader.value()
  reader.expect('close', 'plist')
  return root
}

function tokensOf(xml: string): Token[] {
  const tokens: Token[] = []
  let end = 0
  for (const [whole, slash, name, empty, text] of xml.matchAll(TOKEN)) {
    end += whole.length
    if (text !== undefined) tokens.push({ kind: 'text', text: unescaped(text) })
    else if (name !== undefined) tokens.push({ kind: slash === '/' ? 'close' : empty === '/' ? 'empty' : 'open', name })
  }
  if (end !== xml.length) throw new Error(`It is no XML from character ${end} on.`)
  return tokens
}

function unescaped(text: string): string {
  return text.replace(/&(#x?)?(\w+);/g, (whole, number: string | undefined, name: string) => {
    if (number === undefined) return ENTITIES[name] ?? whole
    return String.fromCodePoint(Number.parseInt(name, number === '#x' ? 16 : 10))
  })
}

class Reader {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  expect(kind: 'open' | 'close', name: string): void {
    if (!this.#is(kind, name)) throw new Error(`There is no ${kind === 'close' ? '/' : ''}${name} where one must be.`)
    this.#at++
  }

  value(): Plist {
    const token = this.#tokens[this.#at++]
    if (token?.kind === 'empty') return emptyValue(token.name)
    if (token?.kind !== 'open') throw new Error('A value is missing.')
    switch (token.name) {
      case 'dict':
        return this.#dict()
      case 'array':
        return this.#array()
      case 'integer':
      case 'real':
        return Number(this.#text(token.name))
      case 'string':
      case 'data':
      case 'date':
        return this.#text(token.name)
      default:
        throw new Error(`${token.name} is no kind of value.`)
    }
  }

  #dict(): Plist {
    const entries: [string, Plist][] = []
    while (!this.#is('close', 'dict')) {
      this.expect('open', 'key')
      entries.push([this.#text('key'), this.value()])
    }
    this.#at++
    return Object.fromEntries(entries)
  }

  #array(): Plist {
    const values: Plist[] = []
    while (!this.#is('close', 'array')) values.push(this.value())
    this.#at++
    return values
  }

  #text(name: string): string {
    const token = this.#tokens[this.#at]
    const text = token?.kind === 'text' ? token.text : ''
    if (token?.kind === 'text') this.#at++
    this.expect('close', name)
    return text
  }

  #is(kind: 'open' | 'close', name: string): boolean {
    const token = this.#tokens[this.#at]
    return token?.kind === kind && token.name === name
  }
}

function emptyValue(name: string): Plist {
  if (name === 'true' || name === 'false') return name === 'true'
  if (name === 'string') return ''
  if (name === 'array') return []
  if (name === 'dict') return {}
  throw new Error(`${name} is no kind of value.`)
}
