/**
 * `update`.
 * Proves: only what the node's own gateway gives, and only with the hash that was asked for, is ever run; the agent is changed when nothing
 * is in flight; one that is not well is taken back; a node can forbid it; who did it is written down.
 * World: real agents under a stand-in of launchd; the gateway is a small one, and its bundles are files that lead to this source.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { agentPaths, BUNDLE_NAME, versionPaths } from '../../src/mac/agent-paths.ts'
import { useBundle } from '../../src/mac/bundle-store.ts'
import { askForReport } from '../../src/mac/local-control.ts'
import type { AgentReport } from '../../src/mac/local-control.ts'
import { isAsWellAs, update } from '../../src/mac/update.ts'
import { CODE, MiniGateway } from '../mini-gateway.ts'
import { MAIN, SmallMac } from './small-mac.ts'

const cleanUp: Array<() => unknown> = []
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo()
})

const hashOf = (text: string | Buffer) => createHash('sha256').update(text).digest('hex')

/** A bundle that works, and differs from the others. */
const good = (name: string) => `await import(${JSON.stringify(MAIN)}) // ${name}\n`
/** One that says its version, and does nothing else. */
const bad = (then: string) => `if (process.argv[2] === '--version') console.log('Bluewire 9.9.9')\nelse { ${then} }\n`

type World = { mac: SmallMac; gateway: MiniGateway; old: string; give: (text: string) => string }

async function installed(more: { isRunning?: boolean } = {}): Promise<World> {
  const mac = new SmallMac()
  cleanUp.push(() => mac.stop())
  const gateway = await MiniGateway.start()
  cleanUp.push(() => gateway.stop())
  const give = (text: string) => {
    gateway.files.set(`/node/bluewire-node-${hashOf(text)}.mjs`, Buffer.from(text))
    return hashOf(text)
  }
  const old = hashOf(good('old'))
  const { versions } = versionPaths(mac.home)
  mkdirSync(join(versions, old), { recursive: true })
  writeFileSync(join(versions, old, BUNDLE_NAME), good('old'))
  useBundle(old, mac.home)
  expect(await mac.cli('join', gateway.url, CODE, '--driver', 'simulator', '--min-free-mib', '0')).toMatchObject({
    code: 0,
  })
  if (more.isRunning ?? true) {
    const program = join(versions, old, BUNDLE_NAME)
    const said = await mac.runProgram(program, 'install')
    expect(said).toMatchObject({ code: 0, err: '' })
    await gateway.frame('ready')
  }
  return { mac, gateway, old, give }
}

