/** Proves: no more places are taken than are free, and lines that got none are woken in turn. */
import type { LineId } from '@bluewire/contract/ids'
import { expect, test } from 'vitest'
import { Places } from './places.ts'

function world(window: number) {
  const state = { inFlight: 0 }
  const woken: LineId[] = []
  const places = new Places({ free: () => window - state.inFlight, wake: (line) => void woken.push(line) })
  return { state, woken, places }
}

test('what is taken and what is in flight are never more than the window', () => {
  const { state, places } = world(5)
  expect(places.take('line_a', 3)).toBe(3)
  expect(places.take('line_b', 3)).toBe(2)
  expect(places.take('line_c', 1)).toBe(0)
  // It was dispatched: its place is that of what is in flight now.
  state.inFlight++
  places.giveBack()
  expect(places.take('line_c', 1)).toBe(0)
  // Nothing was there to dispatch.
  places.giveBack()
  expect(places.take('line_c', 4)).toBe(1)
})

test('who waits is woken once', () => {
  const { state, woken, places } = world(1)
  state.inFlight = 1
  for (const line of ['line_a', 'line_b', 'line_a'] as const) expect(places.take(line, 1)).toBe(0)
  places.offer()
  expect(woken).toEqual([])
  state.inFlight = 0
  places.offer()
  places.offer()
  expect(woken).toEqual(['line_a', 'line_b'])
})

test('who takes the place leaves none to those behind', () => {
  const taken: LineId[] = []
  const state = { inFlight: 1 }
  const places: Places = new Places({
    free: () => 1 - state.inFlight,
    wake: (line) => {
      if (places.take(line, 1) === 1) taken.push(line)
    },
  })
  for (const line of ['line_a', 'line_b'] as const) places.take(line, 1)
  state.inFlight = 0
  places.offer()
  expect(taken).toEqual(['line_a'])
  places.giveBack()
  expect(taken).toEqual(['line_a', 'line_b'])
})
