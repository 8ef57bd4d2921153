/**
 * A program that stands in for imsg: `imsg rpc` speaks JSON-RPC on its standard input and output with the framing, the strictness and the
 * lanes of the real one. What is behind it (Messages, chat.db, phones) is in the process that made it, and so is what goes wrong.
 */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { methodOf } from './rpc-methods.ts'
import type { ImsgVersion } from './rpc-methods.ts'
import type { FromMac, RpcError, ToMac } from './wire.ts'

const [folder = '', command = ''] = process.argv.slice(2)
const mac: Socket = connect(join(folder, 'mac.sock'))
const open = new Map<number, (answer: Extract<FromMac, { kind: 'answer' }>) => void>()
const WEDGED_MS = 60_000
let asked = 0
let version: ImsgVersion = '0.15'
/** An operation that this process cannot wait for any more: nothing can be changed after it. */
let poison: RpcError | null = null
let mutations: Promise<void> = Promise.resolve()

mac.on('error', () => process.exit(70))
mac.on('close', () => process.exit(70))
const said = createInterface({ input: mac })
said.on('error', () => process.exit(70))
said.on('line', (line) => fromMac(JSON.parse(line) as FromMac))

function fromMac(order: FromMac): void {
  switch (order.kind) {
    case 'hello':
      version = order.version
      return command === 'launch' ? launch() : listen()
    case 'write':
      process.stdout.write(order.bytes === undefined ? `${order.line ?? ''}\n` : 'x'.repeat(order.bytes))
      return
    case 'end':
      return order.how === 'stop' ? wedge() : process.exit(order.code ?? 1)
    case 'answer':
      open.get(order.id)?.(order)
      open.delete(order.id)
      return
    default:
      return order satisfies never
  }
}

/** Deaf to everything but SIGKILL. It ends by itself when the test that wanted it is long gone. */
function wedge(): void {
  process.on('SIGTERM', () => undefined)
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WEDGED_MS)
}

function ask(question: Omit<ToMac, 'id'>): Promise<Extract<FromMac, { kind: 'answer' }>> {
  const id = ++asked
  return new Promise((resolve) => {
    open.set(id, resolve)
    mac.write(`${JSON.stringify({ id, ...question })}\n`)
  })
}

function launch(): void {
  void ask({ method: 'launch', params: {} }).then(({ error }) => {
    process.stdout.write(`${JSON.stringify({ status: error ? 'error' : 'launched' })}\n`)
    process.exit(error ? 1 : 0)
  })
}

function listen(): void {
  const input = createInterface({ input: process.stdin })
  input.on('line', (line) => admit(line))
  // What was accepted is finished, also when nobody waits for the answer any more.
  input.on('close', () => void mutations.then(() => process.exit(0)))
}

type Request = Readonly<{ id: unknown; method: string; params: Record<string, unknown> }>

function admit(line: string): void {
  if (line.trim() === '') return
  const request = parsed(line)
  if ('code' in request) return fail(null, request)
  const method = methodOf(request.method, version)
  if (!method) return fail(request.id, { code: -32601, message: 'Method not found', data: request.method })
  if (method.lane === 'mutation') mutations = mutations.then(() => carryOut(request))
  else void carryOut(request)
}

function parsed(line: string): Request | RpcError {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    return { code: -32700, message: 'Parse error', data: 'no JSON' }
  }
  const { jsonrpc, id, method, params = {} } = json as Record<string, unknown>
  if (jsonrpc !== '2.0' || typeof method !== 'string')
    return { code: -32600, message: 'Invalid Request', data: 'no request' }
  return { id, method, params: params as Record<string, unknown> }
}

async function carryOut({ id, method, params }: Request): Promise<void> {
  const unknown =
    version === '0.15' ? Object.keys(params).find((key) => !methodOf(method, version)?.params.includes(key)) : undefined
  if (unknown !== undefined)
    return fail(id, { code: -32602, message: 'Invalid params', data: `unknown parameter ${unknown}` })
  const isMutation = methodOf(method, version)?.lane === 'mutation'
  if (isMutation && poison) return fail(id, { ...poison, code: -32004, message: 'Mutation lane blocked' })
  const { result, error } = await ask({ method, params })
  if (error) {
    if (isMutation && typeof error.data === 'object' && error.data['disposition'] === 'still_in_flight') poison = error
    return fail(id, error)
  }
  if (id !== undefined) say({ jsonrpc: '2.0', id, result })
}

function fail(id: unknown, error: RpcError): void {
  if (id !== undefined) say({ jsonrpc: '2.0', id, error })
}

function say(what: object): void {
  process.stdout.write(`${JSON.stringify(what)}\n`)
}
