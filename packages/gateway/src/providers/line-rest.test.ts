/** Proves: a line rests as long as it is asked to, longer each time, and is over when its timer fires, also a hair before its time. */
import { expect, test } from 'vitest'
import type { Clock } from '@bluewire/platform/clock'
import { LineRest } from './line-rest.ts'

/** A clock whose timers fire when the test says so. */
function bench() {
  let nowMs = 1_000.25
  const timers: Array<{ delayMs: number; fire: () => void }> = []
  const clock = {
    monotonicMs: () => nowMs,
    setTimer: (delayMs: number, fire: () => void) => {
      timers.push({ delayMs, fire })
      return { cancel: () => undefined }
    },
  } as unknown as Clock
  const woken: string[] = []
  const rest = new LineRest(clock, (line) => woken.push(line))
  return { rest, woken, timers, pass: (ms: number) => void (nowMs += ms) }
}

test('a timer that fires early ends the rest, and the line is woken', () => {
  const b = bench()
  const waitMs = b.rest.throttled('line_1', 1_000)
  expect([waitMs, Number.isInteger(waitMs)]).toEqual([1_000, true])
  expect(b.rest.isResting('line_1')).toBe(true)
  b.pass(999.6)
  b.timers[0]?.fire()
  expect([b.rest.isResting('line_1'), b.woken]).toEqual([false, ['line_1']])
})

test('each offence after a rest is longer; what was on its way together counts once', () => {
  const b = bench()
  const first = b.rest.throttled('line_1')
  expect(b.rest.throttled('line_1')).toBeLessThanOrEqual(first)
  b.pass(first)
  b.timers.at(-1)?.fire()
  expect(b.rest.throttled('line_1')).toBeGreaterThan(first)
  expect(b.rest.isResting('line_2')).toBe(false)
})
