/**
 * Table B of docs/send-text.md. Its inputs and results are those of the fixture that the contract, the SDK and the portal run as well;
 * here each goes through the whole API, and each input that the page prints must be in the fixture.
 */
import fixture from '@bluewire/contract/fixtures/recipients.json' with { type: 'json' }
import type { LightMyRequestResponse } from 'fastify'
import { expect } from 'vitest'
import type { HttpWorld, Tenant } from './http-world.ts'
import { LINE, SMS_LINE } from './http-world.ts'
import { bodyOf } from './row-check.ts'
import type { RowTest } from './row-check.ts'
import { quoted } from './send-text-page.ts'
import type { Row } from './send-text-page.ts'

type Entry = Readonly<{
  row: string
  input: string
  region: string
  body: string
  imessage?: boolean
  needs?: string
  expect: Readonly<{ e164?: string; email?: string; error?: string; mentions?: readonly string[] }>
}>

const ENTRIES: readonly Entry[] = fixture

/** The line that row B14 writes to. */
const OWN_LINE = '+14155550100'

const tenants = new Map<string, Promise<Tenant>>()

function tenantOf(world: HttpWorld, region: string): Promise<Tenant> {
  const known = tenants.get(region)
  if (known !== undefined) return known
  const made = world.tenant({ region }).then(async (tenant) => {
    const lines = [{ address: LINE }, { address: SMS_LINE, services: ['sms' as const] }, { address: OWN_LINE }]
    await world.node(tenant, { lines })
    return tenant
  })
  tenants.set(region, made)
  return made
}

async function sendTo(world: HttpWorld, entry: Entry): Promise<LightMyRequestResponse> {
  const tenant = await tenantOf(world, entry.region)
  // Rows about numbers ask for an iMessage; those that need the account's view of an e-mail address do not.
  const imessage = entry.imessage ?? !entry.input.includes('@')
  const message = 'Hello'
  const body =
    entry.body === 'form'
      ? new URLSearchParams({ to: entry.input, message, 'beta_features[imessage]': String(imessage) }).toString()
      : { to: entry.input, message, beta_features: { imessage } }
  return world.send(tenant, body, { prefer: 'respond-async' })
}

/** Every entry of the row, with its promised answer; then the page's own claims. */
async function run(world: HttpWorld, row: Row): Promise<readonly LightMyRequestResponse[]> {
  const entries = ENTRIES.filter((entry) => entry.row === row.id)
  const responses = await Promise.all(entries.map((entry) => sendTo(world, entry)))
  entries.forEach((entry, i) => {
    const response = responses[i] ?? expect.fail()
    const body = bodyOf(response)
    const about = `${row.id} ${JSON.stringify(entry.input)} ${entry.region} ${entry.body}: ${response.payload}`
    const { e164, email, error, mentions = [] } = entry.expect
    if (error === undefined) expect([response.statusCode, body.to], about).toEqual([200, e164 ?? email])
    else expect([response.statusCode, body.data?.code], about).toEqual([400, error])
    for (const mention of mentions) expect(body.message, about).toContain(mention)
  })
  checkPage(row, entries)
  return row.statuses.map(
    (status) => responses.find((r) => r.statusCode === status) ?? expect.fail(`${row.id}: no ${status}`),
  )
}

function checkPage(row: Row, entries: readonly Entry[]): void {
  const inputs = entries.map((entry) => entry.input)
  for (const printed of quoted(row.cells[1] ?? '').filter(isRecipient)) {
    const isOther = printed === '+447700900123' // the row's other result
    if (!isOther) expect(inputs, `${row.id} of the page prints ${printed}`).toContain(printed)
  }
  const results = new Set(entries.map(({ expect: e }) => e.e164 ?? e.email ?? e.error))
  for (const promised of row.words)
    expect([...results], `${row.id} of the page promises ${promised}`).toContain(promised)
}

/** Words of the prose are in backticks as well. */
function isRecipient(text: string): boolean {
  return !/^(?:to=.*|imessage: true|fallback|X-Bluewire-Notice|\+|0)$/.test(text)
}

export const ROWS_B: Readonly<Record<string, RowTest>> = {
  B1: run,
  B2: run,
  B3: run,
  B4: run,
  B5: run,
  B6: run,
  B7: run,
  B8: run,
  B9: run,
  B10: run,
  B11: run,

  async B12(world, row) {
    const tenant = await tenantOf(world, 'US')
    const raw = await world.send(tenant, 'to=+6592345678&message=Hi&beta_features[imessage]=true')
    expect([raw.statusCode, bodyOf(raw).to]).toEqual([200, '+6592345678'])
    const json = await world.send(tenant, { to: ' 6592345678', message: 'Hi', beta_features: { imessage: true } })
    expect(bodyOf(json).to).toBe('+16592345678')
    return [...(await run(world, row)), raw]
  },

  async B13(world, row) {
    const tenant = await tenantOf(world, 'US')
    const beta_features = { imessage: true, fallback: true }
    const sent = await world.send(tenant, { to: 'Ann@Example.com', message: 'Hi', beta_features })
    expect([sent.statusCode, bodyOf(sent).to]).toEqual([200, 'Ann@example.com'])
    expect(sent.headers['x-bluewire-notice']).toContain('fallback was ignored')
    return run(world, row)
  },

  B14: run,
  B15: run,
  B16: run,
}
