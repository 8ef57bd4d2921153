/**
 * The quick start.
 * Proves: its lines come in time, say what they must and nothing else; the printed curl gives the answer of the documentation page;
 * data and token survive a restart; it obeys the settings; it stops in time, whoever is killed and how.
 * World: the launcher on the machine's own Node.js, the gateway and the node as processes, real files, curl. Nothing is mocked.
 */
import { readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Command, expectGone, freePort, isListening, lockHolder, newFolder, run, ROOT } from './command.ts'
import { savedFile, sendAsPrinted, sentRows, startQuickstart, stop } from './quickstart-story.ts'

const STORY_MS = 60_000
const STOP_MS = 5000

/** The page's answer; everything more is documented in docs/send-text.md. */
const PAGE_ANSWER = {
  message: 'Successfully sent',
  crumbs: { plan: 'unlimited', quota: 1, type: 'imessage', ad: false },
}

describe('starting', { timeout: STORY_MS }, () => {
  test('the first start prints a request that works, and saves what a program needs', async () => {
    const dataDir = join(newFolder(), 'data')
    const story = await startQuickstart(dataDir)

    expect(story.tookMs).toBeLessThan(15_000)
    expect(story.command.stderr).toBe('')
    expect(story.url).toBe(`http://127.0.0.1:${story.port}`)
    expect(story.token).toMatch(/^contiguity_sk_[\w-]{43}$/)
    expect(linesOf(story.command.stdout)).toEqual([
      'Bluewire is running. Its node is simulated: nothing leaves this machine.',
      '',
      `URL    ${story.url}`,
      `Token  ${story.token}`,
      '',
      'Send a message:',
      '',
      ...story.curl.split('\n'),
      '',
      `Data   ${dataDir}`,
      expect.stringMatching(/^Key {4}\S+\.key \(new: /),
      expect.stringMatching(/^Stop {3}Ctrl-C, or kill \d+$/),
      '',
    ])

    const answer = await sendAsPrinted(story)
    expect(answer).toEqual({
      ...PAGE_ANSWER,
      message_id: expect.stringMatching(/^imessage_/),
      status: 'sent',
      to: '+1234567890',
      simulated: true,
    })
    expect(sentRows(dataDir)).toMatchObject([
      { service: 'imessage', from: '+15005550001', to: '+1234567890', body: 'Hello, this is a test iMessage.' },
    ])

    expect(savedFile(story)).toEqual({
      url: story.url,
      token: story.token,
      node: expect.stringMatching(/^node_/),
      line: '+15005550001',
    })
    expect(statSync(join(dataDir, 'quickstart.json')).mode & 0o777).toBe(0o600)
    expect(statSync(dataDir).mode & 0o777).toBe(0o700)
    const readableByOthers = readdirSync(dataDir).filter((file) => (statSync(join(dataDir, file)).mode & 0o077) !== 0)
    expect(readableByOthers).toEqual([])
  })

  test('the printed request is the one of the documentation page, with host and token changed', async () => {
    const story = await startQuickstart(newFolder())
    const page = [
      'curl -X POST https://api.contiguity.co/send/text \\',
      '  -H "Authorization: Token YOUR_TOKEN" \\',
      '  -H "Content-Type: application/json" \\',
      "  -d '{",
      '    "to": "+1234567890",',
      '    "message": "Hello, this is a test iMessage.",',
      '    "beta_features": {',
      '      "imessage": true,',
      '      "fallback": false',
      '    }',
      "  }'",
    ].join('\n')
    expect(story.curl.replace(story.url, 'https://api.contiguity.co').replace(story.token, 'YOUR_TOKEN')).toBe(page)
  })

  test('started again it keeps data and token, and says so', async () => {
    const dataDir = newFolder()
    const first = await startQuickstart(dataDir)
    const saved = savedFile(first)
    await sendAsPrinted(first)
    await stop(first)

    // On another port: the node must find the gateway there too.
    const second = await startQuickstart(dataDir)
    expect(second.tookMs).toBeLessThan(5000)
    expect(second.port).not.toBe(first.port)
    expect(second.token).toBe(first.token)
    expect(second.command.stdout).toContain(`Token  ${first.token}  (kept from the start before)\n`)
    expect(second.command.stdout).toContain(`Data   ${dataDir} (kept from the start before)\n`)
    expect(savedFile(second)).toEqual({ ...saved, url: second.url })
    expect(await sendAsPrinted(second)).toMatchObject({ message: 'Successfully sent', crumbs: { quota: 2 } })
    expect(sentRows(dataDir)).toHaveLength(2)
  })

  test('without its file it makes a new token, and says so; the node joins anew', async () => {
    const dataDir = newFolder()
    const first = await startQuickstart(dataDir)
    await stop(first)
    rmSync(join(dataDir, 'quickstart.json'))

    const second = await startQuickstart(dataDir)
    expect(second.token).not.toBe(first.token)
    expect(second.command.stdout).toContain('(new: quickstart.json held none that works)')
    expect(await sendAsPrinted(second)).toMatchObject({ message: 'Successfully sent' })
  })

  test('a lost node folder is made anew', async () => {
    const dataDir = newFolder()
    const first = await startQuickstart(dataDir)
    const { node: firstNode } = savedFile(first)
    await stop(first)
    rmSync(join(dataDir, 'node'), { recursive: true })

    const second = await startQuickstart(dataDir)
    expect(await sendAsPrinted(second)).toMatchObject({ message: 'Successfully sent' })
    expect(savedFile(second)['node']).not.toBe(firstNode)
  })

  test('a node that was taken out of service is replaced', async () => {
    const dataDir = newFolder()
    const first = await startQuickstart(dataDir)
    const { node: firstNode } = savedFile(first)
    await stop(first)
    const admin = join(ROOT, 'packages/gateway/src/admin/bluewire-gateway.cjs')
    const retired = await run(['node', admin, 'node', 'retire', String(firstNode)], {
      env: { BLUEWIRE_DATA_DIR: dataDir },
    })
    expect(retired.code).toBe(0)

    const second = await startQuickstart(dataDir)
    expect(await sendAsPrinted(second)).toMatchObject({ message: 'Successfully sent' })
    expect(savedFile(second)['node']).not.toBe(firstNode)
  })

  test('a lost database is made anew', async () => {
    const dataDir = newFolder()
    await stop(await startQuickstart(dataDir))
    for (const file of ['bluewire.sqlite', 'bluewire.sqlite-wal', 'bluewire.sqlite-shm'])
      rmSync(join(dataDir, file), { force: true })

    expect(await sendAsPrinted(await startQuickstart(dataDir))).toMatchObject({ message: 'Successfully sent' })
  })

  test('it obeys the settings', async () => {
    const publicUrl = 'https://bluewire.example.com/sms'
    const story = await startQuickstart(newFolder(), {
      env: { BLUEWIRE_PUBLIC_URL: `${publicUrl}/`, BLUEWIRE_HOST: '0.0.0.0', HTTP_PROXY: 'http://127.0.0.1:9' },
    })
    expect(story.url).toBe(publicUrl)
    expect(story.curl).toContain(`curl -X POST ${publicUrl}/send/text \\\n`)
    expect(savedFile(story)['url']).toBe(publicUrl)
    const reachable = { ...story, curl: story.curl.replace(publicUrl, `http://127.0.0.1:${story.port}`) }
    expect(await sendAsPrinted(reachable)).toMatchObject({ message: 'Successfully sent' })
  })

  test('PORT is read where BLUEWIRE_PORT is not set', async () => {
    const port = await freePort()
    const command = new Command(['npm', 'start'], { env: { BLUEWIRE_DATA_DIR: newFolder(), PORT: String(port) } })
    await command.until(({ stdout }) => stdout.includes(`URL    http://127.0.0.1:${port}\n`))
  })
})

describe('stopping', { timeout: STORY_MS }, () => {
  test.for(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s to the whole group, as from a terminal', async (signal) => {
    const story = await startQuickstart(newFolder())
    const beganAtMs = performance.now()
    story.command.killGroup(signal)
    expect(await story.command.ended).toEqual({ code: 0, signal: null })
    expect(performance.now() - beganAtMs).toBeLessThan(STOP_MS)
    expect(story.command.stderr).toBe('')
    await expectGone([story.gatewayPid, story.nodePid], 0)
    expect(await isListening(story.port)).toBe(false)
  })

  test.for(['SIGINT', 'SIGTERM'] as const)('%s to the launcher alone', async (signal) => {
    const story = await startQuickstart(newFolder())
    const beganAtMs = performance.now()
    story.command.kill(signal)
    expect(await story.command.ended).toEqual({ code: 0, signal: null })
    expect(performance.now() - beganAtMs).toBeLessThan(STOP_MS)
    await expectGone([story.gatewayPid, story.nodePid], 0)
  })

  test('Ctrl-C on npm start ends with exit code 0', async () => {
    const story = await startQuickstart(newFolder(), { words: ['npm', 'start'] })
    story.command.killGroup('SIGINT')
    expect(await story.command.ended).toEqual({ code: 0, signal: null })
    await expectGone([story.gatewayPid, story.nodePid], 0)
  })

  test('so does SIGTERM to npm alone, as a supervisor sends it', async () => {
    const story = await startQuickstart(newFolder(), { words: ['npm', 'start'] })
    story.command.kill('SIGTERM')
    expect(await story.command.ended).toEqual({ code: 0, signal: null })
    await expectGone([story.gatewayPid, story.nodePid], 0)
  })

  test('a stop during the start leaves nothing behind', async () => {
    const dataDir = newFolder()
    const command = new Command(['npm', 'start'], {
      env: { BLUEWIRE_DATA_DIR: dataDir, BLUEWIRE_PORT: String(await freePort()) },
    })
    await expect.poll(() => pidIn(dataDir), { timeout: 15_000, interval: 5 }).toBeGreaterThan(0)
    const gatewayPid = lockHolder(dataDir, 'gateway')
    command.killGroup('SIGTERM')
    await command.ended
    await expectGone([gatewayPid], STOP_MS)
    expect(command.stdout).not.toContain('Token')
  })

  test('the launcher killed with -9: both end within 10 s, and the port is free', async () => {
    const story = await startQuickstart(newFolder())
    story.command.kill('SIGKILL')
    await expectGone([story.gatewayPid, story.nodePid], 10_000)
    expect(await isListening(story.port)).toBe(false)
    await startQuickstart(story.dataDir, { env: { BLUEWIRE_PORT: String(story.port) } })
  })

  test('npm killed with -9 takes everything with it', async () => {
    const story = await startQuickstart(newFolder(), { words: ['npm', 'start'] })
    story.command.kill('SIGKILL')
    await expectGone([story.gatewayPid, story.nodePid], 10_000)
  })
})

