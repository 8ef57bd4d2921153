/**
 * The life of a fake Mac and of its Messages.
 * Proves: there is one Messages however many start it; messages are not lost or doubled when it dies at any moment; after `stop` nothing is
 * left, and nothing outlives whoever made the Mac.
 * World: fake Macs of their own, their processes killed and looked for in the system.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runTool } from '@bluewire/platform/run-tool'
import { describe, expect, it } from 'vitest'
import { FakeMac } from '../../src/fake-mac/fake-mac.ts'
import { programsOf } from '../../src/fake-mac/processes.ts'
import { until } from '../../src/stories/until.ts'
import { MacWorld } from './mac-world.ts'

describe('Messages', () => {
  it('is one process, also when two start it at once', async () => {
    await using mac = await FakeMac.make({ macos: '15', timeScale: 0.1 })
    const open = () => runTool(join(mac.toolsDir, 'open'), ['-gjb', 'com.apple.MobileSMS'], { timeoutMs: 20_000 })
    await Promise.all([open(), open(), mac.messages.start()])
    await until('one is left', () => programsOf(mac.folder).length === 1)
    expect(await mac.messages.ask({ event: 'accounts' })).toHaveProperty('ok')
    expect(programsOf(mac.folder)).toEqual([mac.messages.pid])
  })

  it('takes what chance brings: killed ten times under a stream of sends, what left left once, and is in chat.db', async () => {
    await using mac = await FakeMac.make({ macos: '26.5', timeScale: 0.02 })
    const world = new MacWorld(mac)
    await mac.messages.start()
    let isOver = false
    let count = 0
    const stream = async () => {
      while (!isOver) {
        const text = `text ${count++}`
        await world.sendTo('+14155552671', text).catch(() => undefined)
      }
    }
    const streaming = stream()
    for (let round = 0; round < 10; round++) {
      const before = mac.phones().length
      await until('some more left', () => mac.phones().length >= before + 2)
      await mac.messages.kill()
      await mac.messages.start()
    }
    isOver = true
    await streaming
    const isOnItsWay = () => world.rows('m.is_from_me = 1 and m.is_sent = 0').length > 0
    await until('all that has a row is sent', () => !isOnItsWay())
    const texts = mac.phones().map(({ text }) => text)
    expect(new Set(texts).size).toBe(texts.length)
    expect(
      world
        .rows()
        .map(({ guid }) => guid)
        .toSorted(),
    ).toEqual(
      mac
        .phones()
        .map(({ guid }) => guid)
        .toSorted(),
    )
  })

  it('rules outlive it', async () => {
    await using mac = await FakeMac.make({ macos: '15', timeScale: 0.1 })
    const world = new MacWorld(mac)
    const rule = mac.behave({ times: 2, eventError: -1719 })
    await mac.messages.start()
    await world.sendTo('+14155552671', 'x')
    await mac.messages.kill('SIGTERM')
    await mac.messages.start()
    expect(await world.sendTo('+14155552671', 'x')).toEqual({ error: { number: -1719 } })
    expect(await world.sendTo('+14155552671', 'x')).toEqual({ ok: null })
    expect(rule.used()).toBe(2)
    mac.behave({ times: 9, eventError: -1719 })
    mac.behaveWell()
    expect(await world.sendTo('+14155552671', 'x')).toEqual({ ok: null })
  })
})

describe('the Mac', () => {
  it('stop ends all its processes, also those that hang, and removes its folder; twice is once', async () => {
    const mac = await FakeMac.make({ macos: '15', timeScale: 0.1 })
    await mac.messages.start()
    await mac.messages.hang()
    const caffeinate = runTool(join(mac.toolsDir, 'caffeinate'), ['-i'], { timeoutMs: 60_000 })
    await until('it runs', () => mac.processes().length === 2)
    await mac.stop()
    expect(await caffeinate).toMatchObject({ kind: 'ended', signal: 'SIGKILL' })
    expect(programsOf(mac.folder)).toEqual([])
    expect(existsSync(mac.folder)).toBe(false)
    await mac.stop()
  })

  it('a folder that was given stays, without processes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'given-'))
    const mac = await FakeMac.make({ macos: '14', folder, language: 'fr' })
    await mac.messages.start()
    await mac.stop()
    expect(programsOf(folder)).toEqual([])
    expect(JSON.parse(readFileSync(mac.paths.settings, 'utf8'))).toMatchObject({ macos: '14', language: 'fr' })
    rmSync(folder, { recursive: true })
  })

  it('nothing outlives whoever made it, however that ended', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'orphan-'))
    const source = `
      import { FakeMac } from ${JSON.stringify(new URL('../../src/fake-mac/fake-mac.ts', import.meta.url).href)}
      const mac = await FakeMac.make({ macos: '15', folder: ${JSON.stringify(folder)}, timeScale: 0.1 })
      await mac.messages.start()
      console.log('ready')
      setInterval(() => undefined, 1000)`
    const maker = spawn(process.execPath, ['--input-type=module-typescript', '-e', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise((resolve) => maker.stdout.once('data', resolve))
    expect(programsOf(folder)).toHaveLength(1)
    maker.kill('SIGKILL')
    await until('Messages is gone', () => programsOf(folder).length === 0)
    rmSync(folder, { recursive: true })
  })

  it('a folder whose sockets would have too long a path is refused', async () => {
    const folder = join(tmpdir(), 'long'.repeat(30))
    await expect(FakeMac.make({ macos: '15', folder })).rejects.toThrow('too long')
    expect(existsSync(folder)).toBe(false)
  })

  it('has the environment of its user', async () => {
    await using mac = await FakeMac.make({ macos: '15' })
    expect(mac.env).toEqual({ HOME: mac.home, USER: 'mac', LOGNAME: 'mac', BLUEWIRE_MAC_TOOLS: mac.toolsDir })
  })
})
