/** What comes back later: receipts and inbound messages. Acknowledged only once they are stored. */
import assert from 'node:assert/strict'
import type { OutgoingSms, ProviderOutcome, ProviderReceipt } from '@bluewire/drivers/provider'
import { shortReference } from '@bluewire/contract/short-reference'
import { until } from '@bluewire/testkit/stories/until'
import { aCase } from './case.ts'
import type { Case } from './case.ts'
import type { World } from './world.ts'
import { LINE } from './world.ts'

const SHORT_MS = 500
const WRITER = '+14155557777'

/** The receipt can be matched: by the attempt that it names, by an id that `sent` gave, or by a reference that only we can have made. */
function isOf(receipt: ProviderReceipt, sms: OutgoingSms, outcome?: ProviderOutcome): boolean {
  if (receipt.attempt !== undefined) return receipt.attempt === sms.attempt
  if (outcome?.kind === 'sent' && receipt.ref !== null) return outcome.refs.includes(receipt.ref)
  return receipt.reference !== undefined && receipt.reference === shortReference(sms.attempt, receipt.part ?? 1)
}

async function sendOne(world: World): Promise<{ sms: OutgoingSms; outcome: ProviderOutcome }> {
  await world.connect()
  const sms = world.sms()
  const outcome = await world.send(sms)
  assert.equal(outcome.kind, 'sent', JSON.stringify(outcome))
  return { sms, outcome }
}

async function firstReceipt(world: World): Promise<ProviderReceipt> {
  return until('a receipt', () => world.reported.receipts[0])
}

const receipts: readonly Case[] = [
  aCase('a receipt says which message was delivered', 'receipts', async (world) => {
    const { sms, outcome } = await sendOne(world)
    assert(await world.peer.receipt('delivered'), 'it was not acknowledged')
    const receipt = await firstReceipt(world)
    assert.equal(receipt.fact, 'delivered')
    assert(isOf(receipt, sms, outcome), `it cannot be matched: ${JSON.stringify(Object.keys(receipt))}`)
    assert(receipt.to === null || receipt.to === sms.to, 'it is of somebody else')
    assert(Math.abs(receipt.atMs - Date.now()) < 36 * 3_600_000, 'it happened at another time')
  }),
  aCase('a receipt says that a message failed, and why', 'failed_receipts', async (world) => {
    const { sms, outcome } = await sendOne(world)
    assert(await world.peer.receipt('failed'), 'it was not acknowledged')
    const receipt = await firstReceipt(world)
    assert.equal(receipt.fact, 'failed')
    assert(receipt.reason, 'it gives no reason')
    assert(isOf(receipt, sms, outcome), 'it cannot be matched')
  }),
  aCase('a receipt that comes three times is acknowledged three times', 'receipts', 'repetition', async (world) => {
    const { sms, outcome } = await sendOne(world)
    assert(await world.peer.receipt('delivered', { times: 3 }), 'it was not acknowledged')
    assert(world.reported.receipts.length >= 1)
    for (const receipt of world.reported.receipts) assert(isOf(receipt, sms, outcome), 'it cannot be matched')
  }),
  aCase(
    'a receipt before the answer is reported, and can be matched',
    'receipt_early',
    'answer_late',
    async (world) => {
      await world.connect()
      await world.peer.behave('answer_late')
      const sms = world.sms()
      const sending = world.send(sms)
      await world.arrives(1)
      assert(await world.peer.receipt('delivered'), 'it was not acknowledged')
      const receipt = await firstReceipt(world)
      assert(isOf(receipt, sms, await sending), 'it cannot be matched')
    },
  ),
  aCase('a receipt settles a message whose answer was lost', 'receipts', 'lose_answer', async (world) => {
    await world.connect({ answerWithinMs: SHORT_MS })
    await world.peer.behave('lose_answer')
    const sms = world.sms()
    const outcome = await world.send(sms)
    assert.equal(outcome.kind, 'unknown')
    assert(await world.peer.receipt('delivered'), 'it was not acknowledged')
    const receipt = await firstReceipt(world)
    // By the attempt, by our reference, or by what the text, the recipient and the time still allow.
    const isNamed = receipt.attempt !== undefined || receipt.reference !== undefined
    assert(isNamed ? isOf(receipt, sms) : receipt.to === sms.to, 'it says nothing to match it by')
  }),
  aCase(
    'a receipt that cannot be stored is not acknowledged, and taken when it comes again',
    'receipts',
    'repetition',
    async (world) => {
      const { sms, outcome } = await sendOne(world)
      world.reported.failing = true
      assert(!(await world.peer.receipt('delivered')), 'it was acknowledged')
      world.reported.failing = false
      await until('it works again', () => world.provider.isReady)
      assert(await world.peer.receipt('delivered'), 'it was not acknowledged')
      const receipt = await firstReceipt(world)
      assert(isOf(receipt, sms, outcome), 'it cannot be matched')
    },
  ),
]

const inbound: readonly Case[] = [
  aCase('a message to us is reported as it was written', 'inbound', async (world) => {
    await world.connect()
    const body = 'Hällo 🎉 \\ "quoted" <b>&amp; 100 %'
    assert(await world.peer.write({ from: WRITER, line: LINE, body, id: 'in-1' }), 'it was not acknowledged')
    const [message] = world.reported.inbounds
    assert.deepEqual(
      { from: message?.from, line: message?.line, body: message?.body },
      { from: WRITER, line: LINE, body },
    )
    assert(message && message.guid.length > 0, 'it has no id')
    assert(Math.abs(message.dateMs - Date.now()) < 36 * 3_600_000, 'it was written at another time')
  }),
  aCase('the same message again has the same id; another one has another', 'inbound', 'repetition', async (world) => {
    await world.connect()
    const written = { from: WRITER, line: LINE, body: 'yes' }
    for (const id of ['in-2', 'in-2', 'in-3'])
      assert(await world.peer.write({ ...written, id }), 'it was not acknowledged')
    const guids = world.reported.inbounds.map(({ guid }) => guid)
    assert.equal(guids.length, 3)
    assert.equal(guids[0], guids[1])
    assert.notEqual(guids[0], guids[2])
  }),
  aCase(
    'a message that cannot be stored is not acknowledged, and taken when it comes again',
    'inbound',
    'repetition',
    async (world) => {
      await world.connect()
      const written = { from: WRITER, line: LINE, body: 'STOP', id: 'in-4' }
      world.reported.failing = true
      assert(!(await world.peer.write(written)), 'it was acknowledged')
      world.reported.failing = false
      await until('it works again', () => world.provider.isReady)
      assert(await world.peer.write(written), 'it was not acknowledged')
      assert.equal(world.reported.inbounds.length, 1)
    },
  ),
]

export const REPORT_CASES: readonly Case[] = [...receipts, ...inbound]
