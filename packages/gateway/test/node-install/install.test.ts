/**
 * From the printed command to a node that sends.
 * Proves: the command that `enrol` prints makes a Mac with nothing but Node.js a node, in sh and in dash; twice is harmless; a code that is used or
 * expired, a wrong checksum, an agent that was changed on its way, and a download that was cut off stop it, and say so, before anything of it
 * runs; it asks for the machine, the session, the user and the Node.js it needs; nothing but the agent is fetched.
 * World: a real gateway and admin command, curl, shells, the agent as a process. Only programs of macOS are stood in for.
 */
import { hash } from 'node:crypto'
import { existsSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newEnrolmentCode } from '../../src/accounts/enrolment-codes.ts'
import { Admin } from '../admin/admin-command.ts'
import { Command, freePort, GATEWAY, newFolder } from '../start/command.ts'
import { CHECKERS, MacUser } from './mac-user.ts'
import { Wire } from './wire.ts'

const STORY_MS = 60_000
const SIMULATOR = '--driver simulator --line +15005550001:imessage'

type Enrolment = Readonly<{ code: string; command: string; sha256: string }>

let admin: Admin
let wire: Wire
let token = ''
/** Each test has its own code where it uses one up; this one is used. */
let used: Enrolment

let db: DatabaseSync

/** A command as `enrol` prints it, with a new code: without the cost of that process. */
function newCommand(): Enrolment {
  const { code, hash } = newEnrolmentCode()
  const account = db.prepare('select id from accounts').get()?.['id'] ?? ''
  db.prepare('insert into enrolments values (?, ?, ?, null, 0)').run(hash, account, Date.now() + 60_000)
  return { code, sha256: used.sha256, command: used.command.replace(used.code, code) }
}

/** Those in service, the newest last. */
function nodes() {
  const rows = db.prepare('select id, ready, retired_at from nodes where retired_at is null order by id').all()
  return rows.map(({ id, ready }) => ({ id: String(id), isOnline: ready === 1 }))
}

const newestNode = () => nodes().at(-1)?.id ?? 'none'

beforeAll(async () => {
  const port = await freePort()
  wire = await Wire.to(port)
  const dataDir = newFolder()
  const env = { BLUEWIRE_PUBLIC_URL: wire.url, BLUEWIRE_PORT: String(port) }
  admin = new Admin(dataDir, env)
  await admin.ask(['account', 'create', 'main', '--plan', 'unlimited'])
  await admin.ask(['entitlement', 'grant', 'imessage'])
  token = (await admin.ask<{ token: string }>(['token', 'create', '--name', 'story'])).token
  used = await admin.ask<Enrolment>(['enrol'])
  db = new DatabaseSync(join(dataDir, 'bluewire.sqlite'), { timeout: 5000 })
  db.exec('update enrolments set expires_at = 1')
  const gateway = new Command([process.execPath, GATEWAY], {
    env: { BLUEWIRE_DATA_DIR: dataDir, ...env },
    isForAllTests: true,
  })
  await gateway.until(({ stdout }) => stdout.includes('"ready"'))
}, STORY_MS)
afterAll(() => {
  db.close()
  wire.cut()
})

