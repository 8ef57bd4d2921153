/**
 * Choosing a line.
 * Proves: each refusal has its code and names what the caller can do; simulated lines never mix with real ones; a line whose queue is
 * longer than the message may wait is refused; two messages to a new recipient at once leave by one line.
 */
import { BluewireError } from '@bluewire/contract/errors'
import type { LineId } from '@bluewire/contract/ids'
import { describe, expect, it } from 'vitest'
import type { LineView } from '../../../store/store.ts'
import { chooseLine, needsSticky } from './choose-line.ts'
import type { Choice, LineWish } from './choose-line.ts'
import { givenTo, pageOf, reserve } from './line-book.ts'

const NOW = 1_000_000

function line(address: string, change: Partial<LineView> = {}): LineView {
  const id: LineId = `line_${address}`
  return {
    id,
    account: 'acct_1',
    address,
    services: ['imessage'],
    sends: true,
    simulated: false,
    pool: 'default',
    paused: false,
    pauseReason: null,
    suspended: false,
    tatMs: 0,
    gapMs: 1000,
    burst: 5,
    queued: 0,
    downgradedAtMs: null,
    node: {
      id: 'node_1',
      name: 'mac-1',
      isProvider: false,
      online: true,
      closedAtMs: null,
      health: 'ok',
      healthDetail: null,
      healthAtMs: null,
      provenAtMs: null,
      hold: null,
      driver: 'simulator',
      atMostOnce: true,
    },
    ...change,
  }
}

const A = line('+15005550001')
const B = line('+15005550002')
const SMS = line('+15005550003', { services: ['sms'] })
const SIMULATED = line('+15005550004', { simulated: true })

type Change = Partial<LineWish['send']> & Partial<Omit<LineWish, 'send'>>

function wish({ region = 'US', sticky = null, expiresInMs = 60_000, ...send }: Change = {}): LineWish {
  return {
    send: { service: 'imessage', plain: false, to: '+14155552671', from: null, fallback: false, ...send },
    region,
    sticky,
    expiresInMs,
    steadyMs: NOW,
  }
}

function choose(lines: LineView[], change: Change = {}): Choice {
  return chooseLine(pageOf(lines, 0), wish(change))
}

function refusal(lines: LineView[], change: Change = {}): BluewireError {
  try {
    choose(lines, change)
  } catch (error) {
    if (error instanceof BluewireError) return error
  }
  return expect.fail('it was not refused')
}

describe('the line', () => {
  it('is the one asked for, the one the recipient knows, else the best', () => {
    expect(choose([A, B], { from: '(500) 555-0002' })).toMatchObject({ line: B, asked: true })
    expect(choose([A, B], { sticky: B.id })).toMatchObject({ line: B, asked: false })
    expect(choose([{ ...A, queued: 3 }, B])).toMatchObject({ line: B })
    expect(choose([{ ...A, node: null }, B]).line?.id).toBe(A.id) // a provider's line is always online
  })

  it('may be a short code or a name, which are no numbers', () => {
    const [code, word] = ['72345', 'Bluewire'].map((address) => ({ ...SMS, id: `line_${address}` as const, address }))
    const lines = [code ?? SMS, word ?? SMS]
    expect(choose(lines, { service: 'sms', plain: true, from: ' 72345 ' }).line).toBe(code)
    expect(choose(lines, { service: 'sms', plain: true, from: 'Bluewire' }).line).toBe(word)
  })

  it('is never a simulated one for an account with a real line, unless it is named', () => {
    expect(choose([SIMULATED]).line).toBe(SIMULATED)
    expect(choose([SIMULATED, A]).line).toBe(A)
    expect(choose([SIMULATED, SMS])).toMatchObject({ line: null, failure: 'no_line' })
    expect(choose([SIMULATED, A], { from: SIMULATED.address }).line).toBe(SIMULATED)
  })

  it('fails the message where there is none, or only suspended ones', () => {
    expect(choose([])).toMatchObject({ line: null, failure: 'no_line' })
    expect(choose([SMS])).toMatchObject({ line: null, failure: 'no_line' })
    expect(choose([{ ...A, sends: false }])).toMatchObject({ failure: 'no_line' })
    expect(choose([{ ...A, suspended: true }])).toMatchObject({ failure: 'line_suspended' })
    const suspended = { ...A, suspended: true }
    expect(choose([suspended, B], { from: A.address })).toMatchObject({ line: suspended, failure: 'line_suspended' })
  })
})

