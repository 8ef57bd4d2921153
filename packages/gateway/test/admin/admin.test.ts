/**
 * The admin command.
 * Proves: each noun and verb does what it says, on a store of its own and beside a running gateway; each call is in the audit log, with who
 * gave it; what cannot be done is refused in a sentence, with exit code 1, and what cannot be understood with 2; the tokens it makes open the
 * API, and no longer do after it took them back.
 * World: `bluewire-gateway` as a process, as npm links it; SQLite files; a gateway as a process where it says so.
 */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { Command, freePort, GATEWAY, isListening, LAUNCHER, newFolder, ROOT, run } from '../start/command.ts'

const STORY_MS = 60_000
const PROGRAM = join(ROOT, 'packages/gateway/src/admin/bluewire-gateway.cjs')
const ACTOR = `cli:${userInfo().username}`

type Json = Record<string, unknown>

function admin(dataDir: string, ...words: string[]) {
  return run(['node', PROGRAM, ...words], {
    env: { BLUEWIRE_DATA_DIR: dataDir, BLUEWIRE_PUBLIC_URL: 'https://b.example.com' },
  })
}

/** The answer as programs read it. */
async function ask<T = Json>(dataDir: string, ...words: string[]): Promise<T> {
  const { code, stdout, stderr } = await admin(dataDir, ...words, '--json')
  if (code !== 0) throw new Error(`${words.join(' ')}: ${stderr}`)
  return JSON.parse(stdout) as T
}

async function refusal(dataDir: string, ...words: string[]): Promise<{ code: number | null; sentence: string }> {
  const { code, stdout, stderr } = await admin(dataDir, ...words)
  expect(stdout).toBe('')
  expect(stderr).toMatch(/^[^\n]+\n$/)
  return { code, sentence: stderr.trimEnd() }
}

async function auditedActions(dataDir: string): Promise<string[]> {
  const entries = await ask<Array<{ actor: string; action: string }>>(dataDir, 'audit')
  expect(new Set(entries.map(({ actor }) => actor))).toEqual(new Set([ACTOR]))
  return entries.map(({ action }) => action).reverse()
}

