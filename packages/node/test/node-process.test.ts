/**
 * The node as a process: `bluewire-node join | run | status`.
 * Proves: it enrols, connects, sends, and says so; one process per directory; it stops when asked, when its parent dies and
 * when the gateway refuses it; killed with -9 it comes back and tells what became of what it had started; nothing private is
 * printed; private certificate authorities are obeyed.
 * World: real processes, real files, real sockets; the gateway is a small one of this test.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { GatewayFrame } from '@bluewire/contract/node-protocol/gateway-frames'
import { commandLine } from '../src/command-line.ts'
import { CODE, CREDENTIAL, MiniGateway, NODE } from './mini-gateway.ts'

const MAIN = join(import.meta.dirname, '../src/main.ts')
const FIXTURES = join(import.meta.dirname, 'fixtures')
const TO = '+14155552671'
const BODY = 'a text for nobody’s log'

const cleanUp: Array<() => unknown> = []
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo()
})

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bluewire-node-'))
  cleanUp.push(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function newGateway(tls: Parameters<typeof MiniGateway.start>[0] = null): Promise<MiniGateway> {
  const gateway = await MiniGateway.start(tls)
  cleanUp.push(() => gateway.stop())
  return gateway
}

class Running {
  readonly process: ChildProcess
  out = ''
  err = ''
  readonly ended: Promise<{ code: number | null; signal: string | null }>

  constructor(args: readonly string[], env: Record<string, string> = {}) {
    const inherited = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/_proxy$|^NODE_EXTRA/i.test(name)),
    )
    this.process = spawn(process.execPath, [MAIN, ...args], {
      env: { ...inherited, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    })
    this.process.stdout?.on('data', (data: Buffer) => (this.out += data.toString()))
    this.process.stderr?.on('data', (data: Buffer) => (this.err += data.toString()))
    this.ended = new Promise((resolve) => this.process.once('close', (code, signal) => resolve({ code, signal })))
    cleanUp.push(() => {
      this.process.kill('SIGKILL')
      return this.ended
    })
  }

  /** Both what it printed and how it ended. */
  async result() {
    const { code } = await this.ended
    return { code, out: this.out, err: this.err }
  }
}

const inProcess = (...args: string[]) => new Running(args).result()

/** What the command prints and its exit code, without the cost of a process. */
async function cli(...args: string[]) {
  const out: string[] = []
  const err: string[] = []
  const code = await commandLine(args, { out: (line) => out.push(line), err: (line) => err.push(line) })
  return { code, out: out.join('\n'), err: err.join('\n') }
}

async function enrolled(more: readonly string[] = []): Promise<{ gateway: MiniGateway; dir: string }> {
  const gateway = await newGateway()
  const dir = newFolder()
  const joined = await cli('join', gateway.url, CODE, '--dir', dir, '--min-free-mib', '0', ...more)
  expect(joined).toMatchObject({ code: 0, err: '' })
  return { gateway, dir }
}

let attempts = 0
function sendFrame(gateway: MiniGateway, to = TO): Extract<GatewayFrame, { t: 'send' }> {
  attempts++
  const id = String(attempts).padStart(26, '0')
  return {
    t: 'send',
    session: gateway.session,
    attempt: `attempt_${id}`,
    message: `imessage_${id}`,
    n: 1,
    line: '+15005550001',
    to,
    service: 'imessage',
    body: BODY,
    start_within_ms: 10_000,
  }
}

function phone(dir: string): Array<{ attempt: string; body: string }> {
  const text = readFileSync(join(dir, 'simulator.jsonl'), 'utf8')
  return text
    .trimEnd()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { attempt: string; body: string })
}

