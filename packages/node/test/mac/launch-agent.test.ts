/**
 * The agent under launchd: `install`, `restart`, `uninstall`, `logs`, `status` (MACOS 5.1, 5.2).
 * Proves: what is installed runs, comes back when it dies, and is upgraded in place; nothing is installed where it could not work;
 * an agent is ended only when nothing is in flight; uninstalling leaves the journal and what is not ours.
 * World: real processes; launchctl is a stand-in that keeps real processes alive, the gateway a small one.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { GatewayFrame } from '@bluewire/contract/node-protocol/gateway-frames'
import { agentPaths, bundleHash, versionPaths } from '../../src/mac/agent-paths.ts'
import { install } from '../../src/mac/launch-agent.ts'
import { askForReport } from '../../src/mac/local-control.ts'
import { nodeOriginProblem } from '../../src/mac/node-binary.ts'
import { CODE, CREDENTIAL, MiniGateway } from '../mini-gateway.ts'
import { isAlive, MAIN, SmallMac } from './small-mac.ts'

const SECONDS_30 = { timeout: 30_000, interval: 50 }

const cleanUp: Array<() => unknown> = []
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo()
})

async function joined(...more: string[]): Promise<{ mac: SmallMac; gateway: MiniGateway }> {
  const mac = new SmallMac()
  cleanUp.push(() => mac.stop())
  const gateway = await MiniGateway.start()
  cleanUp.push(() => gateway.stop())
  expect(
    await mac.cli('join', gateway.url, CODE, '--driver', 'simulator', '--min-free-mib', '0', ...more),
  ).toMatchObject({ code: 0, err: '' })
  return { mac, gateway }
}

const pathsOf = (mac: SmallMac) => agentPaths(mac.node, mac.home)
const reportOf = (mac: SmallMac) => askForReport(pathsOf(mac).socket)
const linesOf = (text: string) => text.trimEnd().split('\n')

function sendFrame(gateway: MiniGateway, to: string): Extract<GatewayFrame, { t: 'send' }> {
  const id = '0'.repeat(26)
  return {
    ...{ t: 'send', session: gateway.session, attempt: `attempt_${id}`, message: `imessage_${id}`, n: 1 },
    ...{ line: '+15005550001', to, service: 'imessage', body: 'a text for nobody’s log', start_within_ms: 10_000 },
  }
}

describe('install', () => {
  it('runs the agent now and whenever it ends; a second time nothing happens', async () => {
    const { mac, gateway } = await joined()
    const first = await mac.run('install')
    expect(first).toMatchObject({ code: 0, err: '' })
    const { plist, log } = pathsOf(mac)
    const before = await reportOf(mac)
    expect(first.out).toBe(
      `The agent com.bluewire.node runs (process ${before?.pid}), and will after every login. Its log: ${log}\n`,
    )
    expect(statSync(plist).mode & 0o777).toBe(0o600)
    await gateway.frame('ready')

    const again = await mac.cli('install')
    expect(again.out).toBe(`The agent com.bluewire.node is installed and runs (process ${before?.pid}).\n`)
    expect((await reportOf(mac))?.pid).toBe(before?.pid)

    process.kill(before?.pid ?? 0, 'SIGKILL')
    await expect.poll(async () => (await reportOf(mac))?.pid ?? before?.pid, SECONDS_30).not.toBe(before?.pid)
    await gateway.frame('hello', ({ conn }) => conn === 2)

    const status = await mac.cli('status')
    expect(status.out).toMatch(/^agent {4}installed as com\.bluewire\.node, running, pid \d+$/m)
    expect(status.out).toMatch(/^session {2}\d+, working$/m)
    expect(status.out + readFileSync(log, 'utf8')).not.toContain(CREDENTIAL)
  })

  it('brings a plist that differs up to date, and starts the agent anew', async () => {
    const { mac } = await joined()
    await mac.cli('install')
    const before = (await reportOf(mac))?.pid
    const { plist } = pathsOf(mac)
    const wanted = readFileSync(plist, 'utf8')
    writeFileSync(plist, wanted.replace('<integer>10</integer>', '<integer>60</integer>'))
    expect(await mac.cli('install')).toMatchObject({ code: 0, err: '' })
    expect(readFileSync(plist, 'utf8')).toBe(wanted)
    expect((await reportOf(mac))?.pid).not.toBe(before)
    expect(readdirSync(join(mac.home, 'Library/LaunchAgents'))).toEqual(['com.bluewire.node.plist'])
  })

  it('not outside the graphical session, with the reason; then nothing is written', async () => {
    const { mac } = await joined()
    mac.session = 'Background'
    const said = await mac.cli('install')
    expect(said).toMatchObject({ code: 1, out: '' })
    expect(said.err).toMatch(/^This session is "Background", not "Aqua": .* not over SSH/)
    expect(existsSync(pathsOf(mac).plist)).toBe(false)
  })

  it('not before it has joined, and nowhere but on a Mac', async () => {
    const mac = new SmallMac()
    cleanUp.push(() => mac.stop())
    expect((await mac.cli('install')).err).toMatch(/^No node is enrolled in .* join URL CODE/)
  })

  it('not with a Node.js whose permissions are lost at each upgrade, unless forced', async () => {
    const { mac } = await joined()
    const brewed = join(mac.home, 'opt/homebrew/bin/node')
    mkdirSync(join(brewed, '../../Cellar/node/24.1.0/bin'), { recursive: true })
    mkdirSync(join(brewed, '..'), { recursive: true })
    const real = join(mac.home, 'opt/homebrew/Cellar/node/24.1.0/bin/node')
    writeFileSync(real, `#!/bin/sh\nexec '${process.execPath}' "$@"\n`, { mode: 0o755 })
    symlinkSync(real, brewed)
    const said: string[] = []
    const place = { host: mac.host({ node: brewed }), directory: mac.node, say: (line: string) => said.push(line) }
    await expect(install(place, { force: false })).rejects.toThrow(
      /is a Node\.js of Homebrew: with its next upgrade macOS takes the permissions of the node away\. .*nodejs\.org.*install --force/,
    )
    expect(existsSync(pathsOf(mac).plist)).toBe(false)
    await install(place, { force: true })
    expect(said.join('\n')).toMatch(/runs \(process \d+\)[\s\S]*Homebrew/)
  })

  it.each([
    ['/Users/ada/.nvm/versions/node/v24.1.0/bin/node', 'nvm'],
    ['/Users/ada/.volta/tools/image/node/24.1.0/bin/node', 'volta'],
    ['/Users/ada/.local/share/mise/installs/node/24/bin/node', 'mise'],
    ['/opt/homebrew/opt/node@24/bin/node', 'Homebrew'],
    ['/usr/local/Cellar/node/24.1.0/bin/node', 'Homebrew'],
    ['/usr/local/bin/node', null],
    ['/Users/ada/node-v24/bin/node', null],
  ])('%s: %s', (path, whose) => {
    if (whose === null) expect(nodeOriginProblem(path)).toBeNull()
    else expect(nodeOriginProblem(path)).toContain(`a Node.js of ${whose}:`)
  })

  it('not beside an agent that somebody started by hand', async () => {
    const { mac, gateway } = await joined()
    const byHand = mac.run('run')
    await gateway.frame('ready')
    const said = await mac.cli('install')
    expect(said).toMatchObject({ code: 1, out: '' })
    expect(said.err).toMatch(
      /^A node runs in .*\.bluewire-node already \(process \d+\), and launchd did not start it\. Stop it first/,
    )
    const pid = (await reportOf(mac))?.pid ?? 0
    process.kill(pid, 'SIGTERM')
    expect((await byHand).code).toBe(0)
  })

  it('a second real agent of one user is refused: there is one Messages', async () => {
    const { mac } = await joined()
    const other = join(mac.home, 'other')
    const paths = agentPaths(other, mac.home)
    expect(paths.label).toMatch(/^com\.bluewire\.node\.[0-9a-f]{8}$/)
    await mac.cli('install')
    mkdirSync(other)
    const config = JSON.parse(readFileSync(join(mac.node, 'node.json'), 'utf8')) as { driver: object }
    const real = { ...config, driver: { name: 'messages-app', settings: {} } }
    writeFileSync(join(other, 'node.json'), JSON.stringify(real))
    writeFileSync(join(mac.node, 'node.json'), JSON.stringify(real))
    const said = await mac.cli('install', '--dir', other)
    expect(said).toMatchObject({ code: 1, out: '' })
    expect(said.err).toMatch(
      /^This user has an agent already, com\.bluewire\.node, for the node in .*\.bluewire-node: one user has one Messages/,
    )
  })
})

describe('restart', () => {
  it('a new process, once what is in flight has ended', async () => {
    const { mac, gateway } = await joined()
    await mac.cli('install')
    await gateway.frame('ready')
    const before = (await reportOf(mac))?.pid
    gateway.send(sendFrame(gateway, '+15005550108')) // takes three seconds
    await expect.poll(async () => (await reportOf(mac))?.started, SECONDS_30).toBe(1)
    const said = await mac.cli('restart')
    expect(said).toMatchObject({ code: 0, err: '' })
    expect(linesOf(said.out)[0]).toBe('A message is being sent: waiting until it is known what became of it.')
    expect((await reportOf(mac))?.pid).not.toBe(before)
    await gateway.frame('hello', ({ conn }) => conn === 2)
    expect(await gateway.frame('fact')).toMatchObject({ fact: 'sent' })
    const sent = readFileSync(join(mac.node, 'simulator.jsonl'), 'utf8')
    expect(linesOf(sent)).toHaveLength(1)
  })

  it('one that hangs is not asked', async () => {
    const { mac } = await joined()
    await mac.cli('install')
    const before = (await reportOf(mac))?.pid ?? 0
    process.kill(before, 'SIGSTOP')
    expect(await mac.cli('restart')).toMatchObject({ code: 0, err: '' })
    expect(isAlive(before)).toBe(false)
  })

  it('without an agent: what to do', async () => {
    const { mac } = await joined()
    expect((await mac.cli('restart')).err).toBe('The agent is not installed. bluewire-node install\n')
  })
})

describe('an agent that the gateway refuses', () => {
  it('does not ask again and again; joined anew, it works', async () => {
    const { mac, gateway } = await joined()
    gateway.bye = 'revoked'
    await mac.cli('install')
    const { log, printed } = pathsOf(mac)
    await expect.poll(() => readFileSync(log, 'utf8'), SECONDS_30).toContain('node.waits_to_be_joined_anew')
    expect(readFileSync(printed, 'utf8')).toBe('The gateway refuses this node (revoked): A person must look at this.\n')
    gateway.bye = null
    expect(
      await mac.cli('join', gateway.url, CODE, '--driver', 'simulator', '--replace', '--min-free-mib', '0'),
    ).toMatchObject({ code: 0 })
    await gateway.frame('ready')
    expect(gateway.frames.filter(({ t }) => t === 'hello')).toHaveLength(2)
  })
})

describe('logs', () => {
  it('as lines for people, the last ones, both files', async () => {
    const { mac, gateway } = await joined()
    expect((await mac.cli('logs')).err).toMatch(/the agent has not run yet/)
    await mac.cli('install')
    await gateway.frame('ready')
    writeFileSync(pathsOf(mac).printed, 'The gateway refuses this node.\n')
    const { out } = await mac.cli('logs', '-n', '500')
    expect(linesOf(out).slice(0, 2)).toEqual([`--- ${pathsOf(mac).printed}`, 'The gateway refuses this node.'])
    expect(out).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z info {2}session\.ready session=1 mode="work" resumed=0$/m)
    expect(linesOf((await mac.cli('logs', '-n', '1')).out)).toHaveLength(4)
    expect((await mac.cli('logs', '-n', 'x')).code).toBe(2)
  })
})

describe('uninstall', () => {
  it('leaves the journal, and says where; and what is not ours', async () => {
    const { mac, gateway } = await joined()
    const { root, versions, current } = versionPaths(mac.home)
    mkdirSync(join(versions, 'a'.repeat(64)), { recursive: true })
    symlinkSync(join(versions, 'a'.repeat(64)), current)
    await mac.cli('install')
    await gateway.frame('ready')
    const pid = (await reportOf(mac))?.pid ?? 0
    gateway.send(sendFrame(gateway, '+14155552671'))
    await gateway.frame('fact', ({ fact }) => fact === 'delivered')
    writeFileSync(join(mac.node, 'my-notes.txt'), '')
    const said = await mac.cli('uninstall')
    expect(said).toMatchObject({ code: 0, err: '' })
    expect(linesOf(said.out)).toEqual([
      'The agent com.bluewire.node is stopped and gone.',
      `What this node sent is in its journal, which was left: ${join(mac.node, 'journal.sqlite')}`,
      `Not of this node, and left too: ${join(mac.node, 'my-notes.txt')}`,
      'The gateway still lists the node: `npm run admin -- node retire ID` there takes it off.',
    ])
    expect(isAlive(pid)).toBe(false)
    expect(readdirSync(mac.node).sort()).toEqual(['journal.sqlite', 'my-notes.txt'])
    expect(existsSync(pathsOf(mac).plist)).toBe(false)
    expect(existsSync(root)).toBe(false)
  })

  it('says when the gateway was not told everything', async () => {
    const { mac, gateway } = await joined()
    await mac.cli('install')
    await gateway.frame('ready')
    const send = sendFrame(gateway, '+15005550108')
    gateway.send(send)
    await expect.poll(async () => (await reportOf(mac))?.started, SECONDS_30).toBe(1)
    await gateway.stop()
    const said = await mac.cli('uninstall')
    expect(said.out).toMatch(/^The gateway has not heard [12] entries of it/m)
  })

  it('where no node is, it says so', async () => {
    const mac = new SmallMac()
    cleanUp.push(() => mac.stop())
    expect(await mac.cli('uninstall')).toMatchObject({ code: 1, out: '', err: `There is no node in ${mac.node}.\n` })
  })
})

describe('an installed bundle', () => {
  it('is known by its place, through the link too', () => {
    const mac = new SmallMac()
    cleanUp.push(() => mac.stop())
    const hash = 'b'.repeat(64)
    const { versions, current, program } = versionPaths(mac.home)
    mkdirSync(join(versions, hash), { recursive: true })
    symlinkSync(join('versions', hash), current)
    writeFileSync(program, '')
    expect(bundleHash(program, mac.home)).toBe(hash)
    expect(bundleHash(MAIN, mac.home)).toBeNull()
  })
})