async function sendAMessage(): Promise<unknown> {
  const answer = await fetch(`${wire.url}/send/text`, {
    method: 'POST',
    headers: { authorization: `Token ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ to: '+14155552671', message: 'Hello.', beta_features: { imessage: true } }),
  })
  return answer.json()
}

/** Nothing of the agent is there. */
function expectNothing(mac: MacUser): void {
  expect(mac.files().filter((path) => path.endsWith('.mjs') || path.includes('LaunchAgents'))).toEqual([])
  expect(existsSync(join(mac.home, '.bluewire-node'))).toBe(false)
}

describe('the printed command', { timeout: STORY_MS }, () => {
  test.each(['sh', 'dash'])('in %s: a node that sends; given again, all stays as it is', async (shell) => {
    const mac = new MacUser()
    const { command, code, sha256 } = newCommand()
    expect(command).toBe(`curl -fsSL ${wire.url}/node/install.sh | sh -s -- ${code} ${sha256}`)
    wire.asked.length = 0
    const typed = `${command.replace('| sh ', `| ${shell} `)} ${SIMULATOR} --name Ann`

    const first = await mac.type(typed)
    expect(first.stderr).toBe('')
    expect(first.code).toBe(0)
    const node = newestNode()
    const program = `'${mac.root.replaceAll("'", "'\\''")}/bluewire-node'`
    expect(first.stdout.split('\n')).toEqual([
      `Bluewire: this Mac becomes a node of ${wire.url}`,
      `  checked   Node.js ${process.versions.node} at ${process.execPath}`,
      `  agent     fetched from ${wire.url}, its checksum is right`,
      `  joined    This machine is node ${node} (Ann) of ${wire.url}. It is simulated: nothing leaves this machine.`,
      '  agent     runs, and starts with every log-in',
      '            The agent com.bluewire.node runs.',
      '',
      `Done. How it is: ${program} status`,
      '',
    ])
    expect(wire.asked.slice(0, 3)).toEqual([
      'GET /node/install.sh',
      `GET /node/bluewire-node-${sha256}.mjs`,
      'POST /node/join',
    ])
    await expect.poll(nodes, { timeout: 20_000 }).toContainEqual({ id: node, isOnline: true })
    expect(await sendAMessage()).toMatchObject({ message: 'Successfully sent' })
    expect(readFileSync(join(mac.home, '.bluewire-node/simulator.jsonl'), 'utf8')).toContain('Hello.')

    expect(readlinkSync(join(mac.root, 'current'))).toBe(`versions/${sha256}`)
    const agent = join(mac.root, 'current/bluewire-node.mjs')
    expect(statSync(agent).mode & 0o077).toBe(0)
    expect((await mac.type(`${program} status`)).stdout).toMatch(
      new RegExp(`^node +${node} \\(Ann\\)\n[^]*running, pid`),
    )

    const before = { files: mac.files(), inode: statSync(agent).ino, nodes: nodes() }
    const second = await mac.type(typed)
    expect(second).toMatchObject({ code: 0, stderr: '' })
    expect(second.stdout).toContain('  agent     is here already, and its checksum is right\n')
    expect(second.stdout).toContain(
      `  joined    This machine is node ${node} (Ann) of ${wire.url} already; the code was not used.\n`,
    )
    expect({ files: mac.files(), inode: statSync(agent).ino, nodes: nodes() }).toEqual(before)
    await admin.ask(['node', 'retire', node])
  })

  test('on a Mac whose node was retired, with a folder of its own: it joins anew', async () => {
    const mac = new MacUser()
    const typed = () => mac.type(`${newCommand().command} ${SIMULATOR} --dir "$HOME/a node"`)
    expect(await typed()).toMatchObject({ code: 0, stderr: '' })
    const former = newestNode()
    await admin.ask(['node', 'retire', former])
    await mac.logOut()
    const again = await typed()
    expect(again).toMatchObject({ code: 0, stderr: '' })
    expect(newestNode()).not.toBe(former)
    expect(again.stdout).toContain(`This machine is node ${newestNode()} `)
    expect(again.stdout).toMatch(/ status --dir '[^\n]+\/a node'\n$/)
    await admin.ask(['node', 'retire', newestNode()])
  })

  test('a code that is used, expired or mistyped: what to do, and nothing runs', async () => {
    const mac = new MacUser()
    const { code, stdout, stderr } = await mac.type(`${used.command} ${SIMULATOR}`)
    expect(code).toBe(1)
    expect(stdout).not.toContain('joined')
    expect(stderr).toMatch(
      /^The gateway at \S+ did not enrol this machine \(401\): This enrolment code is not valid: .* older than 15 minutes\. Make a new one with [^\n]+\n\nThis Mac has not joined; nothing of it runs\. With a new code the command can be given again\.\n$/,
    )
    expect(mac.files().filter((path) => path.includes('LaunchAgents') || path.endsWith('node.json'))).toEqual([])
  })

  test('any of three programs will do for the checksum; without one nothing is fetched', async () => {
    const script = await (await fetch(`${wire.url}/node/install.sh`)).text()
    const functions = script.slice(0, script.lastIndexOf('\n{\n'))
    for (const checker of CHECKERS) {
      const sum = 'find_checker; echo "$checker"; printf abc >a; sha256_of a'
      const { stdout } = await new MacUser({ checkers: [checker] }).type(`${functions}\n${sum}`)
      expect(stdout).toBe(`${checker}\n${hash('sha256', 'abc')}\n`)
    }
    const mac = new MacUser({ checkers: [] })
    const { code, stderr } = await mac.type(used.command)
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('can check what is fetched') })
    expectNothing(mac)
  })
})

describe('what is fetched', { timeout: STORY_MS }, () => {
  test('and was changed on its way is not run, and does not stay', async () => {
    const mac = new MacUser()
    wire.change = { from: 'import { createRequire', to: 'import { CREATErEQUIRE' }
    const { code, stderr } = await mac.type(`${used.command} ${SIMULATOR}`)
    wire.change = null
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^\nWhat came is not the agent that the command names: its SHA-256 is [0-9a-f]{64}, not [^]*It was not run, and is removed\./,
    )
    expectNothing(mac)
    expect(mac.files().filter((path) => path.includes('draft'))).toEqual([])
  })

  test('and is another than the gateway has now: it says which it has', async () => {
    const mac = new MacUser()
    const { code, stderr } = await mac.type(used.command.replace(used.sha256, '0'.repeat(64)))
    expect(code).toBe(1)
    expect(stderr).toMatch(
      new RegExp(
        `^\nThe gateway did not give the agent \\(404\\)\\. .* it has bluewire-node-${used.sha256}\\.mjs now\\. A new command names it: `,
      ),
    )
    expectNothing(mac)
  })

  test('cut off anywhere, the script does nothing', async () => {
    const mac = new MacUser()
    const script = await (await fetch(`${wire.url}/node/install.sh`)).text()
    const last = script.trimEnd().length
    const ends = [
      ...Array.from({ length: 25 }, (_, i) => Math.floor((last * i) / 25)),
      last - 2,
      last - 7,
      last - 12,
      last - 20,
    ]
    const before = wire.asked.length
    for (const end of ends) {
      const cut = `printf '%s' "$SCRIPT" | sh -s -- ${used.code} ${used.sha256} ${SIMULATOR}`
      expect((await mac.type(cut, { SCRIPT: script.slice(0, end) })).stdout).toBe('')
    }
    expect(wire.asked.length).toBe(before)
    expect(mac.files()).toEqual([])
  })

  test('is for everybody, and for ever under its hash', async () => {
    const get = (path: string, headers = {}) => fetch(`${wire.url}${path}`, { headers })
    const script = await get('/node/install.sh')
    expect([script.status, script.headers.get('content-type')]).toEqual([200, 'text/x-shellscript; charset=utf-8'])
    const agent = await get(`/node/bluewire-node-${used.sha256}.mjs`)
    expect(agent.status).toBe(200)
    expect(agent.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect(agent.headers.get('cache-control')).toContain('immutable')
    const etag = agent.headers.get('etag') ?? ''
    expect((await get(`/node/bluewire-node-${used.sha256}.mjs`, { 'if-none-match': etag })).status).toBe(304)
    expect((await get('/node/bluewire-node-1.mjs')).status).toBe(404)
    expect((await fetch(`${wire.url}/node/bluewire-node-${used.sha256}.mjs`, { method: 'POST' })).status).toBe(405)
    expect(JSON.stringify(await (await get('/openapi.json')).json())).not.toContain('install.sh')
  })
})

describe('before anything is fetched', { timeout: STORY_MS }, () => {
  const OLD = 'echo "20.20.2 /usr/local/bin/node"'
  const HOMEBREW = 'echo "24.11.0 /opt/homebrew/Cellar/node/24.11.0/bin/node"'
  const NVM = 'echo "24.11.0 $HOME/.nvm/versions/node/v24.11.0/bin/node"'

  test.each<[string, (mac: MacUser) => void, RegExp]>([
    ['root', (mac) => mac.tool('id', 'echo 0'), /This is root, .* without sudo/],
    [
      'SSH',
      (mac) => mac.logInAs('Background'),
      /no session at the screen of the Mac \(launchctl calls it Background\): over SSH/,
    ],
    [
      'no Node.js',
      (mac) => mac.putNode('exit 127'),
      /Node\.js 24 is needed[^]*signed package of nodejs\.org\.\n1\. [^]*Not Homebrew's/,
    ],
    [
      'an old Node.js',
      (mac) => mac.putNode(OLD),
      /Found:\n {2}\/usr\/local\/bin\/node is 20\.20\.2, which is too old\.\n/,
    ],
    [
      'Homebrew’s',
      (mac) => mac.putNode(HOMEBREW),
      /Cellar\/node\/24\.11\.0\/bin\/node is Homebrew's\. Its signature changes at each upgrade/,
    ],
    [
      'a version manager’s',
      (mac) => mac.putNode(NVM),
      /v24\.11\.0\/bin\/node belongs to a version manager\. Its path changes/,
    ],
    [
      'one that is signed ad hoc',
      (mac) => mac.tool('codesign', 'echo Signature=adhoc >&2'),
      /has no signature of its maker/,
    ],
  ])('%s is refused, with what to do', async (_, prepare, wanted) => {
    const mac = new MacUser()
    prepare(mac)
    const before = wire.asked.length
    const { code, stderr } = await mac.type(used.command)
    expect(code).toBe(1)
    expect(stderr).toMatch(wanted)
    expect(wire.asked.slice(before)).toEqual(['GET /node/install.sh'])
    expect(mac.files()).toEqual([])
  })

  test('a Node.js that will lose its permissions is taken when somebody insists; the package is taken before the PATH', async () => {
    const mac = new MacUser()
    const typed = (words: string) => mac.type(`${used.command.replace(used.sha256, '0'.repeat(64))} ${words}`)
    mac.tool('codesign', 'echo Signature=adhoc >&2')
    expect((await typed('--any-node')).stdout).toContain(`at ${process.execPath}\n`)
    mac.tool('codesign', 'echo Authority=Developer ID Application: Node.js Foundation >&2')
    mac.tool('node', `exec '${process.execPath}' "$@"`)
    mac.putNode('exit 127')
    expect((await typed('')).stdout).toContain(`at ${process.execPath}\n`)
  })

  test('another system, without the folder that stands in for a Mac', async () => {
    const { code, stderr } = await new MacUser().type(used.command, { BLUEWIRE_MAC_TOOLS: '' })
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^\nThis is not a Mac \(Linux\)\./) })
  })

  test.each([
    ['', /^\nUsage: curl -fsSL /],
    ['ABCD', /^\nUsage: /],
    ["'$(touch x)' CODE", /^\nUsage: /],
    ['CODE 12ab', /^\nUsage: /],
    [`CODE ${'a'.repeat(64)} more`, /^\n"more" is too much/],
    [`CODE ${'a'.repeat(64)} --driver`, /^\n--driver needs a value\.\n$/],
  ])('the words %j', async (words, wanted) => {
    const mac = new MacUser()
    const { code, stderr } = await mac.type(`curl -fsSL ${wire.url}/node/install.sh | sh -s -- ${words}`)
    expect(code).toBe(1)
    expect(stderr).toMatch(wanted)
    expect(mac.files()).toEqual([])
  })
})