describe('join', () => {
  it('keeps the credential where only the owner can read it, and tells the gateway what it is', async () => {
    const { gateway, dir } = await enrolled(['--name', 'mac-1', '--line', '+15005550003:imessage'])
    expect(gateway.joins).toMatchObject([{ code: CODE, name: 'mac-1', driver: 'simulator', simulated: true }])
    expect(gateway.joins[0]?.machine).toMatch(/^\w+:[\w-]+:\d+$/)
    const file = join(dir, 'node.json')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      url: gateway.url,
      node: NODE,
      credential: CREDENTIAL,
      driver: { name: 'simulator', settings: { lines: [{ address: '+15005550003', services: ['imessage'] }] } },
    })
  })

  it('does not overwrite an enrolment, unless asked; then the old journal is put aside', async () => {
    const { gateway, dir } = await enrolled()
    const again = await cli('join', gateway.url, CODE, '--dir', dir)
    expect(again).toMatchObject({ code: 1, out: '' })
    expect(again.err).toMatch(/--replace/)
    writeFileSync(join(dir, 'journal.sqlite'), 'old')
    const byHand = { keep_awake: false, updates: 'forbidden' }
    const config = JSON.parse(readFileSync(join(dir, 'node.json'), 'utf8')) as object
    writeFileSync(join(dir, 'node.json'), JSON.stringify({ ...config, ...byHand }))
    expect(await cli('join', gateway.url, CODE, '--dir', dir, '--replace')).toMatchObject({ code: 0 })
    expect(JSON.parse(readFileSync(join(dir, 'node.json'), 'utf8'))).toMatchObject(byHand)
    expect(readFileSync(join(dir, `journal.sqlite.${NODE}`), 'utf8')).toBe('old')
    expect(existsSync(join(dir, 'journal.sqlite'))).toBe(false)
  })

  it.each([
    [['not-an-address', CODE], /must begin with https/, 1],
    [['http://8.8.8.8', CODE], /--insecure/, 1],
    [['http://127.0.0.1:1', CODE], /Is the gateway running\?/, 1],
    [['http://127.0.0.1:1', CODE, '--line', '+15005550001'], /is not a line/, 1],
    [['http://127.0.0.1:1', CODE, '--line', '+15005550001:fax'], /is not a line/, 1],
    [['http://127.0.0.1:1', CODE, '--driver', 'pigeon'], /no driver named pigeon/, 1],
    [
      ['http://127.0.0.1:1', CODE, '--driver', 'messages-app'],
      /^The driver messages-app sends with the Messages app of macOS, and this machine is no Mac \(\w+\)\. /,
      1,
    ],
    [['http://127.0.0.1:1'], /^CODE is missing: bluewire-node join URL CODE$/, 2],
    [['http://127.0.0.1:1', CODE, '--fast'], /^There is no option --fast\. What there is: bluewire-node --help$/, 2],
  ])('%j: one sentence', async (args, sentence, code) => {
    const result = await cli('join', ...args, '--dir', newFolder())
    expect(result).toMatchObject({ code, out: '' })
    expect(result.err).toMatch(sentence)
    expect(result.err).not.toMatch(/\n {4}at /)
  })

  it('is a command of its own', async () => {
    const gateway = await newGateway()
    const dir = newFolder()
    const result = await inProcess('join', gateway.url, CODE, '--dir', dir)
    expect(result).toMatchObject({ code: 0, err: '' })
    expect(result.out).toBe(
      `This machine is node ${NODE} (${hostname()}) of ${gateway.url}. It is simulated: nothing leaves this machine. Start it with \`bluewire-node run --dir ${dir}\`.\n`,
    )
    expect((await inProcess('join', '--fast')).err).toMatch(/^There is no option --fast/)
  })

  it('--keep: a node that the gateway knows stays, and the code is not used; another gateway or driver is said', async () => {
    const { gateway, dir } = await enrolled(['--name', 'mac-1'])
    const keep = (...more: string[]) => cli('join', ...more, '--dir', dir, '--keep')
    expect(await keep(gateway.url, 'BAD')).toEqual({
      code: 0,
      err: '',
      out: `This machine is node ${NODE} (mac-1) of ${gateway.url} already; the code was not used.`,
    })
    expect(gateway.joins).toHaveLength(1)
    const other = await newGateway()
    expect(await keep(other.url, CODE)).toMatchObject({
      code: 1,
      err: expect.stringContaining(`holds a node of ${gateway.url} already (mac-1). Use --replace`),
    })
    expect(other.joins).toEqual([])
    const file = join(dir, 'node.json')
    const config = JSON.parse(readFileSync(file, 'utf8')) as { driver: object }
    writeFileSync(file, JSON.stringify({ ...config, driver: { name: 'former', settings: {} } }))
    expect(await keep(gateway.url, CODE)).toMatchObject({
      code: 1,
      err: expect.stringContaining('holds a node with the driver former already'),
    })
  })

  it('--keep: a node that the gateway does not know any more is enrolled anew', async () => {
    const { gateway, dir } = await enrolled()
    const file = join(dir, 'node.json')
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.replace(CREDENTIAL, 'bwnode_retired'))
    expect(await cli('join', gateway.url, CODE, '--dir', dir, '--keep')).toMatchObject({ code: 0, err: '' })
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ credential: CREDENTIAL })
    expect(gateway.joins).toHaveLength(2)
    const { url } = gateway
    await gateway.stop()
    expect((await cli('join', url, CODE, '--dir', dir, '--keep')).err).toMatch(/Is the gateway running\?/)
  })

  it('says why the gateway did not take the code', async () => {
    const gateway = await newGateway()
    const result = await cli('join', gateway.url, 'BAD', '--dir', newFolder())
    expect(result.code).toBe(1)
    expect(result.err).toContain('This enrolment code is not valid.')
  })
})

