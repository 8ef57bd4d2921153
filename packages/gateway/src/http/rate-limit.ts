/**
 * How many requests a token may make: a bucket per token, in memory. It protects this gateway from a client that runs away; it is
 * per gateway and forgets at restart, unlike the pacing of lines, which is durable.
 */
import { BluewireError } from '@bluewire/contract/errors'
import type { TokenId } from '@bluewire/contract/ids'
import type { Clock } from '@bluewire/platform/clock'

type Bucket = { left: number; atMs: number }

export type RateVerdict = Readonly<{ allowed: boolean; headers: Readonly<Record<string, string>> }>

/** Above this many, buckets that are full again are forgotten: a full bucket and none are the same. */
const BUCKETS_MAX = 10_000

export class TokenBuckets {
  readonly #buckets = new Map<TokenId, Bucket>()
  readonly #ratePerMs: number
  readonly #burst: number
  readonly #clock: Clock
  readonly #policy: string

  constructor(limits: { tokenRatePerS: number; tokenBurst: number }, clock: Clock) {
    this.#ratePerMs = limits.tokenRatePerS / 1000
    this.#burst = limits.tokenBurst
    this.#clock = clock
    this.#policy = `"token";q=${this.#burst};w=${Math.max(1, Math.ceil(this.#burst / limits.tokenRatePerS))}`
  }

  /** Takes one request out of the token's bucket. The headers go with whatever the answer is. */
  take(token: TokenId): RateVerdict {
    const bucket = this.#refilled(token)
    const allowed = bucket.left >= 1
    if (allowed) bucket.left -= 1
    const fullInS = Math.ceil((this.#burst - bucket.left) / this.#ratePerMs / 1000)
    return {
      allowed,
      headers: { 'ratelimit-policy': this.#policy, ratelimit: `"token";r=${Math.floor(bucket.left)};t=${fullInS}` },
    }
  }

  #refilled(token: TokenId): Bucket {
    const nowMs = this.#clock.monotonicMs()
    const known = this.#buckets.get(token)
    if (known !== undefined) {
      known.left = Math.min(this.#burst, known.left + (nowMs - known.atMs) * this.#ratePerMs)
      known.atMs = nowMs
      return known
    }
    if (this.#buckets.size >= BUCKETS_MAX) this.#forgetFull(nowMs)
    const bucket = { left: this.#burst, atMs: nowMs }
    this.#buckets.set(token, bucket)
    return bucket
  }

  #forgetFull(nowMs: number): void {
    for (const [token, bucket] of this.#buckets) {
      if (bucket.left + (nowMs - bucket.atMs) * this.#ratePerMs >= this.#burst) this.#buckets.delete(token)
    }
  }
}

export function rateLimited(): BluewireError {
  return new BluewireError(
    'rate_limited',
    'This token makes too many requests. Wait as long as Retry-After says; the RateLimit headers tell how many are left.',
    { retryAfterS: 1 },
  )
}