describe('a refusal', () => {
  it.each<[string, string, LineView[], Change]>([
    ['missing_parameter', 'beta_features.imessage', [A], { plain: true, service: 'sms' }],
    ['recipient_is_own_line', 'to', [A, B], { to: B.address }],
    ['from_not_yours', 'beta_features.from', [A], { from: '+15005550009' }],
    ['from_not_yours', 'beta_features.from', [A], { from: 'my line' }],
    ['from_cannot', 'beta_features.from', [A, SMS], { from: SMS.address }],
    ['from_cannot', 'from', [A, SMS], { from: A.address, plain: true, service: 'sms' }],
    ['magic_number', 'to', [A], { to: '+15005550101' }],
    ['magic_number', 'to', [A, SIMULATED], { to: '+15005550108' }],
    ['fallback_impossible', 'beta_features.fallback', [A], { fallback: true }],
    ['fallback_impossible', 'beta_features.fallback', [A, { ...SMS, suspended: true }], { fallback: true }],
    ['fallback_impossible', 'beta_features.fallback', [A, { ...SMS, simulated: true }], { fallback: true }],
  ])('%s of %s', (...[code, field, lines, change]) => {
    const error = refusal(lines, change)
    expect([error.code, error.fields.map((f) => f.field)]).toEqual([code, [field]])
    expect(error.message).toMatch(/[.?]$/)
  })

  it('names the lines that can', () => {
    expect(refusal([A, SMS], { from: '+15005550009' }).message).toContain(`These can send iMessage: ${A.address}.`)
    expect(refusal([SMS], { from: SMS.address }).message).toContain('No line of this account can send iMessage.')
    const many = Array.from({ length: 12 }, (_, i) => line(`+150055501${10 + i}`))
    expect(refusal(many, { from: '+15005550009' }).message).toContain(' and 2 more.')
  })

  it('does not come to a test number on a simulated line, nor to a possible fallback', () => {
    expect(choose([SIMULATED], { to: '+15005550101' }).failure).toBeNull()
    expect(choose([A, SMS], { fallback: true }).failure).toBeNull()
  })
})

describe('a queue', () => {
  it('delays by the pace of its line', () => {
    expect(choose([{ ...A, queued: 4 }]).waitMs).toBe(0)
    expect(choose([{ ...A, queued: 14 }]).waitMs).toBe(10_000)
    expect(choose([{ ...A, queued: 14, gapMs: 0 }]).waitMs).toBe(0)
  })

  it('that is longer than the message may wait is refused, with the time when it will not be', () => {
    const error = refusal([{ ...A, queued: 74 }], { expiresInMs: 60_000 })
    expect([error.code, error.retryAfterS]).toEqual(['line_queue_full', 10])
    expect(choose([{ ...A, queued: 64 }], { expiresInMs: 60_000 }).waitMs).toBe(60_000)
  })

  it('counts what was accepted since the lines were read', () => {
    const page = pageOf([A, B], 0)
    for (let i = 0; i < 5; i++) reserve(page, A.id, { service: 'imessage', to: `+1415555267${i}` })
    reserve(page, A.id, { service: 'imessage', to: '+14155552679' })() // it was refused after all
    expect(chooseLine(page, wish()).line).toBe(B)
    expect(chooseLine(page, wish({ from: A.address })).waitMs).toBe(1000)
    expect(givenTo(page, { service: 'imessage', to: '+14155552670' })).toBe(A.id)
  })
})

it('looks the recipient up only where it matters', () => {
  expect(needsSticky(pageOf([A, SMS], 0), wish().send)).toBe(false)
  expect(needsSticky(pageOf([A, B], 0), wish().send)).toBe(true)
  expect(needsSticky(pageOf([A, B], 0), wish({ from: A.address }).send)).toBe(false)
})
