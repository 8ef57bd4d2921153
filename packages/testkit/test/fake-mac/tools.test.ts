/**
 * The small tools of macOS on the fake Mac.
 * Proves: what each prints, in the format of macOS, about processes that really run, and what it remembers.
 * World: one fake Mac; the tools run as programs.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { macTools } from '@bluewire/drivers/mac/mac-tools'
import { runTool } from '@bluewire/platform/run-tool'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FakeMac } from '../../src/fake-mac/fake-mac.ts'
import { until } from '../../src/stories/until.ts'

let mac: FakeMac
beforeAll(async () => {
  mac = await FakeMac.make({ macos: '15', timeScale: 0.1 })
})
afterAll(() => mac.stop())

async function run(tool: keyof ReturnType<typeof macTools> | 'sysctl', ...args: string[]) {
  const path = tool === 'sysctl' ? join(mac.toolsDir, tool) : macTools(mac.toolsDir)[tool]
  const result = await runTool(path, args, { timeoutMs: 20_000, env: mac.env })
  if (result.kind !== 'ended') throw new Error(`${tool} ${result.kind}`)
  const { code, stdout, stderr } = result
  return { code, stdout, stderr }
}

describe('MACOS 1.5: Messages is started and looked for', () => {
  it('pgrep finds nothing before, and its exit code says so', async () => {
    expect(await run('pgrep', '-x', 'Messages')).toEqual({ code: 1, stdout: '', stderr: '' })
  })

  it('open -gjb starts it, a second time changes nothing; pgrep, ps and kill speak of the process that really runs', async () => {
    expect(await run('open', '-gjb', 'com.apple.MobileSMS')).toEqual({ code: 0, stdout: '', stderr: '' })
    const { stdout } = await run('pgrep', '-x', 'Messages')
    const pid = Number(stdout)
    expect(stdout).toBe(`${mac.messages.pid}\n`)
    await run('open', '-gjb', 'com.apple.MobileSMS')
    expect((await run('pgrep', '-x', 'Messages')).stdout).toBe(`${pid}\n`)

    const { stdout: line } = await run('ps', '-o', 'lstart=', '-o', 'command=', '-p', String(pid))
    expect(line).toMatch(
      /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ 123]\d \d\d:\d\d:\d\d 20\d\d {4,5}\/System\/Applications\/Messages\.app\//,
    )
    expect(Math.abs(Date.parse(line.slice(0, 24)) - Date.now())).toBeLessThan(30_000)
    expect((await run('ps', '-o', 'lstart=', '-o', 'command=', '-p', String(pid))).stdout).toBe(line)

    expect(await run('pkill', '-9', '-x', 'Messages')).toMatchObject({ code: 0 })
    await until('it is gone', () => mac.messages.pid === undefined)
    expect(await run('pgrep', '-x', 'Messages')).toMatchObject({ code: 1 })
    expect(await run('pkill', '-x', 'Messages')).toMatchObject({ code: 1 })
  })

  it('open without -j starts it slowly, and in no other session than Aqua', async () => {
    await mac.configure({ session: 'Background' })
    expect(await run('open', '-b', 'com.apple.MobileSMS')).toMatchObject({ code: 1, stdout: '' })
    await mac.configure({ session: 'Aqua', timing: { ...mac.settings.timing, slowLaunchMs: 6000 } })
    const before = performance.now()
    expect(await run('open', '-b', 'com.apple.MobileSMS')).toMatchObject({ code: 0 })
    expect(performance.now() - before).toBeGreaterThan(600)
    await mac.messages.kill()
  })

  it('open of another program, and of a page of the system settings', async () => {
    expect(await run('open', '-b', 'com.example.none')).toMatchObject({ code: 1 })
    const page = 'x-apple.systempreferences:com.apple.preference.security?Privacy_AllFiles'
    expect(await run('open', page)).toMatchObject({ code: 0 })
    expect(readFileSync(join(mac.paths.state, 'opened-urls'), 'utf8')).toBe(`${page}\n`)
  })
})

describe('ps', () => {
  it('knows real processes of this machine, with a start that stays the same, and says 1 for one that is not there', async () => {
    const own = await run('ps', '-p', String(process.pid), '-o', 'pid=,lstart=')
    expect(own.stdout).toMatch(new RegExp(`^ *${process.pid} [A-Z][a-z]{2} `))
    expect((await run('ps', '-p', String(process.pid), '-o', 'pid=,lstart=')).stdout).toBe(own.stdout)
    expect(await run('ps', '-p', '4194300', '-o', 'pid,lstart')).toEqual({
      code: 1,
      stdout: `  PID ${'STARTED'.padEnd(28).trimEnd()}\n`,
      stderr: '',
    })
  })

  it('prints the start in the language of whoever asks', async () => {
    const { stdout } = await runTool(join(mac.toolsDir, 'ps'), ['-o', 'lstart=', '-p', String(process.pid)], {
      timeoutMs: 20_000,
      env: { LC_ALL: 'de_DE.UTF-8' },
    }).then((result) => (result.kind === 'ended' ? result : { stdout: '' }))
    expect(stdout).toMatch(/^(?:Mo|Di|Mi|Do|Fr|Sa|So)\.? [ 123]\d \S+ \d\d:\d\d:\d\d 20\d\d/)
  })
})

describe('MACOS 5.3: caffeinate', () => {
  it('is a process that runs until it is killed', async () => {
    const running = runTool(join(mac.toolsDir, 'caffeinate'), ['-dimsu'], { timeoutMs: 20_000 })
    const [found] = await until('it runs', () => {
      const all = mac.processes().filter(({ name }) => name === 'caffeinate')
      return all.length > 0 ? all : null
    })
    expect(found?.command).toBe('caffeinate -dimsu')
    expect((await run('pmset', '-g')).stdout).toContain('sleep prevented by caffeinate')
    expect((await run('pmset', '-g', 'assertions')).stdout).toMatch(/PreventUserIdleSystemSleep +1\n/)
    process.kill(found?.pid ?? 0, 'SIGTERM')
    expect(await running).toMatchObject({ kind: 'ended', signal: 'SIGTERM' })
    expect((await run('pmset', '-g', 'assertions')).stdout).toMatch(/PreventUserIdleSystemSleep +0\n/)
  })

  it('ends with the process it waits for, with its time, and with its program', async () => {
    expect(await run('caffeinate', '-w', '4194300')).toMatchObject({ code: 0 })
    expect(await run('caffeinate', '-t', '0')).toMatchObject({ code: 0 })
    expect(await run('caffeinate', '-i', '/bin/sh', '-c', 'exit 3')).toMatchObject({ code: 3 })
    expect(await run('caffeinate', '-z')).toMatchObject({ code: 64 })
  })
})

describe('what this Mac is', () => {
  it('sw_vers', async () => {
    expect((await run('swVers')).stdout).toBe(
      'ProductName:\t\tmacOS\nProductVersion:\t\t15.7.3\nBuildVersion:\t\t24G325\n',
    )
    expect((await run('swVers', '-productVersion')).stdout).toBe('15.7.3\n')
    expect((await run('swVers', '--buildVersion')).stdout).toBe('24G325\n')
    expect(await run('swVers', '-nonsense')).toMatchObject({ code: 1 })
  })

  it('ioreg has the platform UUID', async () => {
    const { stdout } = await run('ioreg', '-rd1', '-c', 'IOPlatformExpertDevice')
    expect(stdout).toContain(`      "IOPlatformUUID" = "${mac.settings.platformUuid}"\n`)
    expect((await run('ioreg', '-rd1', '-c', 'AppleSmartBattery')).stdout).toBe('')
  })

  it('sysctl has the boot session, which a restart changes', async () => {
    expect((await run('sysctl', '-n', 'kern.bootsessionuuid')).stdout).toBe(`${mac.settings.bootSession}\n`)
    await mac.configure({ bootSession: 'ANOTHER' })
    expect((await run('sysctl', '-n', 'kern.bootsessionuuid')).stdout).toBe('ANOTHER\n')
    expect(await run('sysctl', '-n', 'kern.nothing')).toMatchObject({ code: 1 })
  })

  it('MACOS 5.4: stat names who is at the console', async () => {
    expect((await run('stat', '-f', '%Su', '/dev/console')).stdout).toBe('mac\n')
    await mac.configure({ consoleUser: 'root' })
    expect((await run('stat', '-f%Su', '/dev/console')).stdout).toBe('root\n')
    await mac.configure({ consoleUser: 'mac' })
    expect(await run('stat', '-f', '%z', '/nowhere')).toMatchObject({ code: 1 })
  })
})

describe('what the user has set', () => {
  it('MACOS 5.3: defaults write and read', async () => {
    const missing = await run('defaults', 'read', 'com.apple.MobileSMS', 'NSAppSleepDisabled')
    expect(missing).toMatchObject({ code: 1, stdout: '' })
    expect(missing.stderr).toContain(
      'The domain/default pair of (com.apple.MobileSMS, NSAppSleepDisabled) does not exist',
    )
    await run('defaults', 'write', 'com.apple.MobileSMS', 'NSAppSleepDisabled', '-bool', 'YES')
    expect((await run('defaults', 'read', 'com.apple.MobileSMS', 'NSAppSleepDisabled')).stdout).toBe('1\n')
    await run('defaults', 'delete', 'com.apple.MobileSMS', 'NSAppSleepDisabled')
    expect(await run('defaults', 'read', 'com.apple.MobileSMS', 'NSAppSleepDisabled')).toMatchObject({ code: 1 })
    expect((await run('defaults', 'read', '-g', 'AppleLanguages')).stdout).toBe('(\n    "en-US"\n)\n')
  })

  it('tmutil keeps what is left out of backups', async () => {
    expect(await run('tmutil', 'addexclusion', mac.paths.state)).toEqual({ code: 0, stdout: '', stderr: '' })
    expect((await run('tmutil', 'isexcluded', mac.paths.state)).stdout).toBe(`[Excluded]    ${mac.paths.state}\n`)
    expect((await run('tmutil', 'isexcluded', mac.home)).stdout).toBe(`[Included]    ${mac.home}\n`)
    expect(await run('tmutil', 'addexclusion', '/nowhere')).toMatchObject({ code: 1 })
    expect(await run('tmutil', 'addexclusion', '-p', mac.home)).toMatchObject({ code: 80 })
  })

  it('pmset changes nothing for who is not root', async () => {
    expect(await run('pmset', '-a', 'sleep', '0')).toEqual({
      code: 1,
      stdout: '',
      stderr: "'pmset' must be run as root...\n",
    })
    expect((await run('pmset', '-g')).stdout).toMatch(/^ sleep +1$/m)
  })

  it('every call is known to the test', () => {
    expect(mac.toolCalls().at(-1)).toMatchObject({ tool: 'pmset', args: ['-g'] })
    expect(mac.toolCalls()).toContainEqual({
      tool: 'open',
      args: ['-gjb', 'com.apple.MobileSMS'],
      atMs: expect.any(Number),
    })
  })
})
