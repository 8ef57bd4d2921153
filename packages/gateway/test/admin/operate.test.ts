/**
 * The admin command beside a gateway that runs, and on folders that are not as they should be.
 * Proves: a backup taken while messages are accepted is whole and holds all that was accepted before it began, is for its owner only and
 * overwrites nothing; the examples with providers on docs/operate.md work as they stand; lines are paused, suspended and taken back; the printed join command works as it stands; somebody who may not read
 * the folder is told so.
 * World: the quick start and the admin command as processes, real files.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { isProviderName } from '@bluewire/drivers/provider-registry'
import { page, section } from '../docs/pages.ts'
import { isRoot, newFolder, ROOT, run } from '../start/command.ts'
import { sendAsPrinted, startQuickstart, stop } from '../start/quickstart-story.ts'
import type { Story } from '../start/quickstart-story.ts'

const STORY_MS = 60_000
const LINE = '+15005550001'

function admin(dataDir: string, words: readonly string[], { isUnprivileged = false } = {}) {
  return run(['npm', 'run', '--silent', 'admin', '--', ...words], {
    env: { BLUEWIRE_DATA_DIR: dataDir },
    isUnprivileged,
  })
}

async function ask<T>(dataDir: string, ...words: string[]): Promise<T> {
  const { code, stdout, stderr } = await admin(dataDir, [...words, '--json'])
  if (code !== 0) throw new Error(stderr)
  return JSON.parse(stdout) as T
}

async function send(
  { port, token }: Story,
  to: string,
  more: object = {},
): Promise<{ code?: number; message_id?: string }> {
  const answer = await fetch(`http://127.0.0.1:${port}/send/text`, {
    method: 'POST',
    headers: { authorization: `Token ${token}`, 'content-type': 'application/json', prefer: 'respond-async' },
    body: JSON.stringify({ to, message: 'x', beta_features: { imessage: true }, ...more }),
  })
  return (await answer.json()) as { code?: number; message_id?: string }
}

function messageIds(file: string): string[] {
  const db = new DatabaseSync(file, { readOnly: true })
  try {
    expect(db.prepare('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' })
    return db
      .prepare('select id from messages')
      .all()
      .map((row) => String(row['id']))
  } finally {
    db.close()
  }
}

describe('a backup', { timeout: STORY_MS }, () => {
  test('while messages are accepted: whole, with all that was accepted before', async () => {
    const story = await startQuickstart(newFolder())
    const accepted: string[] = []
    let isWriting = true
    const writing = (async () => {
      for (let n = 0; isWriting; n++) {
        const { message_id } = await send(story, `+1415555${String(n % 1000).padStart(4, '0')}`)
        if (message_id !== undefined) accepted.push(message_id)
      }
    })()
    await expect.poll(() => accepted.length, { timeout: 20_000, interval: 20 }).toBeGreaterThan(50)
    const before = [...accepted]
    const file = join(newFolder(), 'backup.sqlite')
    const { file: named } = await ask<{ file: string }>(story.dataDir, 'backup', file)
    isWriting = false
    await writing
    expect(named).toBe(file)
    expect(accepted.length).toBeGreaterThan(before.length)
    expect(messageIds(file)).toEqual(expect.arrayContaining(before))
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(join(file, '..'))).toEqual(['backup.sqlite'])
    const [newest] = await ask<Array<{ action: string; data: object }>>(story.dataDir, 'audit', '--limit', '1')
    expect(newest).toMatchObject({ action: 'backup', data: { file } })

    const refused = await admin(story.dataDir, ['backup', file])
    expect(refused).toMatchObject({
      code: 1,
      stderr: `${file} exists already, and a backup overwrites nothing. Name a new file.\n`,
    })
    expect((await admin(story.dataDir, ['backup', '/proc/b'])).stderr).toMatch(
      /^\/proc\/b cannot be written \(.*\)\. Name another file\.\n$/,
    )
  })

  test('put back, it starts, and a recovery that is begun ends by itself', async () => {
    const first = await startQuickstart(newFolder())
    const { dataDir } = first
    await sendAsPrinted(first)
    const file = join(newFolder(), 'backup.sqlite')
    await ask(dataDir, 'backup', file)
    await sendAsPrinted(first)
    await stop(first)
    for (const suffix of ['', '-wal', '-shm']) rmSync(join(dataDir, `bluewire.sqlite${suffix}`), { force: true })
    renameSync(file, join(dataDir, 'bluewire.sqlite'))
    expect(await ask(dataDir, 'recovery', 'begin')).toMatchObject({ recovering: true })
    const second = await startQuickstart(dataDir)
    const status = () => ask<{ recovering: boolean }>(dataDir, 'recovery', 'status')
    await expect.poll(status, { timeout: 20_000 }).toMatchObject({ recovering: false })
    expect(await sendAsPrinted(second)).toMatchObject({ message: 'Successfully sent', crumbs: { quota: 2 } })
  })
})

describe('lines', { timeout: STORY_MS }, () => {
  test('listed with their node, paused, suspended, and taken back', async () => {
    const story = await startQuickstart(newFolder())
    const { dataDir } = story
    type Line = { id: string; address: string }
    const lineNow = async () => (await ask<Line[]>(dataDir, 'line', 'list')).find(({ address }) => address === LINE)
    const line = await lineNow()
    expect(line).toMatchObject({
      paused: false,
      suspended: false,
      node: { name: 'quickstart', is_provider: false, online: true },
    })
    expect(await ask(dataDir, 'node', 'list')).toMatchObject([{ name: 'quickstart', lines: [LINE] }])
    expect((await admin(dataDir, ['node', 'list'])).stdout).toContain(LINE)

    expect(await ask(dataDir, 'line', 'pause', LINE, '--reason', 'Mac is moving')).toMatchObject({
      paused: true,
      pause_reason: 'Mac is moving',
    })
    await send(story, '+14155552671')
    expect(await lineNow()).toMatchObject({ queued: 1 })
    expect(existsSync(join(dataDir, 'simulator.jsonl')) && readFileSync(join(dataDir, 'simulator.jsonl'), 'utf8')).toBe(
      '',
    )
    expect(await ask(dataDir, 'line', 'resume', line?.id ?? '')).toMatchObject({ paused: false, pause_reason: null })
    await expect.poll(lineNow, { timeout: 20_000 }).toMatchObject({ queued: 0 })

    expect(await ask(dataDir, 'line', 'suspend', LINE)).toMatchObject({ suspended: true })
    expect((await admin(dataDir, ['line', 'list'])).stdout).toContain('suspended')
    expect((await send(story, '+14155552671', { from: LINE })).code).toBeGreaterThan(399)
    expect(await ask(dataDir, 'line', 'unsuspend', LINE)).toMatchObject({ suspended: false })
    expect(await sendAsPrinted(story)).toMatchObject({ message: 'Successfully sent' })

    const { code, stderr } = await admin(dataDir, ['line', 'pause', '+1'])
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'The account has no line +1. All of them: npm run admin -- line list\n',
    })
    const audit = await ask<Array<{ action: string }>>(dataDir, 'audit')
    expect(audit.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['line.pause', 'line.resume', 'line.suspend', 'line.unsuspend', 'line.list']),
    )
  })
})

describe('the providers of the page', { timeout: 3 * STORY_MS }, () => {
  const PROVIDERS = section(page('docs/operate.md'), '## Providers')
  /** What is typed for a credential. */
  const CREDENTIAL = 'correct-horse-battery\n'

  const typed = (dataDir: string, command: string) =>
    run(['sh', '-c', command], { env: { BLUEWIRE_DATA_DIR: dataDir }, input: CREDENTIAL })

  test('its examples answer as it says, and the others are taken as they stand', async () => {
    const story = await startQuickstart(newFolder())
    const { dataDir } = story
    // As on the page: the quick start has an account of another name, and a provider of its own.
    await ask(dataDir, 'account', 'set', 'Quick start', '--name', 'main')
    await ask(dataDir, 'provider', 'remove', 'quickstart')
    const examples = [...PROVIDERS.matchAll(/```console\n\$ ([^\n]+)\n([^]*?)```/g)]
    expect(examples.length).toBeGreaterThan(3)
    for (const [, command = '', answer = ''] of examples) {
      const said = async () => withoutChance((await typed(dataDir, command)).stdout)
      await expect.poll(said, { timeout: 10_000 }).toBe(withoutChance(answer))
    }
    const curl = /^curl [^]*?'$/m.exec(PROVIDERS)?.[0] ?? ''
    const sent = await typed(
      dataDir,
      curl.replace('http://127.0.0.1:8080', story.url).replace(/contiguity_sk_[\w-]+/, story.token),
    )
    expect(JSON.parse(sent.stdout)).toMatchObject({ message: 'Successfully sent', crumbs: { type: 'sms' } })

    for (const command of shellCommands(PROVIDERS)) {
      const driver = /--driver (\w+)/.exec(command)?.[1] ?? 'simulator'
      if (!isProviderName(driver)) continue
      const { code, stderr } = await typed(dataDir, command)
      if (/ key create$/.test(command)) expect(stderr).toMatch(/never overwritten/)
      else expect({ command, code, stderr }).toEqual({ command, code: 0, stderr: '' })
    }
    const left = await ask<Array<{ name: string; has_secrets: boolean }>>(dataDir, 'provider', 'list')
    expect(left).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: 'twilio', has_secrets: true }),
        expect.objectContaining({ name: 'company', settings: expect.objectContaining({ window: '20' }) }),
        expect.objectContaining({ name: 'everybody', shared: true }),
      ]),
    )
    expect(left.map(({ name }) => name)).not.toContain('phone')

    const file = join(newFolder(), 'backup.sqlite')
    expect((await admin(dataDir, ['backup', file])).stdout).toContain(
      `The key that opens the credentials of its providers is not in it: ${dataDir}.key. Keep a copy of that too, in another place.\n`,
    )
  })
})

