/**
 * Table D of docs/send-text.md, each row on the quick start.
 * Proves: what a caller is answered and what reaches the phones, when an iMessage becomes an SMS, when it never does, and for plain SMS.
 * World: `npm start` as a process; the last row runs the gateway alone on the same folder, so that its node is away.
 */
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { readRows } from '../http/send-text-page.ts'
import { Command, freePort, GATEWAY, LAUNCHER, newFolder, run } from './command.ts'
import { sentRows, startQuickstart, stop } from './quickstart-story.ts'
import type { Story } from './quickstart-story.ts'

type Answer = Readonly<{ http: number; body: Record<string, unknown> }>
type Message = Readonly<{
  status: string
  type: string
  timeline: ReadonlyArray<{ type: string; data: Record<string, unknown> }>
}>

const FALLBACK = { imessage: true, fallback: true }
const DATA_DIR = join(newFolder(), 'data')
const rows = readRows()
let story: Story

beforeAll(async () => {
  story = await startQuickstart(DATA_DIR, { isForAllTests: true })
})

async function send(to: string, more: object, where: Pick<Story, 'url' | 'token'> = story): Promise<Answer> {
  const response = await fetch(`${where.url}/send/text`, {
    method: 'POST',
    headers: { authorization: `Token ${where.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ to, message: `To ${to}`, ...more }),
  })
  return { http: response.status, body: (await response.json()) as Record<string, unknown> }
}

async function message({ body }: Answer, where: Pick<Story, 'url' | 'token'> = story): Promise<Message> {
  const id = String(body['message_id'])
  const response = await fetch(`${where.url}/messages/${id}`, { headers: { authorization: `Token ${where.token}` } })
  return (await response.json()) as Message
}

/** Texts of either service that reached the phone. */
function services(to: string): unknown[] {
  return sentRows(DATA_DIR)
    .filter((row) => row['to'] === to)
    .map((row) => row['service'])
}

const crumbs = ({ body }: Answer) => body['crumbs'] as Record<string, unknown>

const ROWS: Readonly<Record<string, () => Promise<void>>> = {
  D1: () => arrivesAsSms('+15005550101'),
  D2: () => arrivesAsSms('+15005550102'),

  async D3() {
    const to = '+15005550106'
    const answer = await send(to, { beta_features: FALLBACK })
    expect([answer.http, answer.body['status']]).toEqual([200, 'unknown'])
    expect(answer.body['message']).toMatch(/^Accepted: outcome not known yet/)
    expect(services(to)).toEqual(['imessage'])
  },

  async D4() {
    const to = '+15005550109'
    const answer = await send(to, { beta_features: FALLBACK })
    expect([answer.http, answer.body['message']]).toEqual([200, 'Successfully sent'])
    expect(services(to)).toEqual(['imessage'])
  },

  async D5() {
    const to = '+15005550116'
    const answer = await send(to, { beta_features: FALLBACK })
    expect(answer.http).toBe(500)
    expect(answer.body['message']).toMatch(/is not on iMessage; and as SMS: .* cannot get an SMS/)
    expect(services(to)).toEqual([])
  },

  async D6() {
    const account = ['node', LAUNCHER, join(import.meta.dirname, '../../src/admin/main.ts')] as const
    const admin = async (...words: string[]) => {
      const env = { BLUEWIRE_DATA_DIR: DATA_DIR }
      const { code, stdout, stderr } = await run([...account, ...words, '--json'] as [string, ...string[]], { env })
      expect([code, stderr]).toEqual([0, ''])
      return JSON.parse(stdout) as Record<string, string>
    }
    const before = sentRows(DATA_DIR).length
    expect(await admin('provider', 'line-remove', 'quickstart', '+15005550002')).toMatchObject({ removed: true })
    const refused = await send('+15005550101', { beta_features: FALLBACK })
    expect([refused.http, (refused.body['data'] as Record<string, unknown>)['code']]).toEqual([
      400,
      'fallback_impossible',
    ])
    expect(sentRows(DATA_DIR)).toHaveLength(before)
    await admin('provider', 'line-add', 'quickstart', '+15005550002')
  },

  async D8() {
    const answer = await send('+15005550111', {})
    expect([answer.http, crumbs(answer)['type']]).toEqual([500, 'sms'])
    expect(services('+15005550111')).toEqual([])
  },

  async D9() {
    const answer = await send('+15005550112', {})
    expect([answer.http, answer.body['status'], crumbs(answer)['type']]).toEqual([200, 'unknown', 'sms'])
    expect(services('+15005550112')).toEqual(['sms'])
  },

  async D10() {
    const answer = await send('+15005550113', {})
    expect(answer.http).toBe(200)
    expect(answer.body['message']).toMatch(/^(Successfully sent|Accepted: being sent)$/)
    await expect.poll(async () => (await message(answer)).status, { timeout: 10_000 }).toMatch(/^(sent|delivered)$/)
    expect(services('+15005550113')).toEqual(['sms'])
  },

  async D11() {
    const before = Number(crumbs(await send('+14155550101', {}))['quota'])
    const answer = await send('+14155550102', { message: 'a'.repeat(161) })
    expect(crumbs(answer)).toMatchObject({ type: 'sms', quota: before + 1 })
    const dispatched = (await message(answer)).timeline.find((entry) => entry.type === 'message.dispatched')
    expect(dispatched?.data).toMatchObject({ service: 'sms', segments: 2 })
  },

  /** Last: it ends the quick start. The wait is a setting, and 60 s is its default (docs/configuration.md). */
  async D7() {
    await stop(story)
    const port = await freePort()
    const env = {
      BLUEWIRE_DATA_DIR: DATA_DIR,
      BLUEWIRE_PORT: String(port),
      BLUEWIRE_SEND_WAIT: '500ms',
      BLUEWIRE_OFFLINE_FALLBACK_AFTER: '2s',
    }
    const gateway = new Command(['node', LAUNCHER, GATEWAY], { env })
    await gateway.until(({ stdout }) => stdout.includes('"ready"'))
    const where = { url: `http://127.0.0.1:${port}`, token: story.token }
    const to = '+14155550107'
    const answer = await send(to, { beta_features: FALLBACK }, where)
    expect([answer.http, answer.body['status']]).toEqual([200, 'queued'])
    expect(answer.body['message']).toMatch(/^Accepted: waiting for node quickstart, /)
    await expect
      .poll(async () => (await message(answer, where)).status, { timeout: 15_000 })
      .toMatch(/^(sent|delivered)$/)
    expect((await message(answer, where)).type).toBe('sms')
    expect(services(to)).toEqual(['sms'])
  },
}

async function arrivesAsSms(to: string): Promise<void> {
  const answer = await send(to, { beta_features: FALLBACK })
  expect([answer.http, answer.body['message']]).toEqual([200, 'Successfully sent'])
  expect(crumbs(answer)['type']).toBe('sms')
  expect(services(to)).toEqual(['sms'])
}

it('has a test for each row, and a row for each test', () => {
  const documented = [...rows.keys()].filter((id) => id.startsWith('D'))
  expect(Object.keys(ROWS).sort()).toEqual(documented.sort())
})

describe('table D', () => {
  it.each(Object.keys(ROWS).map((id) => [id, rows.get(id)?.cells[1] ?? 'no such row'] as const))('%s: %s', (id) =>
    ROWS[id]?.(),
  )
})
