/**
 * The frames of the node protocol.
 * Proves: every fixture is a valid frame of its direction and keeps every field; every kind of frame has a fixture, so what
 * is added to the protocol is added to the examples both sides test against; parsing never throws.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FRAME_BYTES_MAX, parseFrame } from './common.ts'
import { gatewayFrame, parseGatewayFrame } from './gateway-frames.ts'
import { nodeFrame, parseNodeFrame } from './node-frames.ts'

const FOLDER = join(import.meta.dirname, '../../fixtures/node-protocol')
const SIDES = [
  { side: 'from-node', schema: nodeFrame, parse: parseNodeFrame },
  { side: 'from-gateway', schema: gatewayFrame, parse: parseGatewayFrame },
] as const

const fixtures = readdirSync(FOLDER).map((file) => ({ file, text: readFileSync(join(FOLDER, file), 'utf8') }))

describe.each(SIDES)('frames $side', ({ side, schema, parse }) => {
  const mine = fixtures.filter(({ file }) => file.startsWith(`${side}-`))

  it.each(mine)('$file is a frame, and nothing of it is dropped', ({ text }) => {
    expect(schema.parse(JSON.parse(text))).toEqual(JSON.parse(text))
    expect(parse(text).ok).toBe(true)
    expect(Buffer.byteLength(text)).toBeLessThan(FRAME_BYTES_MAX)
  })

  it('every kind has a fixture named for it', () => {
    const kinds = schema.options.map((option) => option.shape.t.value)
    const shown = mine.map(({ text }) => (JSON.parse(text) as { t: string }).t)
    expect(new Set(shown)).toEqual(new Set(kinds))
    for (const kind of kinds) expect(mine.map(({ file }) => file)).toContain(`${side}-${kind.replace('_', '-')}.json`)
  })

  it('a frame of another side, or of the future, is answered by its name', () => {
    expect(parse('{"t":"of_the_future"}')).toMatchObject({ ok: false, t: 'of_the_future' })
    expect(parse('{"t":7}')).toMatchObject({ ok: false, t: null })
    expect(parse('{"t":')).toEqual({ ok: false, reason: 'not JSON', t: null })
  })

  it('never throws, whatever arrives', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.jsonValue().map((value) => JSON.stringify({ t: 'send', ...Object(value) })),
        ),
        (text) => {
          const parsed = parse(text)
          return parsed.ok || (parsed.reason.length > 0 && parsed.reason.length <= 300 && (parsed.t?.length ?? 0) <= 64)
        },
      ),
      { numRuns: 2_000 },
    )
  })
})

describe('fixtures', () => {
  it('belong to one of the two sides', () => {
    expect(fixtures.filter(({ file }) => !SIDES.some(({ side }) => file.startsWith(`${side}-`)))).toEqual([])
  })

  it('the reason names the field that is wrong', () => {
    const send = JSON.parse(readFileSync(join(FOLDER, 'from-gateway-send.json'), 'utf8')) as object
    expect(parseFrame(gatewayFrame, JSON.stringify({ ...send, n: 'one' }))).toMatchObject({
      ok: false,
      t: 'send',
      reason: expect.stringMatching(/^n: /) as string,
    })
  })
})
