/**
 * The gate before the SMSC.
 * Proves: never more inside than the window; no more in a second than agreed; slower after "too fast", faster again after what is taken; who
 * may not wait for another login is sent away, who may waits; nobody waits longer than they want to.
 * World: virtual time.
 */
import { VirtualClock } from '@bluewire/testkit/virtual-clock'
import { describe, expect, it } from 'vitest'
import { SmppGate } from './smpp-gate.ts'

const HOUR_MS = 3_600_000

function gateOf(window: number, throughput: number) {
  const clock = new VirtualClock()
  const changes: boolean[] = []
  const gate: SmppGate = new SmppGate(clock, { window, throughput, changed: () => changes.push(gate.isThrottled) })
  const entered: Array<readonly [result: string, atMs: number]> = []
  const enter = (withinMs = HOUR_MS, patient = false): void => {
    void gate.enter({ withinMs, patient }).then((result) => entered.push([result, clock.monotonicMs()]))
  }
  return { clock, gate, entered, enter, changes }
}

describe('the window', () => {
  it('lets in so many, and one more for each that leaves', async () => {
    const { clock, gate, entered, enter } = gateOf(2, 0)
    gate.open()
    for (let i = 0; i < 5; i++) enter()
    await clock.settle()
    expect(entered).toHaveLength(2)
    gate.leave()
    await clock.settle()
    expect(entered).toHaveLength(3)
  })

  it('lets in first what has begun to leave', async () => {
    const { clock, gate } = gateOf(1, 0)
    gate.open()
    const order: string[] = []
    const enter = (name: string, patient: boolean): void => {
      void gate.enter({ withinMs: HOUR_MS, patient }).then(() => {
        order.push(name)
        gate.leave()
      })
    }
    await gate.enter({ withinMs: HOUR_MS, patient: false })
    enter('new', false)
    enter('begun', true)
    gate.leave()
    await clock.settle()
    expect(order).toEqual(['begun', 'new'])
  })

  it('sends away who waited long enough', async () => {
    const { clock, gate, entered, enter } = gateOf(1, 0)
    gate.open()
    enter()
    enter(100)
    await clock.advance(100)
    expect(entered).toEqual([
      ['open', 0],
      ['late', 100],
    ])
  })
})

describe('the throughput', () => {
  it('spaces them out', async () => {
    const { clock, gate, entered, enter } = gateOf(100, 10)
    gate.open()
    for (let i = 0; i < 4; i++) enter()
    await clock.advance(1_000)
    expect(entered.map(([, atMs]) => atMs)).toEqual([0, 100, 200, 300])
  })

  it('is lower after "too fast" and comes back', async () => {
    const { clock, gate, entered, enter } = gateOf(100, 10)
    gate.open()
    expect([gate.throttled(), gate.throttled()]).toEqual([1_000, 2_000])
    for (let i = 0; i < 3; i++) enter()
    await clock.advance(10_000)
    expect(entered.map(([, atMs]) => atMs)).toEqual([400, 800, 1_200])
    for (let i = 0; i < 30; i++) gate.accepted()
    expect(gate.throttled()).toBe(1_000)
    entered.length = 0
    for (let i = 0; i < 30; i++) gate.accepted()
    await clock.advance(10_000)
    for (let i = 0; i < 3; i++) enter()
    await clock.advance(1_000)
    const [first, second] = entered.map(([, atMs]) => atMs)
    expect((second ?? 0) - (first ?? 0)).toBeLessThanOrEqual(100)
  })

  it('rests for half a minute at most, lets one in each 5 s, and says once that a person should look', async () => {
    const { clock, gate, changes, enter, entered } = gateOf(10, 1)
    for (let i = 0; i < 50; i++) gate.throttled()
    expect(gate.throttled()).toBe(30_000)
    expect(changes).toEqual([true])
    gate.open()
    for (let i = 0; i < 2; i++) enter()
    await clock.advance(60_000)
    expect(entered.map(([, atMs]) => atMs)).toEqual([5_000, 10_000])
    gate.accepted()
    gate.accepted()
    expect(changes).toEqual([true, false])
  })
})

describe('a gate that is shut', () => {
  it('sends away the new, and keeps what has begun until it opens', async () => {
    const { clock, gate, entered, enter } = gateOf(1, 0)
    enter()
    enter(HOUR_MS, true)
    await clock.settle()
    expect(entered).toEqual([['shut', 0]])
    gate.open()
    await clock.settle()
    expect(entered).toEqual([
      ['shut', 0],
      ['open', 0],
    ])
    enter()
    gate.shut('for_now')
    await clock.settle()
    expect(entered.at(-1)?.[0]).toBe('shut')
  })

  it('for good sends away all', async () => {
    const { clock, gate, entered, enter } = gateOf(1, 0)
    enter(HOUR_MS, true)
    gate.shut('for_good')
    enter(HOUR_MS, true)
    await clock.settle()
    expect(entered.map(([result]) => result)).toEqual(['shut', 'shut'])
  })
})
