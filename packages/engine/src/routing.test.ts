/** Routing. Proves: the line asked for wins or is refused by name, a recipient keeps the line they know, simulated lines never mix with real ones. */
import { describe, expect, it } from 'vitest'
import { route } from './routing.ts'
import type { Candidate, RouteWish } from './routing.ts'

const line = (id: string, more: Partial<Candidate> = {}): Candidate => ({
  id: `line_${id}`,
  address: `+1555000000${id}`,
  services: ['imessage'],
  sends: true,
  simulated: false,
  paused: false,
  suspended: false,
  online: true,
  queued: 0,
  ...more,
})
const wish = (more: Partial<RouteWish> = {}): RouteWish => ({
  service: 'imessage',
  from: null,
  sticky: null,
  simulated: null,
  ...more,
})

describe('routing', () => {
  it('takes the line that was asked for, even when it is worse', () => {
    expect(route(wish({ from: 'line_2' }), [line('1'), line('2', { online: false, queued: 9 })])).toEqual({
      kind: 'line',
      line: 'line_2',
    })
  })

  it('names those that could, when the one asked for cannot', () => {
    const lines = [line('1', { services: ['sms'] }), line('2'), line('3', { sends: false })]
    expect(route(wish({ from: 'line_1' }), lines)).toEqual({ kind: 'cannot', able: ['+15550000002'] })
    expect(route(wish({ from: 'line_3' }), lines)).toEqual({ kind: 'cannot', able: ['+15550000002'] })
  })

  it('says that the one asked for is suspended', () => {
    expect(route(wish({ from: 'line_1' }), [line('1', { suspended: true })])).toEqual({
      kind: 'suspended',
      line: 'line_1',
    })
  })

  it('keeps a recipient on the line they know', () => {
    expect(route(wish({ sticky: 'line_2' }), [line('1'), line('2', { queued: 50 })])).toEqual({
      kind: 'line',
      line: 'line_2',
    })
  })

  it('else takes what works now, then the shortest queue', () => {
    const lines = [
      line('1', { online: false }),
      line('2', { queued: 3 }),
      line('3', { queued: 2 }),
      line('4', { paused: true }),
    ]
    expect(route(wish(), lines)).toEqual({ kind: 'line', line: 'line_3' })
  })

  it('waits for an offline line rather than fail', () => {
    expect(route(wish(), [line('1', { online: false })])).toEqual({ kind: 'line', line: 'line_1' })
  })

  it('says when nothing can do the service', () => {
    expect(route(wish({ service: 'sms' }), [line('1')])).toEqual({ kind: 'none' })
    expect(route(wish(), [])).toEqual({ kind: 'none' })
  })

  it('keeps a message on the kind of line it was accepted for', () => {
    const lines = [line('1', { simulated: true }), line('2', { online: false })]
    expect(route(wish({ simulated: true }), lines)).toEqual({ kind: 'line', line: 'line_1' })
    expect(route(wish({ simulated: false }), lines)).toEqual({ kind: 'line', line: 'line_2' })
    expect(route(wish({ simulated: false }), lines.slice(0, 1))).toEqual({ kind: 'none' })
    expect(route(wish({ simulated: true, sticky: 'line_2' }), lines)).toEqual({ kind: 'line', line: 'line_1' })
  })

  it('never picks a simulated line for an account that has a real one', () => {
    const simulated = line('1', { simulated: true })
    expect(route(wish(), [simulated])).toEqual({ kind: 'line', line: 'line_1' })
    expect(route(wish(), [simulated, line('2', { online: false, queued: 99 })])).toEqual({
      kind: 'line',
      line: 'line_2',
    })
    expect(route(wish({ sticky: 'line_1' }), [simulated, line('2')])).toEqual({ kind: 'line', line: 'line_2' })
    expect(route(wish({ from: 'line_1' }), [simulated, line('2')])).toEqual({ kind: 'line', line: 'line_1' })
  })
})
