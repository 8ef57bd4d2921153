/**
 * A node that sends through imsg.
 * Proves: the agent, its journal and the driver keep their promises together: a message leaves once, its outcome, receipts and answers are
 * told; killed with -9, or asked to stop, in the middle of a send, the next process finds what left and sends nothing again; a new journal
 * goes on where the gateway was told.
 * World: the node and its imsg as real processes, real files and sockets; the gateway is a small one of this test.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AttemptId } from '@bluewire/contract/ids'
import { FakeImsg } from '@bluewire/testkit/fake-imsg/fake-imsg'
import { until } from '@bluewire/testkit/stories/until'
import { commandLine } from '../src/command-line.ts'
import { CODE, MiniGateway } from './mini-gateway.ts'

const MAIN = join(import.meta.dirname, '../src/main.ts')
const LINE = '+15005550001'
const THEM = '+14155552671'

let imsg: FakeImsg
let gateway: MiniGateway
let dir: string
let node: ChildProcess | null = null
let attempts = 0

beforeAll(async () => {
  imsg = await FakeImsg.make()
  gateway = await MiniGateway.start()
  dir = mkdtempSync(join(tmpdir(), 'bluewire-imsg-'))
  const words = [
    'join',
    gateway.url,
    CODE,
    '--dir',
    dir,
    '--min-free-mib',
    '0',
    '--driver',
    'imsg',
    '--line',
    `${LINE}:imessage`,
  ]
  process.env['BLUEWIRE_MAC_TOOLS'] = dir // this machine stands in for a Mac
  expect(await commandLine(words, { out: () => undefined, err: () => undefined })).toBe(0)
  expect(gateway.joins).toMatchObject([{ driver: 'imsg', simulated: false }])
  const file = join(dir, 'node.json')
  const config = JSON.parse(readFileSync(file, 'utf8')) as { driver: { settings: object } }
  writeFileSync(
    file,
    JSON.stringify({ ...config, driver: { name: 'imsg', settings: { ...config.driver.settings, path: imsg.path } } }),
  )
})

afterAll(async () => {
  await end('SIGKILL')
  await gateway.stop()
  await imsg[Symbol.asyncDispose]()
  rmSync(dir, { recursive: true, force: true })
})

async function run(): Promise<void> {
  const { session } = gateway
  node = spawn(process.execPath, [MAIN, 'run', '--dir', dir], { stdio: 'ignore' })
  await gateway.frame('ready', (frame) => frame.session > session)
}

async function end(signal: NodeJS.Signals): Promise<void> {
  const running = node
  node = null
  if (!running || running.exitCode !== null) return
  const ended = new Promise((resolve) => running.once('exit', resolve))
  running.kill(signal)
  await ended
}

function send(body: string): AttemptId {
  const id = String(++attempts).padStart(26, '0')
  const attempt: AttemptId = `attempt_${id}`
  const { session } = gateway
  const to = { line: LINE, to: THEM, service: 'imessage' } as const
  gateway.send({ t: 'send', session, attempt, message: `imessage_${id}`, n: 1, ...to, body, start_within_ms: 10_000 })
  return attempt
}

const fact = (attempt: AttemptId, word: string) =>
  gateway.frame('fact', (frame) => frame.attempt === attempt && frame.fact === word)

const copies = (body: string) => imsg.left.filter(({ text }) => text === body).length

describe('a node with imsg', () => {
  it('on a new journal goes on where the gateway was told', async () => {
    imsg.receive({ from: THEM, text: 'while there was no node' })
    gateway.welcome = { inbound_after: '{"cursor":0,"atMs":0}' }
    await run()
    const inbound = await gateway.frame('inbound', ({ body }) => body === 'while there was no node')
    expect(inbound).toMatchObject({ line: LINE, from: THEM, service: 'imessage', position: expect.any(String) })
  })

  it('says what it is, sends once, and tells the outcome and the receipt', async () => {
    expect(await gateway.frame('hello')).toMatchObject({ driver: 'imsg', at_most_once: true, simulated: false })
    const attempt = send('Hello.')
    expect(await fact(attempt, 'sent')).toMatchObject({ row_guid: imsg.left[0]?.guid })
    await fact(attempt, 'delivered')
    expect(copies('Hello.')).toBe(1)
  })

  it.each(['SIGKILL', 'SIGTERM'] as const)(
    'in the middle of a send: after %s it finds what left and what came',
    async (signal) => {
      imsg.behave({ answer: 'none' })
      const attempt = send(`before ${signal}`)
      await until('it left', () => copies(`before ${signal}`) === 1)
      await end(signal)
      imsg.receive({ from: THEM, text: `after ${signal}` })
      expect(gateway.frames.some((frame) => frame.t === 'fact' && frame.attempt === attempt)).toBe(false)
      await run()
      await fact(attempt, 'sent')
      await gateway.frame('inbound', ({ body }) => body === `after ${signal}`)
      expect(copies(`before ${signal}`)).toBe(1)
      const facts = gateway.frames.flatMap((frame) =>
        frame.t === 'fact' && frame.attempt === attempt ? [frame.fact] : [],
      )
      expect(facts).not.toContain('unknown')
    },
  )

  it('told each message that came in once', () => {
    const told = gateway.frames.flatMap((frame) => (frame.t === 'inbound' ? [frame.body] : []))
    expect(told).toEqual(['while there was no node', 'after SIGKILL', 'after SIGTERM'])
  })
})
