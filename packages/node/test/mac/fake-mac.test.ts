/**
 * The commands of a node on a fake Mac (MACOS 5.1 to 5.4).
 * Proves: a node with the real driver is installed, sends, is found well by `doctor`, is seen unwell when macOS takes something away and
 * well when it gives it back, and is taken off again; the errors of macOS are French.
 * World: the fake Mac with its launchd, its Messages and its osascript; real processes; a small gateway.
 */
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { FakeMac } from '@bluewire/testkit/fake-mac/fake-mac'
import { CODE, MiniGateway } from '../mini-gateway.ts'
import { MAIN } from './small-mac.ts'

const LINE = '+15005550001'
const STORY_MS = 180_000

const cleanUp: Array<() => unknown> = []
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo()
})

function run(mac: FakeMac, ...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const env = { ...mac.env, PATH: process.env['PATH'] }
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  child.stdout.on('data', (data: Buffer) => (out += data.toString()))
  child.stderr.on('data', (data: Buffer) => (err += data.toString()))
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })))
}

/** The checks that are not ok, by their name. */
async function unwell(mac: FakeMac): Promise<Record<string, string>> {
  const said = await run(mac, 'doctor', '--json')
  const { checks } = JSON.parse(said.out) as { checks: Array<{ check: string; state: string; reason: string | null }> }
  const notOk = checks.filter(({ state }) => state !== 'ok')
  return Object.fromEntries(notOk.map(({ check, state, reason }) => [check, reason ?? state]))
}

/** No Mac can tell these, and a fake one signs no programs. */
const ALWAYS = { node_binary: 'cannot_tell', downgrade: 'cannot_tell', message_retention: 'cannot_tell' }

it.each(['13', '26.5'] as const)(
  'macOS %s: from join to uninstall',
  async (macos) => {
    const mac = await FakeMac.make({ macos, language: 'fr' })
    cleanUp.push(() => mac.stop())
    const gateway = await MiniGateway.start()
    cleanUp.push(() => gateway.stop())
    const joined = await run(mac, 'join', gateway.url, CODE, '--min-free-mib', '0', '--line', `${LINE}:imessage`)
    expect(joined).toMatchObject({ code: 0, err: '' })
    expect(await run(mac, 'install')).toMatchObject({ code: 0, err: '' })
    await gateway.frame('ready')
    const id = '0'.repeat(26)
    gateway.send({
      ...{ t: 'send', session: gateway.session, attempt: `attempt_${id}`, message: `imessage_${id}`, n: 1 },
      ...{ line: LINE, to: '+14155552671', service: 'imessage', body: 'Bonjour', start_within_ms: 60_000 },
    })
    expect(await gateway.frame('fact')).toMatchObject({ fact: 'sent' })
    expect(mac.phones()).toHaveLength(1)

    const whole = await unwell(mac)
    // The line of this test is not the address that the fake Mac sends from, and its driver says so.
    expect(whole).toEqual({ ...ALWAYS, driver_health: 'problem' })
    await mac.configure({ automation: 'denied' })
    expect(await unwell(mac)).toMatchObject({ automation: 'denied', imessage_account: 'cannot_tell' })
    await mac.configure({ automation: 'prompt' })
    expect(await unwell(mac)).toMatchObject({ automation: 'waiting_for_click' })
    await mac.configure({ automation: 'granted', fullDiskAccess: false })
    expect(await unwell(mac)).toMatchObject({ full_disk_access: 'problem', db_readable: 'cannot_tell' })
    await mac.configure({ fullDiskAccess: true })
    const { accounts } = mac.settings
    await mac.configure({ accounts: [] })
    expect(await unwell(mac)).toMatchObject({ imessage_account: 'problem' })
    await mac.configure({ accounts })
    expect(await unwell(mac)).not.toHaveProperty('imessage_account')

    expect(await run(mac, 'uninstall')).toMatchObject({ code: 0, err: '' })
    expect(readdirSync(join(mac.home, '.bluewire-node'))).toEqual(['journal.sqlite'])
    expect(mac.processes().filter(({ name }) => name === 'caffeinate' || name === 'node')).toEqual([])
  },
  STORY_MS,
)
