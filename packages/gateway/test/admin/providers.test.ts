/**
 * Providers, their lines and the key, from the command line.
 * Proves: each command does what it says, and what cannot be is refused in a sentence that helps; a credential is in no word, answer, error, audit
 * entry or file; a gateway that runs follows within seconds; one whose key is missing starts, says so on its lines, and works once it is back.
 * World: `bluewire-gateway` as a process, SQLite files, the gateway as a process where it says so, an HTTP server in the place of a company.
 */
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Command, freePort, GATEWAY, isListening, LAUNCHER, newFolder } from '../start/command.ts'
import { Admin } from './admin-command.ts'

const STORY_MS = 90_000
/** Dozens of commands, each a process: these run by `npm run story:admin`. */
const long: (name: string, body: () => Promise<void>) => void =
  process.env['LONG_STORIES'] === '1' ? (name, body) => test(name, body) : () => undefined
const WITHIN = { timeout: 15_000, interval: 200 }
const SECRET = 'correct-horse-battery'
const SID = 'AC0123456789abcdef0123456789abcdef'

type Listed = {
  id: string
  name: string
  connected: boolean
  health: string
  health_detail: string | null
  lines: unknown[]
}

/** An account, and a place for a key beside its folder. */
async function newStore(env: Record<string, string> = {}): Promise<Admin> {
  const admin = new Admin(join(newFolder(), 'data'), env)
  await admin.ask(['account', 'create', 'main', '--plan', 'unlimited'])
  return admin
}

const keyFile = ({ dataDir }: Admin) => `${dataDir}.key`

/** Whether any file of the data folder has it. */
function isInFiles({ dataDir }: Admin, text: string): boolean {
  return readdirSync(dataDir).some((name) => readFileSync(join(dataDir, name)).includes(text))
}

async function startGateway({ dataDir }: Admin, port: number): Promise<Command> {
  const gateway = new Command(['node', LAUNCHER, GATEWAY], {
    env: { BLUEWIRE_DATA_DIR: dataDir, BLUEWIRE_PORT: String(port) },
  })
  await expect.poll(() => isListening(port), { timeout: 15_000, interval: 20 }).toBe(true)
  return gateway
}

