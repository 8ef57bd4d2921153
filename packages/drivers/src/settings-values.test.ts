/** Values of settings. Proves: durations in all their forms, and their refusal in a sentence; flat objects, also as text. World: pure. */
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { count, duration, record } from './settings-values.ts'

const PATIENCE = duration({ minMs: 100, maxMs: 60_000 })

describe('values of settings', () => {
  it('are durations', () => {
    expect(['500ms', '20s', '1m', '30', 30, ' 5s '].map((value) => PATIENCE.parse(value))).toEqual([
      500, 20_000, 60_000, 30_000, 30_000, 5_000,
    ])
    for (const bad of ['', 'soon', '2m', '1ms', '-1s', '1d', 1e9]) {
      expect(PATIENCE.safeParse(bad).error?.issues[0]?.message, String(bad)).toContain('from 0.1s to 60s')
    }
  })

  it('are numbers and flat objects, also written as text', () => {
    expect(count({ min: 1, max: 5 }).parse('3')).toBe(3)
    const words = record(z.enum(['a', 'b']))
    expect([words.parse({ x: 'a' }), words.parse('{"x": "b"}')]).toEqual([{ x: 'a' }, { x: 'b' }])
    for (const bad of ['x', '[]', '{"x": "c"}', '{"x": {}}']) expect(words.safeParse(bad).success, bad).toBe(false)
  })
})