/** Ids and instants are different each time. */
function withoutChance(text: string): string {
  return text.replaceAll(/(?<=_)[0-9A-Z]{26}/g, 'ID').replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d UTC/g, 'TIME')
}

/** The admin commands of blocks that say what to type, and no answer. */
function shellCommands(text: string): string[] {
  return [...text.matchAll(/```sh\n([^]*?)```/g)].flatMap(([, block = '']) =>
    block
      .replaceAll(/\\\n +/g, '')
      .split('\n')
      .map((line) => line.replace(/ +# .*$/, ''))
      .filter((line) => line.startsWith('npm run --silent admin -- ')),
  )
}

test(
  'the printed join command works as it stands, on the address of the quick start',
  { timeout: STORY_MS },
  async () => {
    const story = await startQuickstart(newFolder())
    const { stdout } = await admin(story.dataDir, ['enrol'])
    const [curl = ''] = stdout.split('\n')
    expect(curl).toMatch(new RegExp(`^curl -fsSL ${story.url}/node/install\\.sh \\| sh -s -- \\S+ [0-9a-f]{64}$`))
    expect(stdout).toContain(`\nOnly this machine reaches ${story.url}. For another Mac, set BLUEWIRE_PUBLIC_URL.\n`)
    const command = /^A simulated node: +(.+)$/m.exec(stdout)?.[1] ?? ''
    expect(command).toMatch(
      new RegExp(`^npm run node -- join ${story.url} \\S+ --driver simulator --line \\+15005550003:imessage,sms$`),
    )
    const dir = join(newFolder(), 'node')
    const joined = await run(['sh', '-c', `${command} --dir ${dir}`])
    expect(joined.code).toBe(0)
    expect(joined.stdout).toContain(`Start it with \`npm run node -- run --dir ${dir}\`.`)
    expect(await ask(story.dataDir, 'node', 'list')).toHaveLength(2)
  },
)

describe('somebody without rights', { timeout: STORY_MS }, () => {
  test('is told that the folder may not be read, not that it is empty', async ({ skip }) => {
    skip(!isRoot, 'only root can make a folder that this user may not read')
    const dataDir = join(newFolder(), 'data')
    mkdirSync(dataDir)
    writeFileSync(join(dataDir, 'bluewire.sqlite'), '')
    chmodSync(join(dataDir, '..'), 0o755)
    chmodSync(dataDir, 0o700)
    const words = ['node', join(ROOT, 'packages/gateway/src/admin/bluewire-gateway.cjs'), 'account', 'list'] as const
    const { code, stderr } = await run(words, { env: { BLUEWIRE_DATA_DIR: dataDir }, isUnprivileged: true })
    expect(code).toBe(1)
    expect(stderr).toMatch(
      new RegExp(
        `^${dataDir} may not be read and written by user \\S+; it belongs to root\\. Run the command as [^\n]+\n$`,
      ),
    )
  })

  test('and without a home: join says where a node could be', async ({ skip }) => {
    skip(!isRoot, 'only root can become somebody without a home')
    const words = [
      'node',
      join(ROOT, 'packages/node/src/bluewire-node.cjs'),
      'join',
      'http://127.0.0.1:9',
      'ABCD-EFGH-JKLM-NPQR',
    ] as const
    const { code, stderr } = await run(words, { env: { HOME: '/usr' }, isUnprivileged: true })
    expect(code).toBe(1)
    expect(stderr).toBe(
      '/usr/.bluewire-node cannot be made: this user may not do that. Choose a folder that this user may write with --dir, for example --dir ./bluewire-node.\n',
    )
  })
})