describe('without a gateway', { timeout: STORY_MS }, () => {
  test('set up, changed, given lines, taken out of service; each is in the audit log', async () => {
    const admin = await newStore()
    expect(await admin.lines('provider', 'drivers')).toMatch(
      /^simulator: [^\n]+\n {2}--set log=… {2}\(may be left out\) /m,
    )
    const { id } = await admin.ask<{ id: string }>(['provider', 'add', 'phone', '--driver', 'simulator'])
    expect(await admin.lines('provider', 'test', 'phone')).toContain('Nothing leaves this machine.')
    await admin.ask(['provider', 'line-add', 'phone', '(500) 555-0009', '--rate', '2', '--burst', '3'])
    await admin.ask(['provider', 'line-add', id, '72345'])
    await admin.ask(['provider', 'line-add', 'phone', 'My Shop'])
    expect(await admin.ask(['line', 'list'])).toMatchObject([
      { address: '+15005550009', services: ['sms'], simulated: true, node: { name: 'phone', is_provider: true } },
      { address: '72345' },
      { address: 'My Shop' },
    ])
    expect(await admin.lines('line', 'list')).toMatch(
      /^line_\w+ {2}72345 \(simulated\) .* phone \(provider, not connected\)$/m,
    )

    await admin.ask(['provider', 'set', 'phone', '--name', 'telephone', '--set', 'log=/dev/null'])
    expect(await admin.ask(['provider', 'list'])).toMatchObject([
      { id, name: 'telephone', settings: { log: '/dev/null' }, has_secrets: false },
    ])
    await admin.ask(['provider', 'set', 'telephone', '--unset', 'log'])
    await admin.ask(['provider', 'line-remove', 'telephone', '+15005550009'])
    expect(await admin.ask(['provider', 'list'])).toMatchObject([
      { settings: {}, lines: [{ address: '72345' }, { address: 'My Shop' }] },
    ])
    expect(await admin.lines('line', 'list')).toContain('removed from its provider')

    await admin.ask(['provider', 'remove', 'telephone'])
    expect(await admin.ask(['provider', 'list'])).toEqual([])
    expect(await admin.refusal(['provider', 'test', 'telephone'])).toMatch(/^There is no provider telephone\. /)
    // The name and the numbers are free again.
    await admin.ask(['provider', 'add', 'telephone', '--driver', 'simulator'])
    await admin.ask(['provider', 'line-add', 'telephone', '72345'])
    const actions = (await admin.ask<Array<{ action: string }>>(['audit'])).map(({ action }) => action)
    expect(actions).toEqual(
      expect.arrayContaining([
        ...['provider.add', 'provider.set', 'provider.test', 'provider.line.add', 'provider.line.remove'],
        ...['provider.list', 'provider.drivers', 'provider.remove'],
      ]),
    )
  })

  test('settings and credentials that cannot work together are not taken', async () => {
    const admin = await newStore()
    await admin.ask(['key', 'create'])
    const template = [
      '--set',
      'url=https://sms.example/',
      '--set',
      'headers={"authorization": "Bearer {secret.token}"}',
    ]
    const add = ['provider', 'add', 'web', '--driver', 'http', ...template]
    expect(await admin.refusal(add)).toBe('There is no value for the placeholder {secret.token}.')
    await admin.ask([...add, '--secret', 'token'], { env: { BLUEWIRE_SECRET_TOKEN: SECRET } })
    expect(await admin.refusal(['provider', 'set', 'web', '--unset', 'token'])).toContain('{secret.token}')
    expect(await admin.ask(['key', 'show'])).toMatchObject({ used_by: ['web'] })
  })

  long('what cannot be: one sentence, and nothing is changed', async () => {
    const admin = await newStore()
    await admin.ask(['account', 'create', 'other'])
    await admin.ask(['provider', 'add', 'p', '--driver', 'simulator'])
    await admin.ask(['provider', 'add', 'q', '--driver', 'simulator'])
    await admin.ask(['provider', 'line-add', 'p', '+15005550009'])
    const broken = join(newFolder(), 'settings.json')
    writeFileSync(broken, `{"log": "${SECRET}`)
    const before = await admin.ask(['provider', 'list'])
    const cases: ReadonlyArray<readonly [string[], RegExp]> = [
      [['add', 'x'], /^--driver is missing\. There are: .*simulator/],
      [['add', 'x', '--driver', 'simulatr'], /^There is no driver simulatr\. Did you mean simulator\?$/],
      [['add', 'p', '--driver', 'simulator'], /^There is a provider called p already\. Take another name\.$/],
      [['add', ' ', '--driver', 'simulator'], /^A name has 1 to 100 characters\.$/],
      [['add', 'prov_01M86T21YMKZ5N8WXWQXTKGWXR', '--driver', 'simulator'], /^A name must not look like the id/],
      [['add', 'x', '--driver', 'simulator', '--account', 'nobody'], /^No account is called nobody\./],
      [['add', 'x', '--driver', 'simulator', '--set', 'lgo=a'], /^There is no setting lgo\. Did you mean log\?$/],
      [['add', 'x', '--driver', 'simulator', '--set', 'log='], /^Its settings cannot be used\. log: /],
      [['add', 'x', '--driver', 'simulator', '--set', 'log'], /^--set takes NAME=VALUE\.$/],
      [['add', 'x', '--driver', 'simulator', '--set', 'log=a', '--set', 'log=b'], /^--set names log twice\.$/],
      [
        ['add', 'x', '--driver', 'simulator', '--file', '/nowhere'],
        /^The settings file \/nowhere cannot be read \(ENOENT\)\.$/,
      ],
      [['add', 'x', '--driver', 'simulator', '--file', broken], /must hold one JSON object\.$/],
      [
        ['add', 'x', '--driver', 'simulator', '--secret', 'password'],
        /^There is no credential password\. The driver has none\.$/,
      ],
      [['set', 'p'], /^Nothing to change was given\./],
      [['set', 'p', '--name', 'q'], /^There is a provider called q already\./],
      [['set', 'p', '--unset', 'lgo'], /^There is no setting or credential lgo\. Did you mean log\?$/],
      [['set', 'nobody', '--name', 'a'], /^There is no provider nobody\. All of them: bluewire-gateway provider list$/],
      [
        ['line-add', 'q', '+15005550009'],
        /^The account main has the line \+15005550009 already: it is on the provider p\.$/,
      ],
      [['line-add', 'p', '+15005550010', '--account', 'other'], /^The provider p is of another account\./],
      [['line-add', 'p', 'A much too long name'], /^A much too long name is no sender: /],
      [['line-add', 'p', 'a@example.com'], /^a@example\.com is no sender: an e-mail address sends no SMS$/],
      [
        ['line-add', 'p', '+15005550010', '--rate', '0'],
        /^--rate is 0, but it must be 0\.001 to 1000, or unlimited\.$/,
      ],
      [['line-add', 'p', '+15005550010', '--burst', '0'], /^--burst is 0, but it must be 1 to 9999\.$/],
      [
        ['line-remove', 'p', '+15005550010'],
        /^The provider p has no line \+15005550010 of the account main\. Its lines: \+15005550009 /,
      ],
    ]
    for (const [words, sentence] of cases) {
      const said = await admin.refusal(['provider', ...words])
      expect(said).toMatch(sentence)
      expect(said).not.toContain(SECRET)
    }
    expect(await admin.ask(['provider', 'list'])).toEqual(before)
  })

  long('a shared provider has lines of several accounts, also the same number twice', async () => {
    const admin = await newStore()
    await admin.ask(['account', 'create', 'other'])
    await admin.ask(['provider', 'add', 'all', '--driver', 'simulator', '--shared'])
    for (const account of ['main', 'other'])
      await admin.ask(['provider', 'line-add', 'all', '+15005550009', '--account', account])
    expect(await admin.lines('provider', 'list')).toMatch(/ main \(shared\) .* \+15005550009, \+15005550009 \(other\) /)
    await admin.ask(['provider', 'line-remove', 'all', '+15005550009', '--account', 'other'])
    expect(await admin.ask(['provider', 'list'])).toMatchObject([{ lines: [{ address: '+15005550009' }] }])
  })
})

