/**
 * The suite itself.
 * Proves: a provider that breaks a rule is found out, rule by rule; an honest one is not.
 * World: the simulated provider behind a wrapper that lies.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Provider, ProviderOutcome } from '@bluewire/drivers/provider'
import { CASES, hindranceOf, runCase } from './cases.ts'
import type { Peer } from './peer.ts'
import { startSimulatorPeer } from './simulator-peer.ts'

type Lie = (honest: Provider, peer: Peer) => Partial<Provider>

/** As the honest one, but for what it lies about. */
function lying(honest: Provider, lies: Partial<Provider>): Provider {
  return new Proxy(honest, {
    get: (target, key) => {
      const lie = key in lies ? lies[key as keyof Provider] : undefined
      if (lie !== undefined) return lie
      const value = Reflect.get(target, key, target) as unknown
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

const outcomeThrough =
  (change: (outcome: ProviderOutcome) => ProviderOutcome): Lie =>
  (honest) => ({ send: async (sms, mayLeave) => change(await honest.send(sms, mayLeave)) })

const LIES: Record<string, Lie> = {
  'says sent where nothing is known': outcomeThrough((outcome) =>
    outcome.kind === 'unknown' ? { kind: 'sent', refs: [] } : outcome,
  ),
  'says not sent where nothing is known': outcomeThrough((outcome) =>
    outcome.kind === 'unknown' ? { kind: 'not_sent', class: 'never_handed', reason: 'no_answer' } : outcome,
  ),
  'says unknown where it was refused': outcomeThrough((outcome) =>
    outcome.kind === 'not_sent' ? { kind: 'unknown', reason: 'x' } : outcome,
  ),
  'does not say how long to rest': outcomeThrough((outcome) => {
    if (outcome.kind !== 'not_sent') return outcome
    const { retryAfterMs: _, ...rest } = outcome
    return rest
  }),
  'tries again by itself': (honest) => ({
    send: async (sms, mayLeave) => {
      const outcome = await honest.send(sms, mayLeave)
      return outcome.kind === 'unknown' ? honest.send(sms, mayLeave) : outcome
    },
  }),
  'does not ask whether it may leave': (honest) => ({ send: (sms) => honest.send(sms, () => true) }),
  'changes the text': (honest) => ({
    send: (sms, mayLeave) => honest.send({ ...sms, body: sms.body.trim() }, mayLeave),
  }),
  'cuts the text': (honest) => ({
    send: (sms, mayLeave) => honest.send({ ...sms, body: sms.body.slice(0, 160) }, mayLeave),
  }),
  'takes absence for proof': () => ({ lookUp: async () => ({ kind: 'not_sent', class: 'never_handed', reason: 'x' }) }),
  'tells the number in a detail': (honest) => ({
    send: async (sms, mayLeave) => {
      const outcome = await honest.send(sms, mayLeave)
      return outcome.kind === 'not_sent' ? { ...outcome, detail: `${sms.to} is barred` } : outcome
    },
  }),
  'names no message in a receipt': (honest) => ({
    start: (events) =>
      honest.start({
        ...events,
        receipt: ({ attempt: _, ...receipt }) => events.receipt({ ...receipt, ref: 'another' }),
        inbound: (message) => events.inbound(message),
        changed: () => events.changed(),
      }),
  }),
}

describe('the conformance suite', () => {
  let peer: Peer
  beforeEach(async () => {
    peer = await startSimulatorPeer()
  })
  afterEach(() => peer.stop())

  async function brokenCases(lie: Lie): Promise<string[]> {
    const liar: Peer = Object.create(peer, {
      connect: { value: () => { const honest = peer.connect(); return lying(honest, lie(honest, peer)) } },
      recipient: { get: () => peer.recipient },
    }) as Peer // prettier-ignore
    const broken: string[] = []
    for (const one of CASES.filter((each) => hindranceOf(each, liar) === null)) {
      await runCase(one, liar).catch(() => broken.push(one.title))
    }
    return broken
  }

  it('finds nothing in an honest provider', async () => {
    expect(await brokenCases(() => ({}))).toEqual([])
  })

  it.each(Object.keys(LIES))('finds out one that %s', async (name) => {
    const lie = LIES[name]
    expect.assert(lie)
    expect(await brokenCases(lie)).not.toEqual([])
  })
})