test(
  'a data folder that was moved away: it is said once, and Ctrl-C still ends well',
  { timeout: STORY_MS },
  async () => {
    const story = await startQuickstart(join(newFolder(), 'data'))
    renameSync(story.dataDir, `${story.dataDir}.away`)
    story.command.killGroup('SIGINT')
    expect(await story.command.ended).toEqual({ code: 0, signal: null })
    expect(linesOf(story.command.stderr)).toEqual([
      expect.stringMatching(new RegExp(`^The data folder ${story.dataDir} is gone\\. `)),
      '',
    ])
    await expectGone([story.gatewayPid, story.nodePid], 0)
  },
)

test('a data folder that was moved away is noticed while it runs', { timeout: STORY_MS }, async () => {
  const story = await startQuickstart(join(newFolder(), 'data'))
  renameSync(story.dataDir, `${story.dataDir}.away`)
  await story.command.until(({ stderr }) => stderr.includes(`The data folder ${story.dataDir} is gone.`))
  await stop(story)
  expect(linesOf(story.command.stderr)).toHaveLength(2)
})

describe('a part that dies', { timeout: STORY_MS }, () => {
  test('the node is started again, which is said once', async () => {
    const story = await startQuickstart(newFolder())
    const again = () => lockHolder(join(story.dataDir, 'node'), 'node')
    process.kill(story.nodePid, 'SIGKILL')
    await story.command.until(({ stderr }) => stderr !== '')
    await expect.poll(again, { timeout: 10_000, interval: 20 }).not.toBe(story.nodePid)
    process.kill(again(), 'SIGKILL')
    // The answer waits for the node to be back, or says that the message is on its way; the phone gets it either way.
    await sendAsPrinted(story)
    await expect.poll(() => sentCount(story.dataDir), { timeout: 15_000, interval: 20 }).toBe(1)
    expect(linesOf(story.command.stderr)).toEqual([
      expect.stringMatching(
        /^The node ended by itself \(SIGKILL; its log is .*node\.log\)\. It is being started again\.$/,
      ),
      '',
    ])
  })

  test('without its gateway the quick start ends, with the reason', async () => {
    const story = await startQuickstart(newFolder())
    process.kill(story.gatewayPid, 'SIGKILL')
    expect(await story.command.ended).toEqual({ code: 1, signal: null })
    expect(story.command.stderr).toBe(
      `The gateway ended by itself (SIGKILL; its log is ${join(story.dataDir, 'gateway.log')}), and the quick start with it.\n`,
    )
    await expectGone([story.nodePid], 0)
  })
})

test('the admin command works beside it', { timeout: STORY_MS }, async () => {
  const story = await startQuickstart(newFolder())
  const admin = ['node', join(ROOT, 'packages/gateway/src/admin/bluewire-gateway.cjs')] as const
  const env = { BLUEWIRE_DATA_DIR: story.dataDir }
  const { stdout } = await run([...admin, 'token', 'list', '--json'], { env })
  const [token] = JSON.parse(stdout) as Array<{ id: string; name: string }>
  expect(token).toMatchObject({ name: 'quick start', scopes: ['messages:send', 'messages:read'] })
  expect((await run([...admin, 'token', 'suspend', token?.id ?? ''], { env })).code).toBe(0)
  expect(await sendAsPrinted(story)).toMatchObject({ code: 401, data: { code: 'suspended' } })
})

function linesOf(text: string): string[] {
  return text.split('\n')
}

function pidIn(dataDir: string): number {
  try {
    return lockHolder(dataDir, 'gateway')
  } catch {
    return 0
  }
}

function sentCount(dataDir: string): number {
  try {
    return sentRows(dataDir).length
  } catch {
    return 0
  }
}
