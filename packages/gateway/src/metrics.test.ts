/** Proves: however many words nodes make up for their reasons, the number of series stays that of the catalogue. */
import { expect, test } from 'vitest'
import { createMetrics, reasonLabel } from './metrics.ts'

test.each([
  ['', 'none'],
  ['send_refused', 'send_refused'],
  ['apple_error_22', 'recipient_not_on_imessage'],
  ['apple_error_-1728', 'apple_error'],
  ['node_lost', 'other'],
  ['quota_exceeded', 'other'], // in the catalogue, but no message fails with it
  ['made up by a node', 'other'],
  ['toString', 'other'],
])('%j is counted as %s', (reason, label) => {
  expect(reasonLabel(reason)).toBe(label)
})

test('a thousand words make one series', async () => {
  const { outcomes } = createMetrics({ queues: () => Promise.resolve([]) })
  for (let i = 0; i < 1000; i++) outcomes.inc({ status: 'failed', reason: reasonLabel(`word_${i}`) })
  expect((await outcomes.get()).values).toMatchObject([{ labels: { reason: 'other' }, value: 1000 }])
})
