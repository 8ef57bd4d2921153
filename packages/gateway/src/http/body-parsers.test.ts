/**
 * Bodies.
 * Proves: what is not UTF-8 is refused and never changed; the place where a text stops being JSON is told, with none of the text; forms are
 * read as browsers write them.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readJson } from './body-parsers.ts'
import { readForm } from './form-fields.ts'
import { jsonErrorAt } from './json-error-position.ts'

const json = (text: string): unknown => readJson(Buffer.from(text))

function errorAt(text: string): ReturnType<typeof jsonErrorAt> {
  try {
    JSON.parse(text)
  } catch (error) {
    if (error instanceof Error) return jsonErrorAt(text, error.message)
  }
  return expect.fail(`${text} is JSON`)
}

describe('JSON', () => {
  it('may be empty, and may begin with a byte order mark', () => {
    expect(json('')).toBeUndefined()
    expect(json('\ufeff{"a":1}')).toEqual({ a: 1 })
  })

  it('is refused when it is not UTF-8', () => {
    expect(() => readJson(Buffer.from('{"message":"caf\xe9"}', 'latin1'))).toThrow('not UTF-8')
  })

  it('is refused with a place and without the text', () => {
    expect(() => json('{"message": secret}')).toThrow(
      /^The body is not JSON: it goes wrong at line 1, column 13 \(position 12\)\.$/,
    )
  })

  it.each<[string, number]>([
    ['x', 0],
    ['{a:1}', 1],
    ["{'a':1}", 1],
    ['{"a":1,}', 7],
    ['{"a":1', 6],
    ['{"a":tru}', 5],
    ['{"a":\'in JSON at position 99\'}', 5],
    ['[1,,2]', 3],
    ['{"a":}', 5],
    ['{"a":[}]}', 6],
    ['["x",\n undefined]', 7],
    ['[1 2]', 3],
    ['{"a":"b\nc"}', 7],
    ['{"a":"\\x"}', 7],
    ['{"a":1} x', 8],
    ['{"a":01}', 6],
    ['{"a":-}', 6],
    ['', 0],
    ['   ', 3],
  ])('%j goes wrong at %i', (text, position) => {
    expect(errorAt(text).position).toBe(position)
  })

  it('counts lines and columns from 1', () => {
    expect(errorAt('{\n  "a": 1,\n  b\n}')).toEqual({ position: 14, line: 3, column: 3 })
  })

  it('goes wrong where something foreign was put in', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), (text, at) => {
        const position = at % (text.length + 1)
        const broken = `${text.slice(0, position)}\u0001${text.slice(position)}`
        const found = errorAt(broken).position
        expect(broken.slice(found, position)).toMatch(/^[a-z]*$/) // of a word, its beginning is named
      }),
    )
  })
})

describe('a form', () => {
  it('keeps every value, its order and its spaces', () => {
    const form = readForm('a=1&b=+x+y%20z&a=2&c&=d&&e=a%3Db=c')
    expect(form.names()).toEqual(['a', 'b', 'c', '', 'e'])
    expect([form.all('a'), form.all('b'), form.all('c'), form.all('e'), form.all('nope')]).toEqual([
      ['1', '2'],
      [' x y z'],
      [''],
      ['a=b=c'],
      [],
    ])
  })

  it('takes a lone % as itself, and bytes that were not escaped as the UTF-8 they are', () => {
    expect(readForm('m=100% sure %zz').all('m')).toEqual(['100% sure %zz'])
    expect(readForm(Buffer.from('m=é 😀').toString('latin1')).all('m')).toEqual(['é 😀'])
  })

  it('is refused when it is not UTF-8, or endless', () => {
    expect(() => readForm('m=caf%E9')).toThrow('UTF-8')
    expect(() => readForm(Buffer.from('m=caf\xe9', 'latin1').toString('latin1'))).toThrow('UTF-8')
    expect(() => readForm('a=1&'.repeat(101))).toThrow('more than 100 fields')
  })

  it('reads what URLSearchParams writes', () => {
    const text = fc.string({ unit: 'binary', maxLength: 6 })
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 6 }), (pairs) => {
        const params = new URLSearchParams(pairs)
        const form = readForm(params.toString())
        const read = form.names().map((name) => [name, form.all(name)])
        // Half a surrogate pair has no UTF-8: what is written is already another character.
        const whole = new URLSearchParams(params.toString())
        expect(read).toEqual([...new Set(whole.keys())].map((name) => [name, whole.getAll(name)]))
      }),
    )
  })

  it.each(['%F0%9F%98%80', '%', '\xc3\xa9', '+', 'a'])(
    'takes no time that grows faster than its length, on a great many %j',
    (unit) => {
      const startedMs = performance.now()
      readForm(`message=${unit.repeat(256_000 / unit.length)}`)
      expect(performance.now() - startedMs).toBeLessThan(2000)
    },
  )
})

it('finds the broken place of a great JSON body in one pass', () => {
  const startedMs = performance.now()
  expect(() => json(`{"a": "${'x'.repeat(256_000)}", b}`)).toThrow('position 256010')
  expect(() => json('['.repeat(256_000))).toThrow('position 256000')
  expect(performance.now() - startedMs).toBeLessThan(5000)
})