describe('accounts', { timeout: STORY_MS }, () => {
  test('the first one makes the store and is the instance account; the next is an ordinary one', async () => {
    const dataDir = join(newFolder(), 'data')
    const first = await ask(dataDir, 'account', 'create', 'First', '--plan', 'unlimited', '--entitlement', 'imessage')
    expect(first).toEqual({
      id: expect.stringMatching(/^acct_[0-9A-Z]{26}$/),
      name: 'First',
      plan: 'unlimited',
      quota_limit: null,
      used: 0,
      entitlements: ['imessage'],
      region: 'US',
      sms_per_hour: 200,
      sms_countries: {},
      is_instance: true,
      suspended_at: null,
      created_at: expect.any(Number),
    })
    expect(statSync(dataDir).mode & 0o777).toBe(0o700)
    const second = await ask(dataDir, 'account', 'create', 'Second', '--region', 'gb')
    expect(second).toMatchObject({ plan: 'free', quota_limit: 500, region: 'GB', entitlements: [], is_instance: false })
    expect(await ask(dataDir, 'account', 'list')).toEqual([first, second])
    expect(await ask(dataDir, 'account', 'show', 'Second')).toEqual(second)
    expect(await auditedActions(dataDir)).toEqual(['account.create', 'account.create', 'account.list', 'account.show'])
  })

  test('set changes what is named, and nothing else', async () => {
    const dataDir = newFolder()
    const { id } = await ask<{ id: string }>(dataDir, 'account', 'create', 'A')
    const set = (...words: string[]) => ask(dataDir, 'account', 'set', 'A', ...words)
    expect(await set('--quota', '50', '--region', 'DE')).toMatchObject({ plan: 'free', quota_limit: 50, region: 'DE' })
    expect(await set('--plan', 'payg', '--quota', 'none')).toMatchObject({
      plan: 'payg',
      quota_limit: null,
      region: 'DE',
    })
    expect(await set('--suspend')).toMatchObject({ suspended_at: expect.any(Number), plan: 'payg' })
    expect(await set('--resume')).toMatchObject({ suspended_at: null })
    expect(await ask(dataDir, 'account', 'set', id, '--name', 'B')).toMatchObject({ id, name: 'B' })
    expect(await ask(dataDir, 'entitlement', 'grant', 'imessage', '--account', 'B')).toMatchObject({
      entitlements: ['imessage'],
    })
    expect(await ask(dataDir, 'entitlement', 'grant', 'imessage')).toMatchObject({ entitlements: ['imessage'] })
    expect(await ask(dataDir, 'entitlement', 'revoke', 'imessage')).toMatchObject({ entitlements: [] })
  })

  test('a plan brings its quota; what is said explicitly wins', async () => {
    const dataDir = newFolder()
    await ask(dataDir, 'account', 'create', 'A')
    const quotaAfter = async (...words: string[]) =>
      (await ask(dataDir, 'account', 'set', 'A', ...words))['quota_limit']
    expect(await quotaAfter('--plan', 'unlimited')).toBe(null)
    expect(await quotaAfter('--quota', '50')).toBe(50)
    expect(await quotaAfter('--region', 'DE')).toBe(50)
    expect(await quotaAfter('--plan', 'payg')).toBe(null)
    expect(await quotaAfter('--plan', 'free')).toBe(500)
    expect(await quotaAfter('--plan', 'unlimited', '--quota', '7')).toBe(7)
  })

  test('what its SMS may cost is set for all countries and for single ones, and taken back', async () => {
    const dataDir = newFolder()
    const made = await ask(dataDir, 'account', 'create', 'A', '--sms-per-hour', '50', '--sms-country', 'US=40')
    expect(made).toMatchObject({ sms_per_hour: 50, sms_countries: { US: 40 } })
    const set = (...words: string[]) => ask(dataDir, 'account', 'set', 'A', ...words)
    expect(await set('--sms-country', 'gb=5', '--sms-country', '*=0')).toMatchObject({
      sms_per_hour: 50,
      sms_countries: { GB: 5, US: 40, '*': 0 },
    })
    expect((await admin(dataDir, 'account', 'show', 'A')).stdout).toContain(
      'SMS           50 an hour; of these to GB 5, US 40, every other country 0\n',
    )
    expect(await set('--sms-per-hour', '1000', '--sms-country', 'US=none')).toMatchObject({
      sms_per_hour: 1000,
      sms_countries: { GB: 5, '*': 0 },
    })
    expect(await set('--region', 'DE')).toMatchObject({ sms_per_hour: 1000, sms_countries: { GB: 5, '*': 0 } })
  })

  test('a name that another account has is refused, and that one is named', async () => {
    const dataDir = newFolder()
    const { id } = await ask<{ id: string }>(dataDir, 'account', 'create', 'A')
    await ask(dataDir, 'account', 'create', 'B')
    const taken = { code: 1, sentence: `There is an account called A already: ${id}. Take another name.` }
    expect(await refusal(dataDir, 'account', 'create', ' A ')).toEqual(taken)
    expect(await refusal(dataDir, 'account', 'set', 'B', '--name', 'A')).toEqual(taken)
    expect(await ask(dataDir, 'account', 'set', 'A', '--name', 'A')).toMatchObject({ id, name: 'A' })
  })

  test('what cannot be: one sentence, and nothing is changed', async () => {
    const dataDir = newFolder()
    const before = await ask(dataDir, 'account', 'create', 'A')
    const cases: ReadonlyArray<readonly [string[], RegExp]> = [
      [['account', 'show', 'Nobody'], /^No account is called Nobody\./],
      [['account', 'set', 'A'], /^Nothing to change was given\./],
      [['account', 'set', 'A', '--plan', 'gold'], /^--plan is gold, but it must be one of free, payg, unlimited\.$/],
      [['account', 'set', 'A', '--quota', '1e3'], /^--quota is 1e3, but it must be a whole number/],
      [['account', 'set', 'A', '--region', 'UK'], /^--region is UK, but it must be a country's two letters/],
      [['account', 'set', 'A', '--sms-country', 'UK=5'], /^--sms-country is UK=5, but UK is no country: /],
      [['account', 'set', 'A', '--sms-per-hour', 'many'], /^--sms-per-hour is many, but it must be a whole number/],
      [['account', 'set', 'A', '--suspend', '--resume'], /^Give --suspend or --resume, not both\.$/],
      [['account', 'create', ' '], /^A name has 1 to 100 characters\.$/],
      [['entitlement', 'grant', 'imesage'], /^There is no entitlement imesage\. Did you mean imessage\?$/],
    ]
    for (const [words, sentence] of cases) expect((await refusal(dataDir, ...words)).sentence).toMatch(sentence)
    expect(await ask(dataDir, 'account', 'list')).toEqual([before])
  })
})

describe('tokens', { timeout: STORY_MS }, () => {
  test('made, suspended, resumed, revoked for good', async () => {
    const dataDir = newFolder()
    await ask(dataDir, 'account', 'create', 'A')
    const made = await ask<{ id: string; token: string }>(dataDir, 'token', 'create', '--name', 'ci')
    expect(made).toMatchObject({ name: 'ci', state: 'active', scopes: ['messages:send', 'messages:read'] })
    expect(made.token).toMatch(/^contiguity_sk_[\w-]{43}$/)
    // It is shown once: neither the list nor the database has it.
    const { token, ...shown } = made
    expect(await ask(dataDir, 'token', 'list')).toEqual([shown])
    expect(readFileSync(join(dataDir, 'bluewire.sqlite')).includes(token)).toBe(false)

    expect(await ask(dataDir, 'token', 'suspend', made.id)).toMatchObject({ state: 'suspended' })
    expect(await ask(dataDir, 'token', 'resume', made.id)).toMatchObject({ state: 'active' })
    expect(await ask(dataDir, 'token', 'revoke', made.id)).toMatchObject({ state: 'revoked' })
    expect(await refusal(dataDir, 'token', 'resume', made.id)).toEqual({
      code: 1,
      sentence: `The token ${made.id} is revoked, and that is for good. Make a new one: bluewire-gateway token create`,
    })
    expect(await auditedActions(dataDir)).toEqual([
      'account.create',
      'token.create',
      'token.list',
      'token.suspended',
      'token.active',
      'token.revoked',
    ])
  })

  test('scopes and another prefix; a token itself is never echoed', async () => {
    const dataDir = newFolder()
    await ask(dataDir, 'account', 'create', 'A')
    const made = await ask<{ token: string }>(
      dataDir,
      ...['token', 'create', '--prefix', 'bw_', '--scope', 'instance:admin', '--scope', 'lines:read,lines:write'],
    )
    expect(made).toMatchObject({ scopes: ['instance:admin', 'lines:read', 'lines:write'] })
    expect(made.token).toMatch(/^bw_[\w-]{43}$/)
    expect((await refusal(dataDir, 'token', 'create', '--scope', 'messages:sent')).sentence).toBe(
      'There is no scope messages:sent. Did you mean messages:send?',
    )
    expect((await refusal(dataDir, 'token', 'create', '--prefix', 'a b')).code).toBe(1)
    const { sentence } = await refusal(dataDir, 'token', 'revoke', made.token)
    expect(sentence).toContain('is not the id of a token')
    expect(sentence).not.toContain(made.token)
  })
})

describe('nodes and recovery', { timeout: STORY_MS }, () => {
  test('enrol prints what to run on the Mac, with the public address', async () => {
    const dataDir = newFolder()
    await ask(dataDir, 'account', 'create', 'A')
    const { stdout } = await admin(dataDir, 'enrol')
    expect(stdout).toMatch(
      /^curl -fsSL https:\/\/b\.example\.com\/node\/install\.sh \| sh -s -- (\w{4}-){3}\w{4} [0-9a-f]{64}\n\nRun this [^\n]+ on the Mac [^\n]+ within 15 minutes\. /,
    )
    expect(stdout).not.toContain('Only this machine reaches')
    const answer = await ask<{ code: string; sha256: string }>(dataDir, 'enrol', '--account', 'A')
    const joining = `bluewire-node join https://b.example.com ${answer.code}`
    expect(answer).toMatchObject({
      url: 'https://b.example.com',
      expires_in: 900,
      command: `curl -fsSL https://b.example.com/node/install.sh | sh -s -- ${answer.code} ${answer.sha256}`,
      problem: null,
      checkout_command: joining,
      simulated_command: `${joining} --driver simulator --line +15005550001:imessage,sms`,
    })
    expect(readFileSync(join(dataDir, 'bluewire.sqlite')).includes(answer.code)).toBe(false)
  })

  test('there is no node to list or retire', async () => {
    const dataDir = newFolder()
    await ask(dataDir, 'account', 'create', 'A')
    expect(await ask(dataDir, 'node', 'list')).toEqual([])
    expect(await refusal(dataDir, 'node', 'retire', 'node_x')).toMatchObject({ code: 1 })
  })

  test('recovery begins, is told, and ends', async () => {
    const dataDir = newFolder()
    await ask(dataDir, 'account', 'create', 'A')
    expect(await ask(dataDir, 'recovery', 'status')).toMatchObject({ recovering: false, store_epoch: 0 })
    expect(await ask(dataDir, 'recovery', 'begin')).toMatchObject({ recovering: true, store_epoch: 1, waiting_for: [] })
    expect(await ask(dataDir, 'recovery', 'status')).toMatchObject({ recovering: true, store_epoch: 1 })
    expect(await ask(dataDir, 'recovery', 'end')).toMatchObject({ recovering: false, store_epoch: 1 })
    expect(await auditedActions(dataDir)).toEqual([
      'account.create',
      'recovery.status',
      'recovery.begin',
      'recovery.status',
      'recovery.end',
    ])
  })
})

describe('the command line', { timeout: STORY_MS }, () => {
  let dataDir = ''
  beforeAll(async () => {
    dataDir = newFolder()
    await ask(dataDir, 'account', 'create', 'A')
  })

  test('help needs no store, and names everything there is', async () => {
    for (const words of [[], ['--help'], ['help']]) {
      const { code, stdout, stderr } = await admin('/nowhere', ...words)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      for (const noun of [
        'account create NAME',
        'token revoke TOKEN_ID',
        'entitlement grant NAME',
        'enrol',
        'audit',
        'recovery begin',
      ]) {
        expect(stdout).toContain(`bluewire-gateway ${noun} `)
      }
    }
    expect((await admin('/nowhere', 'token')).stdout).toContain('bluewire-gateway token suspend TOKEN_ID')
    expect((await admin('/nowhere', 'token', 'create', '--help')).stdout).toMatch(/--scope SCOPE … .*instance:admin/)
  })

  test('what is not understood ends with exit code 2, what is refused with 1', async () => {
    expect(await refusal(dataDir, 'acount', 'list')).toEqual({
      code: 2,
      sentence: 'There is no command acount. Did you mean account?',
    })
    expect(await refusal(dataDir, 'audit', '--limit=0')).toEqual({
      code: 1,
      sentence: '--limit is 0, but it must be a whole number from 1 to 100000.',
    })
  })

  test('without a store it makes none', async () => {
    const nowhere = join(newFolder(), 'data')
    const { code, sentence } = await refusal(nowhere, 'token', 'create')
    expect(code).toBe(1)
    expect(sentence).toMatch(
      /^There is no gateway database in \S+\. Name its folder with BLUEWIRE_DATA_DIR, or make the first account/,
    )
    expect(existsSync(nowhere)).toBe(false)
  })

  test('a wrong setting is refused as everywhere', async () => {
    const { code, stderr } = await run(['node', PROGRAM, 'account', 'list'], { env: { BLUEWIRE_DATADIR: dataDir } })
    expect({ code, stderr }).toEqual({
      code: 78,
      stderr: 'BLUEWIRE_DATADIR is not a setting. Did you mean BLUEWIRE_DATA_DIR?\n',
    })
  })

  test('npm links it', async () => {
    const { stdout } = await run(['npm', 'run', '--silent', 'admin', '--', 'account', 'list', '--json'], {
      env: { BLUEWIRE_DATA_DIR: dataDir },
    })
    expect(JSON.parse(stdout)).toMatchObject([{ name: 'A' }])
    const { bin } = JSON.parse(readFileSync(join(ROOT, 'packages/gateway/package.json'), 'utf8')) as { bin: Json }
    expect(join(ROOT, 'packages/gateway', String(bin['bluewire-gateway']))).toBe(PROGRAM)
    expect(statSync(PROGRAM).mode & 0o111).toBe(0o111)
  })
})

test('beside a running gateway: what it changes counts at once', { timeout: STORY_MS }, async () => {
  const dataDir = newFolder()
  const port = await freePort()
  const gateway = new Command(['node', LAUNCHER, GATEWAY], {
    env: { BLUEWIRE_DATA_DIR: dataDir, BLUEWIRE_PORT: String(port) },
  })
  await expect.poll(() => isListening(port), { timeout: 15_000, interval: 20 }).toBe(true)

  await ask(dataDir, 'account', 'create', 'A', '--plan', 'unlimited')
  const { id, token } = await ask<{ id: string; token: string }>(dataDir, 'token', 'create')
  const status = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/user/get/quota`, {
      headers: { authorization: `Token ${token}` },
    })
    return answer.status
  }
  expect(await status()).not.toBe(401)
  await ask(dataDir, 'token', 'suspend', id)
  expect(await status()).toBe(401)
  await ask(dataDir, 'token', 'resume', id)
  expect(await status()).not.toBe(401)
  await ask(dataDir, 'account', 'set', 'A', '--suspend')
  expect(await status()).toBe(401)

  gateway.kill('SIGTERM')
  expect(await gateway.ended).toEqual({ code: 0, signal: null })
  const [first = ''] = gateway.stdout.split('\n')
  expect(JSON.parse(first)).toMatchObject({
    msg: 'ready',
    url: `http://127.0.0.1:${port}`,
    data_dir: dataDir,
    version: '0.1.0',
  })
})
