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
    ['{"a":tru}', 8],
    ['[1 2]', 3],
    ['{"a":"b\nc"}', 7],
    ['{"a":"\\x"}', 7],
    ['{"a":1} x', 8],
    ['{"a":01}', 6],
    ['{"a":-}', 6],
    ['', 0],
    ['   ', 3],
  ])('%j goes wrong at %i', (text, position) => {
    expect(jsonErrorAt(text).position).toBe(position)
  })

  it('counts lines and columns from 1', () => {
    expect(jsonErrorAt('{\n  "a": 1,\n  b\n}')).toEqual({ position: 14, line: 3, column: 3 })
  })

  it('goes wrong where something foreign was put in', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), (text, at) => {
        const position = at % (text.length + 1)
        const broken = `${text.slice(0, position)}\u0001${text.slice(position)}`
        expect(jsonErrorAt(broken).position).toBe(position)
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
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })), { maxLength: 20 }),
        (pairs) => {
          const written = new URLSearchParams(pairs).toString()
          const form = readForm(written)
          for (const [name, values] of Map.groupBy(new URLSearchParams(written), ([n]) => n)) {
            expect(form.all(name)).toEqual(values.map(([, value]) => value))
          }
        },
      ),
    )
  })
})