describe('run', () => {
  it('connects, sends once, tells, stops within 5 s of SIGTERM with exit code 0; prints nothing private', async () => {
    const { gateway, dir } = await enrolled()
    const node = new Running(['run', '--dir', dir])
    await gateway.frame('ready')
    const send = sendFrame(gateway)
    gateway.send(send)
    await gateway.frame('fact', (f) => f.fact === 'delivered')
    expect(gateway.frames.filter((f) => f.t === 'fact').map((f) => f.fact)).toEqual(['sent', 'delivered'])
    expect(phone(dir)).toMatchObject([{ attempt: send.attempt, body: BODY }])
    const asked = Date.now()
    node.process.kill('SIGTERM')
    expect(await node.ended).toEqual({ code: 0, signal: null })
    expect(Date.now() - asked).toBeLessThan(5_000)
    expect(node.err).toBe('')
    for (const line of node.out.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('event')
    for (const secret of [BODY, TO, CREDENTIAL]) expect(node.out).not.toContain(secret)
  })

  it('SIGINT in the middle of a slow send: the outcome is told before it ends', async () => {
    const { gateway, dir } = await enrolled()
    const node = new Running(['run', '--dir', dir])
    await gateway.frame('ready')
    gateway.send(sendFrame(gateway, '+15005550108'))
    await gateway.frame('taken')
    node.process.kill('SIGINT')
    expect(await gateway.frame('fact')).toMatchObject({
      fact: 'not_sent',
      class: 'never_handed',
      reason: 'node_stopping',
    })
    expect(await node.ended).toEqual({ code: 0, signal: null })
    expect(phone(dir)).toEqual([])
  })

  it('a second one in the same directory ends with a sentence that names the first', async () => {
    const { gateway, dir } = await enrolled()
    const first = new Running(['run', '--dir', dir])
    await gateway.frame('ready')
    const second = await inProcess('run', '--dir', dir)
    expect(second.code).toBe(1)
    expect(second.err).toContain(`process ${first.process.pid}`)
    expect(second.err.trimEnd().split('\n')).toHaveLength(1)
    const status = await cli('status', '--dir', dir)
    expect(status).toMatchObject({ code: 0, err: '' })
    expect(status.out).toContain(`running, pid ${first.process.pid}`)
    expect(status.out).not.toContain(CREDENTIAL)
  })

  it('ends when its parent is gone, however it went', async () => {
    const { gateway, dir } = await enrolled()
    const node = new Running(['run', '--dir', dir], { BLUEWIRE_LIFELINE_FD: '3' })
    await gateway.frame('ready')
    ;(node.process.stdio[3] as unknown as { destroy(): void }).destroy()
    expect(await node.ended).toEqual({ code: 0, signal: null })
  })

  it.each(['revoked', 'cloned', 'unsupported'] as const)('%s: a sentence and exit code 3', async (code) => {
    const { gateway, dir } = await enrolled()
    gateway.bye = code
    const result = await new Running(['run', '--dir', dir]).result()
    expect(result.code).toBe(3)
    expect(result.err).toBe(`The gateway refuses this node (${code}): A person must look at this.\n`)
  })

  it('without enrolment: what to do', async () => {
    const result = await inProcess('run', '--dir', newFolder())
    expect(result).toMatchObject({ code: 1, out: '' })
    expect(result.err).toMatch(/bluewire-node join/)
  })

  it('keeps trying while nobody answers', async () => {
    const { gateway, dir } = await enrolled()
    await gateway.stop()
    const node = new Running(['run', '--dir', dir])
    await new Promise<void>((resolve) =>
      node.process.stdout?.on('data', () => node.out.split('link.waiting').length > 2 && resolve()),
    )
    node.process.kill('SIGTERM')
    expect(await node.ended).toEqual({ code: 0, signal: null })
  })
})

describe('killed with -9', () => {
  it('what was taken is void, what had reached the phone is sent, what had not is provably not', async () => {
    const { gateway, dir } = await enrolled(['--line', '+15005550001:imessage,sms', '--line', '+15005550002:imessage'])
    const first = new Running(['run', '--dir', dir])
    await gateway.frame('ready')
    const slow = sendFrame(gateway, '+15005550108')
    const waiting = sendFrame(gateway)
    const sent = { ...sendFrame(gateway), line: '+15005550002' }
    for (const send of [slow, waiting, sent]) gateway.send(send)
    await gateway.frame('fact', (f) => f.attempt === sent.attempt)
    first.process.kill('SIGKILL')
    await first.ended
    gateway.frames.length = 0
    gateway.welcome = { acked_seq: 0, resume: [slow, waiting, sent].map(({ attempt }) => ({ attempt, proof: true })) }
    const second = new Running(['run', '--dir', dir])
    expect((await gateway.frame('ready')).states).toEqual({
      [slow.attempt]: 'settled',
      [waiting.attempt]: 'void',
      [sent.attempt]: 'settled',
    })
    expect(await gateway.frame('fact', (f) => f.attempt === slow.attempt)).toMatchObject({
      fact: 'not_sent',
      class: 'never_handed',
    })
    expect(await gateway.frame('fact', (f) => f.attempt === sent.attempt)).toMatchObject({ fact: 'sent' })
    for (const send of [slow, waiting, sent]) gateway.send({ ...send, session: gateway.session })
    gateway.send({ t: 'command', id: 'last', command: 'diagnose' })
    await gateway.frame('reply')
    expect(phone(dir).map(({ attempt }) => attempt)).toEqual([sent.attempt])
    second.process.kill('SIGTERM')
    await second.ended
  })

  it('…109: the link drops before the fact, which is told when it is back', async () => {
    const { gateway, dir } = await enrolled()
    new Running(['run', '--dir', dir])
    await gateway.frame('ready')
    const send = sendFrame(gateway, '+15005550109')
    gateway.send(send)
    await gateway.frame('hello', (hello) => hello.conn === 2)
    expect(gateway.frames.filter((f) => f.t === 'fact')).toEqual([])
    await gateway.frame('fact', (f) => f.attempt === send.attempt && f.fact === 'sent')
    expect(phone(dir)).toHaveLength(1)
  })
})

describe('files', () => {
  it('a damaged journal is put aside, said in a sentence, and the node works on under a new one', async () => {
    const { gateway, dir } = await enrolled()
    writeFileSync(join(dir, 'journal.sqlite'), 'this is not a database, and never was one; it is longer than a header')
    const node = new Running(['run', '--dir', dir])
    await gateway.frame('ready')
    expect(node.err).toMatch(/is damaged .* was moved to .*journal\.sqlite\.damaged-\d+ and a new one was begun\./)
    expect(readdirSync(dir).filter((name) => name.includes('damaged'))).toHaveLength(1)
  })

  it('a damaged node.json: what to do', async () => {
    const { dir } = await enrolled()
    writeFileSync(join(dir, 'node.json'), '{"url":')
    const result = await inProcess('run', '--dir', dir)
    expect(result.code).toBe(1)
    expect(result.err).toMatch(/--replace/)
  })

  it('the ballast is there when there is room', async () => {
    const { gateway, dir } = await enrolled()
    new Running(['run', '--dir', dir])
    await gateway.frame('ready')
    expect(statSync(join(dir, 'ballast')).size).toBe(16 * 1024 * 1024)
  })
})

describe('a private certificate authority', () => {
  it('is obeyed when NODE_EXTRA_CA_CERTS names it, by join and by run; without it both refuse', async () => {
    const ca = join(FIXTURES, 'localhost.pem')
    const gateway = await newGateway({
      cert: readFileSync(ca, 'utf8'),
      key: readFileSync(join(FIXTURES, 'localhost.key'), 'utf8'),
    })
    const dir = newFolder()
    const args = ['join', gateway.url, CODE, '--dir', dir, '--min-free-mib', '0']
    const refused = await new Running(args).result()
    expect(refused).toMatchObject({ code: 1 })
    expect(refused.err).toMatch(/certificate/)
    chmodSync(dir, 0o700)
    expect(await new Running(args, { NODE_EXTRA_CA_CERTS: ca }).result()).toMatchObject({ code: 0 })
    const trusting = new Running(['run', '--dir', dir], { NODE_EXTRA_CA_CERTS: ca })
    await gateway.frame('ready')
    trusting.process.kill('SIGTERM')
    expect((await trusting.ended).code).toBe(0)
    const untrusting = new Running(['run', '--dir', dir])
    await new Promise<void>((resolve) =>
      untrusting.process.stdout?.on('data', () => untrusting.out.includes('link.error') && resolve()),
    )
    expect(untrusting.out).toContain('SELF_SIGNED')
  })
})
