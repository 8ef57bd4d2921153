/**
 * A socket in the node's folder by which this user's other commands ask the running agent: what it does, what it finds on this Mac
 * (macOS grants permissions to programs, so only the agent itself can say what the agent may do), and to come to rest.
 * One line of JSON in, one line out.
 */
import { chmodSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { z } from 'zod'
import { errorWord } from '../agent-log.ts'
import type { AgentLog } from '../agent-log.ts'
import { watching } from './acceptance/observe.ts'
import type { Watching } from './acceptance/observe.ts'

export const agentReport = z.object({
  pid: z.number().int(),
  started_at_ms: z.number(),
  version: z.string(),
  /** The file that runs, links followed. */
  script: z.string(),
  phase: z.enum(['offline', 'greeting', 'working', 'observing']),
  session: z.number().int().nullable(),
  taken: z.number().int(),
  started: z.number().int(),
  unacked: z.number().int(),
  driver: z.object({
    name: z.string(),
    state: z.enum(['ok', 'degraded', 'broken']),
    proven_at_ms: z.number().nullable(),
    detail: z.string().optional(),
  }),
  /** The process that keeps the Mac awake; null while there is none. */
  awake: z.object({ wanted: z.boolean(), pid: z.number().int().nullable() }),
})
export type AgentReport = z.infer<typeof agentReport>

export interface Answerer {
  report(): AgentReport
  findings(): Promise<unknown>
  observe(watching: Watching): Promise<unknown>
  /**
   * Takes nothing new and resolves when nothing is in flight. Once the asker has hung up, the agent ends: launchd starts it again.
   * `hungUp` is called exactly once.
   */
  rest(): Promise<{ hungUp(): void }>
}

const QUESTION_BYTES_MAX = 1024
const ANSWER_BYTES_MAX = 1024 ** 2

export class LocalControl {
  readonly #server: Server
  readonly #open = new Set<Socket>()
  readonly #path: string

  private constructor(server: Server, path: string) {
    this.#server = server
    this.#path = path
  }

  /** Only whoever holds the lock of the node's folder may call this: what lies at `path` is taken for a dead process's. */
  static async listen(path: string, answerer: Answerer, log: AgentLog): Promise<LocalControl | null> {
    rmSync(path, { force: true })
    const server = createServer()
    const control = new LocalControl(server, path)
    server.on('connection', (socket) => control.#serve(socket, answerer, log))
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(path, resolve)
      })
      chmodSync(path, 0o600)
    } catch (error) {
      // Most likely the path is longer than the 103 bytes that a socket's may have. The node works without.
      log.warn('control.not_listening', { error: errorWord(error) })
      return null
    }
    return control
  }

  async stop(): Promise<void> {
    for (const socket of this.#open) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
    rmSync(this.#path, { force: true })
  }

  #serve(socket: Socket, answerer: Answerer, log: AgentLog): void {
    this.#open.add(socket)
    socket.on('close', () => this.#open.delete(socket))
    socket.on('error', () => undefined)
    readLine(socket, QUESTION_BYTES_MAX)
      .then((line) => answer(line, socket, answerer))
      .catch((error: unknown) => {
        log.warn('control.not_answered', { error: errorWord(error) })
        socket.destroy()
      })
  }
}

const question = z.discriminatedUnion('ask', [
  z.object({ ask: z.literal('report') }),
  z.object({ ask: z.literal('findings') }),
  z.object({ ask: z.literal('rest') }),
  watching.extend({ ask: z.literal('observe') }),
])

async function answer(line: string, socket: Socket, answerer: Answerer): Promise<void> {
  const asked = question.parse(JSON.parse(line))
  if (asked.ask === 'rest') {
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    const resting = await answerer.rest()
    void closed.then(() => resting.hungUp())
    if (socket.destroyed) return
    socket.write(`${JSON.stringify({ ok: { resting: true } })}\n`)
    return
  }
  const ok = await answerTo(asked, answerer)
  socket.end(`${JSON.stringify({ ok })}\n`)
}

function answerTo(asked: Exclude<z.infer<typeof question>, { ask: 'rest' }>, answerer: Answerer): unknown {
  if (asked.ask === 'observe') return answerer.observe(asked)
  return asked.ask === 'report' ? answerer.report() : answerer.findings()
}

/** Null when no agent answers within the time. */
export function askAgent(path: string, ask: 'report' | 'findings', withinMs: number): Promise<unknown> {
  return answerOf(path, { ask }, withinMs)
}

/** The agent watches what Messages writes. */
export function askToObserve(path: string, watched: Watching, withinMs: number): Promise<unknown> {
  return answerOf(path, { ...watched, ask: 'observe' }, withinMs)
}

async function answerOf(path: string, words: z.infer<typeof question>, withinMs: number): Promise<unknown> {
  const asked = await begin(path, words, withinMs)
  asked?.hangUp()
  return asked?.ok ?? null
}

export async function askForReport(path: string, withinMs = 5_000): Promise<AgentReport | null> {
  const parsed = agentReport.safeParse(await askAgent(path, 'report', withinMs))
  return parsed.success ? parsed.data : null
}

/** `null`: nobody is there. `busy`: it takes nothing new, and will end when what is in flight has ended. */
export async function askToRest(path: string, withinMs: number): Promise<{ hangUp(): void } | 'busy' | null> {
  if ((await askForReport(path)) === null) return null
  return (await begin(path, { ask: 'rest' }, withinMs)) ?? 'busy'
}

async function begin(path: string, words: z.infer<typeof question>, withinMs: number) {
  const socket = connect(path)
  const late = setTimeout(() => socket.destroy(), withinMs)
  try {
    socket.on('error', () => undefined)
    socket.on('connect', () => socket.write(`${JSON.stringify(words)}\n`))
    const { ok } = z.object({ ok: z.unknown() }).parse(JSON.parse(await readLine(socket, ANSWER_BYTES_MAX)))
    return { ok, hangUp: () => void socket.destroy() }
  } catch {
    socket.destroy()
    return null
  } finally {
    clearTimeout(late)
  }
}

function readLine(socket: Socket, bytesMax: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = Buffer.alloc(0)
    const stop = (why: string) => () => reject(new Error(why))
    socket.on('data', (data: Buffer) => {
      text = Buffer.concat([text, data])
      const end = text.indexOf(10)
      if (end !== -1) resolve(text.subarray(0, end).toString())
      else if (text.length > bytesMax) reject(new Error('the line is too long'))
    })
    socket.on('close', stop('it was closed'))
  })
}
