/**
 * launchd and launchctl on the fake Mac.
 * Proves: a LaunchAgent's program really runs, with the environment of its plist only, is started again by KeepAlive and not sooner than its
 * ThrottleInterval, and ends with its group; what launchctl says, as macOS says it.
 * World: one fake Mac whose launchd and agents are processes.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runTool } from '@bluewire/platform/run-tool'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FakeMac } from '../../src/fake-mac/fake-mac.ts'
import { isAlive, startOf } from '../../src/fake-mac/processes.ts'
import { until } from '../../src/stories/until.ts'

let mac: FakeMac
beforeAll(async () => {
  mac = await FakeMac.make({ macos: '26.5', timeScale: 0.05 })
})
afterAll(() => mac.stop())

const domain = () => `gui/${mac.settings.machineUid}`

async function launchctl(...args: string[]) {
  const result = await runTool(join(mac.toolsDir, 'launchctl'), args, {
    timeoutMs: 30_000,
    env: { SECRET: 'of the shell' },
  })
  if (result.kind !== 'ended') throw new Error(`launchctl ${result.kind}`)
  return { code: result.code, stdout: result.stdout, stderr: result.stderr }
}

type Keys = Readonly<Record<string, string>>

/** A LaunchAgent that runs a line of shell. Values of `keys` are XML. */
function writeAgent(label: string, script: string, keys: Keys = {}): string {
  const path = join(mac.home, 'Library', 'LaunchAgents', `${label}.plist`)
  const words = ['/bin/sh', '-c', script].map(
    (word) => `<string>${word.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</string>`,
  )
  const all: Keys = {
    Label: `<string>${label}</string>`,
    ProgramArguments: `<array>${words.join('')}</array>`,
    ...keys,
  }
  const entries = Object.entries(all).map(([key, value]) => `  <key>${key}</key>\n  ${value}\n`)
  writeFileSync(
    path,
    `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
${entries.join('')}</dict>
</plist>
`,
  )
  return path
}

const print = async (label: string) => (await launchctl('print', `${domain()}/${label}`)).stdout
const pidOf = async (label: string) => Number(/^\tpid = (\d+)$/m.exec(await print(label))?.[1] ?? 0)
const log = (name: string) => join(mac.paths.state, name)
const linesOf = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [])