describe('credentials', { timeout: STORY_MS }, () => {
  const ADD = ['provider', 'add', 'tw', '--driver', 'twilio', '--set', `account_sid=${SID}`]

  test('are read from the environment or standard input, and are nowhere to be seen afterwards', async () => {
    const admin = await newStore()
    expect(await admin.refusal(ADD)).toBe(
      `key missing: ${keyFile(admin)} is not there. Put it back (BLUEWIRE_SECRETS_KEY_FILE names another place). If there never was one, make it: bluewire-gateway key create`,
    )
    expect(await admin.ask(['key', 'show'])).toMatchObject({ place: keyFile(admin), state: 'missing' })
    expect(await admin.ask(['key', 'create'])).toEqual({ key_file: keyFile(admin) })
    expect(await admin.refusal(['key', 'create'])).toMatch(/there is a file already, and a key is never overwritten\.$/)

    const typed = { env: { BLUEWIRE_SECRET_API_KEY_SECRET: `${SECRET}-1` }, input: `${SECRET}-2\n` }
    const said = await admin.run([...ADD, '--secret', 'auth_token', '--secret', 'api_key_secret'], typed)
    expect(said.code).toBe(0)
    await admin.ask(['provider', 'set', 'tw', '--secret', 'auth_token'], {
      env: { BLUEWIRE_SECRET_AUTH_TOKEN: `${SECRET}-3` },
    })
    const shown = [
      said.stdout + said.stderr,
      ...(await Promise.all(
        [['provider', 'list'], ['provider', 'list', '--json'], ['key', 'show'], ['audit'], ['audit', '--json']].map(
          (words) => admin.lines(...words),
        ),
      )),
    ].join('\n')
    expect(shown).not.toContain(SECRET)
    expect(isInFiles(admin, SECRET)).toBe(false)
    expect(await admin.ask(['key', 'show'])).toMatchObject({ state: 'in use', used_by: ['tw'], unreadable: [] })
    const sets = await admin.ask<Array<{ action: string; data: unknown }>>(['audit'])
    expect(sets.find(({ action }) => action === 'provider.set')?.data).toEqual({ secrets: true })
  })

  long('that are given in a wrong way are repeated in no error', async () => {
    const admin = await newStore()
    await admin.ask(['key', 'create'])
    const cases: ReadonlyArray<readonly [string[], RegExp, string?]> = [
      [
        [...ADD, '--secret', `auth_token=${SECRET}`],
        /^--secret takes the name only: --secret auth_token\. .* BLUEWIRE_SECRET_AUTH_TOKEN .* better change it\.$/,
      ],
      [
        [...ADD, '--set', `auth_token=${SECRET}`],
        /^auth_token is a credential: give its name alone, --secret auth_token\. /,
      ],
      [[...ADD, '--set', `Auth-Token=${SECRET}`], /^There is no setting Auth-Token\./],
      [[...ADD, '--set', SECRET], /^--set takes NAME=VALUE\.$/],
      [[...ADD, '--secret', 'auth_token', SECRET], /^A word is too much: /],
      [[...ADD, `--auth-token=${SECRET}`], /^There is no option --auth-token\./],
      [
        [...ADD, '--secret', 'auth_tokn'],
        /^There is no credential auth_tokn\. Did you mean auth_token\?$/,
        `${SECRET}\n`,
      ],
      [
        [...ADD, '--secret', 'auth_token'],
        /^The credential auth_token is empty\. Give it in the variable BLUEWIRE_SECRET_AUTH_TOKEN, or /,
        '',
      ],
      [[...ADD, '--secret', 'auth_token'], /^There are 2 lines on standard input, but /, `${SECRET}\n${SECRET}\n`],
      [ADD, /^Its credentials cannot be used\. auth_token is missing\.$/],
    ]
    for (const [words, sentence, input] of cases) {
      const said = await admin.refusal(words, input === undefined ? {} : { input })
      expect(said).toMatch(sentence)
      expect(said).not.toContain(SECRET)
    }
    expect(await admin.ask(['provider', 'list'])).toEqual([])
  })

  long('with a key that is missing, wrong or damaged: said, and got over', async () => {
    const admin = await newStore()
    await admin.ask(['key', 'create'])
    await admin.ask([...ADD, '--secret', 'auth_token'], { input: SECRET })
    renameSync(keyFile(admin), `${keyFile(admin)}.kept`)

    expect(await admin.refusal(['provider', 'test', 'tw'])).toMatch(/^key missing: /)
    expect(await admin.refusal(['key', 'create'])).toMatch(
      /^The credentials of tw were encrypted with a key that is not there, .* key create --lost$/,
    )
    writeFileSync(keyFile(admin), 'abc\n')
    expect(await admin.refusal(['provider', 'test', 'tw'])).toMatch(
      /\.key holds no key: it must be 64 hexadecimal digits\./,
    )
    expect(await admin.ask(['key', 'show'])).toMatchObject({ state: expect.stringContaining('holds no key') })
    writeFileSync(keyFile(admin), 'ab'.repeat(32))
    expect(await admin.refusal(['provider', 'test', 'tw'])).toMatch(
      /^The credentials were encrypted with another key\. Put the right key back, or set/,
    )
    expect(await admin.ask(['key', 'show'])).toMatchObject({ state: 'not the key of tw', unreadable: ['tw'] })
    // What is no credential can be changed meanwhile, and credentials can be given anew.
    await admin.ask(['provider', 'set', 'tw', '--set', 'window=5'])
    expect(
      (await admin.run(['provider', 'set', 'tw', '--secret', 'auth_token'], { input: `${SECRET}\n` })).stdout,
    ).toContain('Its credentials from before could not be read')
    expect(await admin.ask(['key', 'show'])).toMatchObject({ state: 'in use' })
  })

  test('a key in the environment: no file is made, and a credential is sealed with it', async () => {
    const admin = await newStore({ BLUEWIRE_SECRETS_KEY: 'cd'.repeat(32) })
    expect(await admin.refusal(['key', 'create'])).toMatch(/^BLUEWIRE_SECRETS_KEY holds the key already/)
    await admin.ask([...ADD, '--secret', 'auth_token'], { input: SECRET })
    expect(await admin.ask(['key', 'show'])).toMatchObject({ place: 'BLUEWIRE_SECRETS_KEY', state: 'in use' })
  })
})

