/** Proves: a sleep is told once, with its length, and nothing else is taken for one. World: virtual time. */
import { expect, test } from 'vitest'
import type { Clock } from '@bluewire/platform/clock'
import { WakeDetector } from './wake-detector.ts'

/** A clock whose machine can sleep: timers stand still, the wall clock does not. */
class SleepyClock implements Clock {
  #ms = 1_000_000
  #timers: Array<{ leftMs: number; fire: () => void }> = []
  nowMs(): number {
    return this.#ms
  }
  monotonicMs(): number {
    return this.#ms
  }
  soon(fire: () => void): void {
    this.setTimer(0, fire)
  }
  setTimer(delayMs: number, fire: () => void) {
    const timer = { leftMs: delayMs, fire }
    this.#timers.push(timer)
    return { cancel: () => void (this.#timers = this.#timers.filter((one) => one !== timer)) }
  }
  run(ms: number): void {
    for (let left = ms; left > 0; left -= 100) {
      this.#ms += 100
      for (const timer of this.#timers) timer.leftMs -= 100
      const due = this.#timers.filter(({ leftMs }) => leftMs <= 0)
      this.#timers = this.#timers.filter(({ leftMs }) => leftMs > 0)
      for (const { fire } of due) fire()
    }
  }
  machineSleeps(ms: number): void {
    this.#ms += ms
  }
  get waiting(): number {
    return this.#timers.length
  }
}

function detector() {
  const clock = new SleepyClock()
  const gaps: number[] = []
  const wakes = new WakeDetector({ clock, woke: (gapMs) => gaps.push(gapMs) })
  wakes.start()
  return { clock, gaps, wakes }
}

test('an hour of work is no sleep', () => {
  const { clock, gaps } = detector()
  clock.run(3_600_000)
  expect(gaps).toEqual([])
})

test('a sleep is told once, within ten seconds after it', () => {
  const { clock, gaps } = detector()
  clock.run(25_000)
  clock.machineSleeps(3_600_000)
  clock.run(10_000)
  expect(gaps).toEqual([3_610_000])
  clock.run(60_000)
  expect(gaps).toHaveLength(1)
})

test('a stall of less than three intervals, and a clock that is set back, are none', () => {
  const { clock, gaps } = detector()
  clock.machineSleeps(19_000)
  clock.run(20_000)
  clock.machineSleeps(-7_200_000)
  clock.run(20_000)
  expect(gaps).toEqual([])
})

test('nothing runs any more once it is stopped', () => {
  const { clock, gaps, wakes } = detector()
  wakes.stop()
  wakes.stop()
  expect(clock.waiting).toBe(0)
  clock.machineSleeps(3_600_000)
  clock.run(60_000)
  expect(gaps).toEqual([])
})
