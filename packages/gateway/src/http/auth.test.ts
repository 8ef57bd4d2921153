/**
 * Tokens in requests.
 * Proves: every way clients of the hosted service write a token is read; a token's requests are limited by its rate and burst, others'
 * are not touched; lookups of one turn share a read and nothing is remembered beyond it; a new token has 256 random bits.
 */
import { setImmediate } from 'node:timers/promises'
import { systemClock } from '@bluewire/platform/clock'
import type { Clock } from '@bluewire/platform/clock'
import { describe, expect, it } from 'vitest'
import { newToken, tokenHash, TOKEN_PREFIX } from '../accounts/tokens.ts'
import { CallerLookup, readToken } from './auth.ts'
import { TokenBuckets } from './rate-limit.ts'

describe('readToken', () => {
  it.each<[Record<string, string>, string | null]>([
    [{ authorization: 'Token abc' }, 'abc'],
    [{ authorization: 'Bearer abc' }, 'abc'],
    [{ authorization: 'TOKEN  abc ' }, 'abc'],
    [{ 'x-api-key': 'abc' }, 'abc'],
    [{ 'x-api-key': 'Token abc' }, 'abc'],
    [{ authorization: 'Token abc', 'x-api-key': 'other' }, 'abc'],
    [{ authorization: 'Basic eDp5', 'x-api-key': 'abc' }, 'abc'],
    [{}, null],
    [{ authorization: 'abc' }, null],
    [{ authorization: 'Token' }, null],
    [{ authorization: 'Token a b' }, null],
    [{ authorization: 'Basic eDp5' }, null],
    [{ authorization: `Token ${'x'.repeat(513)}` }, null],
  ])('%o', (headers, token) => {
    expect(readToken(headers)).toBe(token)
  })
})

describe('the rate of a token', () => {
  const clock = (): Clock & { ms: number } => {
    const at = { ms: 0 }
    return Object.assign(at, { ...systemClock, monotonicMs: () => at.ms })
  }

  it('is a burst and then a steady rate', () => {
    const time = clock()
    const buckets = new TokenBuckets({ tokenRatePerS: 100, tokenBurst: 200 }, time)
    const take = (n: number): number =>
      Array.from({ length: n }, () => buckets.take('tok_1')).filter((v) => v.allowed).length
    expect(take(300)).toBe(200)
    time.ms += 1000
    expect(take(300)).toBe(100)
    time.ms += 10
    expect(take(5)).toBe(1)
    time.ms += 3600_000
    expect(take(300)).toBe(200)
    expect(buckets.take('tok_2').allowed).toBe(true)
  })

  it('is told in every answer', () => {
    const buckets = new TokenBuckets({ tokenRatePerS: 100, tokenBurst: 200 }, clock())
    const headers = buckets.take('tok_1').headers
    expect(headers).toEqual({ 'ratelimit-policy': '"token";q=200;w=2', ratelimit: '"token";r=199;t=1' })
  })
})

it('asks once a turn, and again in the next', async () => {
  let asked = 0
  const store = {
    tokenByHash: () => {
      asked++
      return Promise.resolve(undefined)
    },
  }
  const callers = new CallerLookup(store, systemClock)
  await Promise.all([callers.find('a'), callers.find('a'), callers.find('b')])
  expect(asked).toBe(2)
  await setImmediate()
  await callers.find('a')
  expect(asked).toBe(3)
})

it('makes tokens that cannot be guessed, and keeps only their hash', () => {
  const made = newToken()
  expect(made.token).toMatch(new RegExp(`^${TOKEN_PREFIX}[\\w-]{43}$`))
  expect(made.hash).toBe(tokenHash(made.token))
  expect(made.hash).toMatch(/^[0-9a-f]{64}$/)
  expect(made.token.endsWith(made.hint)).toBe(true)
  expect(new Set(Array.from({ length: 100 }, () => newToken().token)).size).toBe(100)
  expect(newToken('bw_').token.startsWith('bw_')).toBe(true)
})