describe('beside a running gateway', { timeout: STORY_MS }, () => {
  test('a provider works within seconds, and no longer once its line or itself is removed', async () => {
    const admin = await newStore()
    const port = await freePort()
    await startGateway(admin, port)
    const { token } = await admin.ask<{ token: string }>(['token', 'create'])
    const send = async (from: string, { to = '+15005550101', ...headers }: Record<string, string> = {}) => {
      const answer = await fetch(`http://127.0.0.1:${port}/send/text`, {
        method: 'POST',
        headers: { authorization: `Token ${token}`, 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ to, message: 'x', from }),
      })
      return { code: answer.status, ...((await answer.json()) as { status?: string; message?: string }) }
    }
    await admin.ask(['provider', 'add', 'phone', '--driver', 'simulator'])
    await admin.ask(['provider', 'line-add', 'phone', '+15005550009'])
    const listed = async () => (await admin.ask<Listed[]>(['provider', 'list']))[0]
    await expect.poll(listed, WITHIN).toMatchObject({ connected: true, health: 'ok' })
    expect(await admin.lines('line', 'list')).toContain('phone (provider, connected)')
    expect(await send('+15005550009')).toMatchObject({ message: 'Successfully sent' })

    // What its SMS may cost counts at once.
    await admin.ask(['account', 'set', 'main', '--sms-country', 'US=0'])
    expect((await send('+15005550009')).code).toBe(429)
    await admin.ask(['account', 'set', 'main', '--sms-country', 'US=none'])

    await admin.ask(['provider', 'set', 'phone', '--set', `log=${join(newFolder(), 'phone.jsonl')}`])
    await admin.ask(['provider', 'line-add', 'phone', '+15005550010'])
    await expect.poll(() => send('+15005550010'), WITHIN).toMatchObject({ message: 'Successfully sent' })
    await admin.ask(['line', 'pause', '+15005550010'])
    expect(await send('+15005550010', { to: '+14155552671', prefer: 'respond-async' })).toMatchObject({
      status: 'queued',
    })
    expect(await admin.lines('provider', 'line-remove', 'phone', '+15005550010')).toContain(
      'A message is queued for it: what waits leaves when the line is added again, or expires.',
    )
    expect((await send('+15005550010')).code).toBeGreaterThan(399)
    expect(await send('+15005550009')).toMatchObject({ message: 'Successfully sent' })
    await admin.ask(['provider', 'remove', 'phone'])
    expect((await send('+15005550009')).code).toBeGreaterThan(399)
  })

  test('without the key it starts, says so, and works when the key is back', async () => {
    const company = createServer((_request, answer) => answer.end('{"id": "1"}'))
    await new Promise<void>((done) => company.listen(0, '127.0.0.1', done))
    onTestFinished(() => void company.close())
    const admin = await newStore()
    await admin.ask(['key', 'create'])
    const url = `http://127.0.0.1:${(company.address() as AddressInfo).port}/`
    await admin.ask(['provider', 'add', 'company', '--driver', 'http', '--set', `url=${url}`, '--secret', 'token'], {
      input: SECRET,
    })
    await admin.ask(['provider', 'line-add', 'company', '+14155550100'])
    const port = await freePort()
    const first = await startGateway(admin, port)
    const listed = async () => (await admin.ask<Listed[]>(['provider', 'list']))[0]
    await expect.poll(listed, WITHIN).toMatchObject({ connected: true, health: 'ok' })
    // The next start finds what this one left, as after a crash.
    first.kill('SIGKILL')
    await first.ended

    renameSync(keyFile(admin), `${keyFile(admin)}.away`)
    const second = await startGateway(admin, port)
    await expect.poll(listed, WITHIN).toMatchObject({ connected: false, health: 'broken' })
    for (const noun of ['provider', 'line']) {
      const said = await admin.lines(noun, 'list')
      expect(said).toContain('not connected')
      expect(said).toContain(`key missing: ${keyFile(admin)} is not there.`)
    }
    // Another key in its place is said to be another.
    writeFileSync(keyFile(admin), 'ab'.repeat(32))
    await expect
      .poll(listed, WITHIN)
      .toMatchObject({ health_detail: expect.stringContaining('encrypted with another key') })

    renameSync(`${keyFile(admin)}.away`, keyFile(admin))
    await expect.poll(listed, WITHIN).toMatchObject({ connected: true, health: 'ok', health_detail: null })
    expect(await admin.lines('line', 'list')).not.toContain('key')
    expect(second.stdout + second.stderr + first.stdout).not.toContain(SECRET)
  })
})