const reportOf = (mac: SmallMac) => askForReport(agentPaths(mac.node, mac.home).socket)
const current = (mac: SmallMac) => readlinkSync(versionPaths(mac.home).current)
const scriptOf = (mac: SmallMac, hash: string) => join(versionPaths(mac.home).versions, hash, BUNDLE_NAME)
const recorded = (mac: SmallMac) =>
  readFileSync(join(mac.node, 'logs/updates.log'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

describe('a version that is well', () => {
  it('runs afterwards, once what was in flight has ended; a second time nothing happens', async () => {
    const { mac, gateway, old, give } = await installed()
    const before = await reportOf(mac)
    expect(before?.script).toBe(scriptOf(mac, old))
    const forgotten = join(versionPaths(mac.home).versions, 'c'.repeat(64))
    mkdirSync(forgotten)
    const id = '0'.repeat(26)
    gateway.send({
      ...{ t: 'send', session: gateway.session, attempt: `attempt_${id}`, message: `imessage_${id}`, n: 1 },
      ...{ line: '+15005550001', to: '+15005550108', service: 'imessage', body: 'a text', start_within_ms: 10_000 },
    })
    await expect.poll(async () => (await reportOf(mac))?.started, { timeout: 20_000 }).toBe(1)
    const hash = give(good('new'))
    const said = await mac.cli('update', '--sha256', hash.toUpperCase())
    expect(said).toMatchObject({ code: 0, err: '' })
    expect(said.out).toMatch(
      /^Bluewire [\d.]+ \([0-9a-f]{12}\) was fetched from .*, and its checksum is right\.\nA message is being sent: [^\n]*\nThe agent runs as this version \(process \d+\), and is connected\.\n$/,
    )
    const after = await reportOf(mac)
    expect(after?.script).toBe(scriptOf(mac, hash))
    expect(after?.pid).not.toBe(before?.pid)
    expect(current(mac)).toBe(`versions/${hash}`)
    expect(await gateway.frame('fact')).toMatchObject({ fact: 'sent' })
    expect(readFileSync(join(mac.node, 'simulator.jsonl'), 'utf8').trimEnd().split('\n')).toHaveLength(1)
    expect(readdirSync(versionPaths(mac.home).versions).sort()).toEqual([old, hash].sort())
    expect(recorded(mac)).toMatchObject([
      { from: old, to: hash, result: 'updated', by: expect.stringMatching(/^ada \(\d+\)$/) },
    ])

    gateway.files.clear()
    expect(await mac.cli('update', '--sha256', hash)).toEqual({
      ...{ code: 0, err: '', out: 'The agent is of this version already.\n' },
    })
    expect((await reportOf(mac))?.pid).toBe(after?.pid)
  })

  it('an agent that does not answer is replaced all the same', async () => {
    const { mac, give } = await installed()
    process.kill((await reportOf(mac))?.pid ?? 0, 'SIGSTOP')
    const hash = give(good('new'))
    expect(await mac.cli('update', '--sha256', hash)).toMatchObject({ code: 0, err: '' })
    expect((await reportOf(mac))?.script).toBe(scriptOf(mac, hash))
  })
})

describe('a version that is not well', () => {
  it.each([
    ['ends at once', 'process.exit(1)', 'it did not come up'],
    ['does nothing', 'setInterval(() => {}, 1000)', 'it did not come up'],
  ])('that %s is taken back', async (_what, then, why) => {
    const { mac, gateway, old, give } = await installed()
    const hash = give(bad(then))
    const place = { host: mac.host(), directory: mac.node, say: () => undefined }
    const session = gateway.session
    await expect(update(place, { sha256: hash, healthyWithinMs: 10_000 })).rejects.toThrow(
      new RegExp(
        `^The new version was not well within 10 s \\(${why}\\)\\. The agent is the version before again \\(${old.slice(0, 12)}\\)\\. That one runs \\(process \\d+\\)\\.$`,
      ),
    )
    expect(current(mac)).toBe(`versions/${old}`)
    expect((await reportOf(mac))?.script).toBe(scriptOf(mac, old))
    await expect.poll(() => gateway.session, { timeout: 20_000 }).toBeGreaterThan(session)
    expect(recorded(mac)).toMatchObject([{ from: old, to: hash, result: 'rolled_back' }])
  })

  it('that cannot connect is taken back', async () => {
    const { mac, gateway, old, give } = await installed()
    const hash = give(good('new'))
    gateway.bye = 'draining'
    const place = { host: mac.host(), directory: mac.node, say: () => undefined }
    await expect(update(place, { sha256: hash, healthyWithinMs: 10_000 })).rejects.toThrow(/\(it was not connected\)/)
    expect(current(mac)).toBe(`versions/${old}`)
  })

  it('connected, and Messages no worse than before: that is well', () => {
    const report = (session: number | null, state: AgentReport['driver']['state']) =>
      ({ session, driver: { name: 'x', state, proven_at_ms: null } }) as AgentReport
    const ok = report(1, 'ok')
    const degraded = report(1, 'degraded')
    const broken = report(1, 'broken')
    expect(isAsWellAs(ok, ok)).toBe(true)
    expect(isAsWellAs(ok, degraded)).toBe(false)
    expect(isAsWellAs(degraded, ok)).toBe(true)
    expect(isAsWellAs(broken, broken)).toBe(true)
    expect(isAsWellAs(null, broken)).toBe(false)
    expect(isAsWellAs(null, degraded)).toBe(true)
    expect(isAsWellAs(broken, report(null, 'ok'))).toBe(false)
  })
})

describe('what is not run', () => {
  it('something else than was asked for, what does not start, what the gateway has not: nothing is changed', async () => {
    const { mac, gateway, old, give } = await installed()
    const pid = (await reportOf(mac))?.pid
    const hash = hashOf('asked for')
    gateway.files.set(`/node/bluewire-node-${hash}.mjs`, Buffer.from(bad('process.exit(1)')))
    const changed = await mac.cli('update', '--sha256', hash)
    expect(changed).toMatchObject({ code: 1, out: '' })
    expect(changed.err).toMatch(
      /^What came from .* is not what was asked for: its SHA-256 is [0-9a-f]{64}\. It was not run/,
    )
    const broken = await mac.cli('update', '--sha256', give('process.exit(1)\n'))
    expect(broken.err).toMatch(/^The new version does not start with Node\.js 24.*Nothing was changed\.\n$/)
    const unknown = await mac.cli('update', '--sha256', 'd'.repeat(64))
    expect(unknown.err).toBe('The gateway did not give that version (404): There is no such agent here.\n')
    expect((await mac.cli('update', '--sha256', '../../etc')).err).toMatch(/64 hexadecimal digits/)
    expect((await mac.cli('update')).err).toMatch(/64 hexadecimal digits/)
    await gateway.stop()
    expect((await mac.cli('update', '--sha256', 'e'.repeat(64))).err).toMatch(/Is the gateway running\?/)
    expect(current(mac)).toBe(`versions/${old}`)
    expect((await reportOf(mac))?.pid).toBe(pid)
    expect(readdirSync(versionPaths(mac.home).root).filter((name) => name.startsWith('.draft'))).toEqual([])
    expect(existsSync(scriptOf(mac, hash))).toBe(false)
  })

  it('a bundle that lies there damaged: it is fetched anew', async () => {
    const { mac, give } = await installed()
    const hash = give(good('new'))
    mkdirSync(join(versionPaths(mac.home).versions, hash))
    writeFileSync(scriptOf(mac, hash), bad('process.exit(1)'))
    expect(await mac.cli('update', '--sha256', hash)).toMatchObject({ code: 0, err: '' })
    expect(hashOf(readFileSync(scriptOf(mac, hash)))).toBe(hash)
  })

  it('anything, when the node forbids it, runs from a clone, or is not installed', async () => {
    const { mac, give } = await installed({ isRunning: false })
    const hash = give(good('new'))
    expect((await mac.cli('update', '--sha256', hash)).err).toBe('The agent is not installed. bluewire-node install\n')
    const path = join(mac.node, 'node.json')
    const config = readFileSync(path, 'utf8')
    writeFileSync(path, JSON.stringify({ ...(JSON.parse(config) as object), updates: 'forbidden' }))
    const forbidden = await mac.cli('update', '--sha256', hash)
    expect(forbidden).toMatchObject({ code: 1, out: '' })
    expect(forbidden.err).toMatch(
      /^This node forbids it: "updates": "forbidden" in .*node\.json\. Nothing was fetched\.\n$/,
    )
    writeFileSync(path, config)

    rmSync(versionPaths(mac.home).current)
    expect((await mac.cli('update', '--sha256', hash)).err).toMatch(
      /^This node does not run a version that its gateway gave/,
    )
  })
})
