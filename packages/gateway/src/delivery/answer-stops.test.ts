/** Proves: a STOP is confirmed with the operator's text, by the line it came in on; without a text nothing is answered. */
import { expect, test } from 'vitest'
import type { InboundFrame } from '@bluewire/contract/node-protocol/node-frames'
import type { NewMessage, Stopped, Store } from '../store/store.ts'
import { answerStops } from './answer-stops.ts'

const STOPPED: Stopped = {
  account: 'acct_1',
  line: 'line_1',
  service: 'sms',
  recipient: '+14155552671',
  simulated: true,
}

function bench(text: string | null, accept: () => Promise<unknown> = () => Promise.resolve()) {
  const accepted: NewMessage[] = []
  const errors: unknown[] = []
  const store = {
    inbound: () => Promise.resolve({ kind: 'done', stopped: [STOPPED] }),
    providerInbound: () => Promise.resolve({ kind: 'done', stopped: [] }),
    accept: (message: NewMessage) => {
      accepted.push(message)
      return accept()
    },
  } as unknown as Store
  let n = 0
  const replies = text === null ? null : { text, ulid: () => `${n++}`, onError: (error: unknown) => errors.push(error) }
  return { accepted, errors, store: answerStops(store, replies) }
}

const session = { node: 'node_1', epoch: 1 } as const

test('it is confirmed, exempt from the very STOP', async () => {
  const b = bench('You get no more messages.')
  await b.store.inbound(session, {} as InboundFrame)
  expect(b.accepted).toMatchObject([
    { ...STOPPED, id: 'text_0', body: 'You get no more messages.', exempt: true, country: 'US', fallback: false },
  ])
})

test('nothing is answered without a text, nor to what was no STOP', async () => {
  const silent = bench(null)
  await silent.store.inbound(session, {} as InboundFrame)
  const b = bench('Bye')
  await b.store.providerInbound({ node: 'prov_1', epoch: 1 }, {} as Parameters<Store['providerInbound']>[1])
  expect([silent.accepted, b.accepted]).toEqual([[], []])
})

test('a confirmation that cannot be stored takes nothing with it', async () => {
  const b = bench('Bye', () => Promise.reject(new Error('full')))
  expect(await b.store.inbound(session, {} as InboundFrame)).toMatchObject({ kind: 'done' })
  await Promise.resolve()
  expect(b.errors).toHaveLength(1)
})