describe('MACOS 5.1: launchd', () => {
  it('runs a LaunchAgent in its folder with the environment of its plist, not of a shell, and keeps what it says', async () => {
    const path = writeAgent('com.example.once', 'env; echo "wrong & <odd>" >&2; pwd', {
      RunAtLoad: '<true/>',
      EnvironmentVariables: '<dict><key>OWN</key><string>a &amp; b</string></dict>',
      WorkingDirectory: `<string>${mac.home}</string>`,
      StandardOutPath: `<string>${log('once.out')}</string>`,
      StandardErrorPath: `<string>${log('once.err')}</string>`,
    })
    expect(await launchctl('bootstrap', domain(), path)).toEqual({ code: 0, stdout: '', stderr: '' })
    const said = await until('it has run', () =>
      linesOf(log('once.out')).includes(mac.home) ? linesOf(log('once.out')) : null,
    )
    expect(said).toEqual(
      expect.arrayContaining([
        'OWN=a & b',
        `HOME=${mac.home}`,
        'PATH=/usr/bin:/bin:/usr/sbin:/sbin',
        'XPC_SERVICE_NAME=com.example.once',
        `BLUEWIRE_MAC_TOOLS=${mac.toolsDir}`,
      ]),
    )
    expect(said.some((line) => line.startsWith('SECRET='))).toBe(false)
    expect(linesOf(log('once.err'))).toEqual(['wrong & <odd>'])
    await until('it is over', async () => (await print('com.example.once')).includes('state = not running'))
    expect(await print('com.example.once')).toMatch(/^\tlast exit code = 0$/m)
    expect((await launchctl('list')).stdout).toMatch(/^-\t0\tcom\.example\.once$/m)
  })

  it('KeepAlive starts it again, whatever its end, and not sooner than ThrottleInterval after its last start', async () => {
    const path = writeAgent('com.example.kept', 'date +%s%N; exit 7', {
      KeepAlive: '<true/>',
      ThrottleInterval: '<integer>8</integer>',
      StandardOutPath: `<string>${log('kept.out')}</string>`,
    })
    await launchctl('bootstrap', domain(), path)
    await until('its end', async () => (await print('com.example.kept')).includes('state = spawn scheduled'))
    expect(await print('com.example.kept')).toMatch(/^\tlast exit code = 7$/m)
    const [first = '', second = ''] = await until('it runs again', () =>
      linesOf(log('kept.out')).length >= 2 ? linesOf(log('kept.out')) : null,
    )
    expect(Number(BigInt(second) - BigInt(first)) / 1e6).toBeGreaterThan(250) // 8 s in this Mac's time are 400 ms, less what it took to say so the first time
    expect((await launchctl('list')).stdout).toMatch(/^(?:-|\d+)\t7\tcom\.example\.kept$/m)
    expect(await launchctl('bootout', `${domain()}/com.example.kept`)).toMatchObject({ code: 0 })
    expect(await launchctl('print', `${domain()}/com.example.kept`)).toMatchObject({ code: 113 })
  })

  it('kickstart -k ends it and starts it; bootout ends it with all of its group', async () => {
    const script = 'sleep 1000 & echo $!; echo ready; wait'
    const path = writeAgent('com.example.long', script, {
      KeepAlive: '<dict><key>SuccessfulExit</key><false/></dict>',
      StandardOutPath: `<string>${log('long.out')}</string>`,
    })
    await launchctl('bootstrap', domain(), path)
    await until('it runs', () => linesOf(log('long.out')).includes('ready'))
    const pid = await pidOf('com.example.long')
    expect(mac.processes()).toContainEqual(expect.objectContaining({ pid, name: 'sh' }))
    const [sleeper] = linesOf(log('long.out')).map(Number)
    const started = { pid: sleeper ?? 0, start: startOf(sleeper ?? 0) ?? '' }
    expect(isAlive(started)).toBe(true)

    const kicked = await launchctl('kickstart', '-kp', `${domain()}/com.example.long`)
    expect(kicked).toMatchObject({ code: 0, stdout: expect.stringMatching(/^service spawned with pid: \d+\n$/) })
    expect(await pidOf('com.example.long')).not.toBe(pid)
    await until('what the first one left is gone', () => !isAlive(started))
    expect(await print('com.example.long')).toMatch(/^\tlast terminating signal = Terminated: 15$/m)

    expect(await launchctl('bootout', `${domain()}/com.example.long`)).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(mac.processes().filter(({ name }) => name === 'sh')).toEqual([])
  })

  it('bootout of what does not end comes back before it has; its label is taken until it is killed', async () => {
    const path = writeAgent('com.example.stubborn', `trap '' TERM; echo ready; while :; do sleep 0.1; done`, {
      RunAtLoad: '<true/>',
      ExitTimeOut: '<integer>2</integer>',
      StandardOutPath: `<string>${log('stubborn.out')}</string>`,
    })
    await launchctl('bootstrap', domain(), path)
    await until('it runs', () => linesOf(log('stubborn.out')).length > 0)
    expect(await launchctl('bootout', `${domain()}/com.example.stubborn`)).toEqual({
      code: 36,
      stdout: '',
      stderr: 'Boot-out failed: 36: Operation now in progress\n',
    })
    expect(await launchctl('bootstrap', domain(), path)).toMatchObject({ code: 5 })
    await until('it is gone', async () => (await launchctl('print', `${domain()}/com.example.stubborn`)).code === 113)
    expect(await launchctl('bootstrap', domain(), path)).toMatchObject({ code: 0 })
    await launchctl('kill', 'SIGKILL', `${domain()}/com.example.stubborn`)
  })

  it('refuses what it knows already, what is no plist, what is not there, and another domain', async () => {
    const path = writeAgent('com.example.twice', 'sleep 1000', { RunAtLoad: '<true/>' })
    expect(await launchctl('bootstrap', domain(), path)).toMatchObject({ code: 0 })
    expect(await launchctl('bootstrap', domain(), path)).toEqual({
      code: 5,
      stdout: '',
      stderr: 'Bootstrap failed: 5: Input/output error\nTry re-running the command as root for richer errors.\n',
    })
    writeFileSync(join(mac.home, 'broken.plist'), '<plist><dict><key>Label</key></plist>')
    expect(await launchctl('bootstrap', domain(), join(mac.home, 'broken.plist'))).toMatchObject({ code: 5 })
    expect(await launchctl('bootstrap', domain(), '/nowhere/x.plist')).toMatchObject({ code: 5 })
    expect(await launchctl('bootstrap', 'gui/99999', path)).toMatchObject({
      code: 125,
      stderr: 'Bootstrap failed: 125: Domain does not support specified action\n',
    })
    expect(await launchctl('bootout', `${domain()}/com.example.none`)).toEqual({
      code: 3,
      stdout: '',
      stderr: 'Boot-out failed: 3: No such process\n',
    })
    expect(await launchctl('print', `${domain()}/com.example.none`)).toEqual({
      code: 113,
      stdout: '',
      stderr: `Bad request.\nCould not find service "com.example.none" in domain for user gui: ${mac.settings.machineUid}\n`,
    })
    expect(await launchctl('kickstart', `${domain()}/com.example.none`)).toMatchObject({ code: 113 })
  })

  it('a program or a folder that is not there: 78, and it goes on trying', async () => {
    const path = writeAgent('com.example.lost', 'true', {
      KeepAlive: '<true/>',
      WorkingDirectory: `<string>${join(mac.home, 'gone')}</string>`,
    })
    await launchctl('bootstrap', domain(), path)
    const printed = await print('com.example.lost')
    expect(printed).toMatch(/^\tstate = spawn scheduled$/m)
    expect(printed).toMatch(/^\tlast exit code = 78: EX_CONFIG$/m)
    rmSync(path)
    expect(await launchctl('bootout', domain(), path)).toMatchObject({ code: 0 })
  })

  it('a disabled one is not taken until it is enabled', async () => {
    const path = writeAgent('com.example.off', 'true')
    await launchctl('disable', `${domain()}/com.example.off`)
    expect(await launchctl('bootstrap', domain(), path)).toMatchObject({ code: 5 })
    expect((await launchctl('print-disabled', domain())).stdout).toContain('\t\t"com.example.off" => disabled\n')
    await launchctl('enable', `${domain()}/com.example.off`)
    expect(await launchctl('bootstrap', domain(), path)).toMatchObject({ code: 0 })
  })

  it('MACOS 5.1: managername, and no graphical domain in another session', async () => {
    expect((await launchctl('managername')).stdout).toBe('Aqua\n')
    await mac.configure({ session: 'Background' })
    expect((await launchctl('managername')).stdout).toBe('Background\n')
    expect(await launchctl('print', `${domain()}/com.example.twice`)).toMatchObject({ code: 125 })
    await mac.configure({ session: 'Aqua' })
  })

  it('the session has variables of its own', async () => {
    expect(await launchctl('getenv', 'TOLD')).toMatchObject({ code: 1 })
    await launchctl('setenv', 'TOLD', 'yes')
    expect((await launchctl('getenv', 'TOLD')).stdout).toBe('yes\n')
    const path = writeAgent('com.example.told', 'echo "told $TOLD"', {
      RunAtLoad: '<true/>',
      StandardOutPath: `<string>${log('told.out')}</string>`,
    })
    await launchctl('bootstrap', domain(), path)
    await until('it has run', () => linesOf(log('told.out')).includes('told yes'))
  })
})
