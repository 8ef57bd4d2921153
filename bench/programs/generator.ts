/**
 * Makes load, in a process of its own. Closed: each connection sends its next request when it has its answer. Open: requests leave by a
 * fixed timetable whatever the answers do, and times count from when a request was due (else a stall would hide itself).
 */
import { serve } from '../child.ts'
import { HttpConnection } from './http-connection.ts'
import { machineMs } from './machine-clock.ts'
import { requestMaker } from './send-request.ts'
import type { Target } from './send-request.ts'

export type ClosedLoad = Target &
  Readonly<{ kind: 'closed'; connections: number; firstNumber: number }> &
  (Readonly<{ seconds: number }> | Readonly<{ requests: number }>)
export type OpenLoad = Target &
  Readonly<{ kind: 'open'; connections: number; perSecond: number; seconds: number; firstNumber: number }>

export type LoadAnswer = Readonly<{
  /** Answered with 200. */
  ok: number
  /** The first that was not, with its status. */
  refused: string | null
  seconds: number
  /** From sending (closed) or from when it was due (open) to its answer. */
  answeredMs: Float64Array
  /** Open: when each was due, on the clock that all processes of the machine share. */
  dueMs: Float64Array
}>

/** Callers who do not wait are told that it is accepted; those who wait, that it is sent. Anything else is no success here. */
class Tally {
  ok = 0
  refused: string | null = null
  readonly answeredMs: number[] = []
  readonly #isAsync: boolean

  constructor({ isAsync }: Target) {
    this.#isAsync = isAsync
  }

  add(status: number, body: () => string, tookMs: number): void {
    if (status !== 200 || !(this.#isAsync || body().includes('"Successfully sent"'))) {
      this.refused ??= `${status} ${body().slice(0, 300)}`
      return
    }
    this.ok++
    this.answeredMs.push(tookMs)
  }
}

async function open(url: string, many: number, onError: (error: Error) => void): Promise<HttpConnection[]> {
  const connections = Array.from({ length: many }, () => new HttpConnection(new URL(url)))
  await Promise.all(connections.map((connection) => connection.opened(onError)))
  return connections
}

async function runClosed(load: ClosedLoad): Promise<LoadAnswer> {
  const tally = new Tally(load)
  const request = requestMaker(load)
  const failed = Promise.withResolvers<never>()
  const connections = await open(load.url, load.connections, failed.reject)
  const beganMs = performance.now()
  const endMs = 'seconds' in load ? beganMs + load.seconds * 1000 : Infinity
  const requests = 'requests' in load ? load.requests : Infinity
  let sent = 0
  const one = (connection: HttpConnection, done: () => void): void => {
    const nowMs = performance.now()
    if (nowMs >= endMs || sent >= requests) return done()
    connection.send(request(load.firstNumber + sent++), (status, body) => {
      tally.add(status, body, performance.now() - nowMs)
      one(connection, done)
    })
  }
  const all = connections.map((connection) => new Promise<void>((resolve) => one(connection, resolve)))
  await Promise.race([Promise.all(all), failed.promise])
  const seconds = (performance.now() - beganMs) / 1000
  for (const connection of connections) connection.close()
  return {
    ok: tally.ok,
    refused: tally.refused,
    seconds,
    answeredMs: Float64Array.from(tally.answeredMs),
    dueMs: new Float64Array(),
  }
}

async function runOpen(load: OpenLoad): Promise<LoadAnswer> {
  const tally = new Tally(load)
  const request = requestMaker(load)
  const failed = Promise.withResolvers<never>()
  const idle = await open(load.url, load.connections, failed.reject)
  const connections = [...idle]
  const total = load.perSecond * load.seconds
  const dueMs = new Float64Array(total)
  const late: number[] = [] // due, and no connection was free
  const done = Promise.withResolvers<void>()
  const beganMs = machineMs()
  let answered = 0
  let next = 0
  const send = (index: number): void => {
    const connection = idle.pop()
    if (connection === undefined) return void late.push(index)
    connection.send(request(load.firstNumber + index), (status, body) => {
      tally.add(status, body, machineMs() - (dueMs[index] ?? 0))
      idle.push(connection)
      const waiting = late.shift()
      if (waiting !== undefined) send(waiting)
      if (++answered === total) done.resolve()
    })
  }
  const timer = setInterval(() => {
    const nowMs = machineMs()
    for (; next < total; next++) {
      const due = beganMs + (next * 1000) / load.perSecond
      if (due > nowMs) return
      dueMs[next] = due
      send(next)
    }
    clearInterval(timer)
  }, 1)
  await Promise.race([done.promise, failed.promise])
  const seconds = (machineMs() - beganMs) / 1000
  for (const connection of connections) connection.close()
  return { ok: tally.ok, refused: tally.refused, seconds, answeredMs: Float64Array.from(tally.answeredMs), dueMs }
}

if (import.meta.main) serve((load: ClosedLoad | OpenLoad) => (load.kind === 'closed' ? runClosed(load) : runOpen(load)))
