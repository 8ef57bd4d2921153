/**
 * Repeats of inbound messages.
 * Proves: what was refused, or perhaps not acknowledged, has the guid of before; a second "yes" has another; after a restart a repeat still
 * has the guid of before, and tomorrow's message another.
 */
import { describe, expect, it } from 'vitest'
import { SmppIdentity } from './smpp-identity.ts'

const YES = { source: '+1', destination: '+2', text: 'yes', id: null, reference: null }
const NOON = Date.UTC(2026, 10, 2, 12)
const SECOND = 1_000

describe('an inbound message', () => {
  it('that was stored and comes on the same connection is another', () => {
    const identity = new SmppIdentity()
    const first = identity.identify(YES, { connection: 1, nowMs: NOON })
    first.settled(true)
    expect(identity.identify(YES, { connection: 1, nowMs: NOON + SECOND }).guid).not.toBe(first.guid)
  })

  it('that was refused is the same', () => {
    const identity = new SmppIdentity()
    const first = identity.identify(YES, { connection: 1, nowMs: NOON })
    first.settled(false)
    const again = identity.identify(YES, { connection: 1, nowMs: NOON + 3_600 * SECOND })
    expect(again.guid).toBe(first.guid)
    again.settled(true)
    expect(identity.identify(YES, { connection: 1, nowMs: NOON + 3_601 * SECOND }).guid).not.toBe(first.guid)
  })

  it.each([
    ['at once, while the first is being stored: a person', 1, SECOND, false],
    ['after a while, while the first is being stored: the SMSC', 1, 6 * SECOND, true],
    ['on the next connection: the SMSC', 2, SECOND, true],
  ])('that comes %s', (...[, connection, afterMs, isSame]) => {
    const identity = new SmppIdentity()
    const { guid } = identity.identify(YES, { connection: 1, nowMs: NOON })
    expect(identity.identify(YES, { connection, nowMs: NOON + afterMs }).guid === guid).toBe(isSame)
  })

  it.each([
    [60 * SECOND, true],
    [180 * SECOND, false],
  ])('that was stored, and comes on the next connection %i ms later', (afterMs, isSame) => {
    const identity = new SmppIdentity()
    const first = identity.identify(YES, { connection: 1, nowMs: NOON })
    first.settled(true)
    expect(identity.identify(YES, { connection: 2, nowMs: NOON + afterMs }).guid === first.guid).toBe(isSame)
  })

  it('that comes to another process soon is the same, and a day later another', () => {
    const guidAt = (nowMs: number): string => new SmppIdentity().identify(YES, { connection: 1, nowMs }).guid
    expect(guidAt(NOON + 60 * SECOND)).toBe(guidAt(NOON))
    expect(guidAt(NOON + 86_400 * SECOND)).not.toBe(guidAt(NOON))
  })

  it('with an id is known by it for ever', () => {
    const guidOf = (id: string, nowMs: number): string =>
      new SmppIdentity().identify({ ...YES, id }, { connection: 1, nowMs }).guid
    expect(guidOf('a', NOON)).toBe(guidOf('a', NOON + 86_400 * SECOND))
    expect(guidOf('a', NOON)).not.toBe(guidOf('b', NOON))
  })

  it('is forgotten after 5,000 others', () => {
    const identity = new SmppIdentity()
    const { guid } = identity.identify(YES, { connection: 1, nowMs: NOON })
    for (let i = 0; i < 5_000; i++) identity.identify({ ...YES, text: `${i}` }, { connection: 1, nowMs: NOON })
    expect(identity.identify(YES, { connection: 1, nowMs: NOON + 3_600 * SECOND }).guid).not.toBe(guid)
  })
})
