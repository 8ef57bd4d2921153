/** One question and one answer on a connection of a Unix socket, each a line of JSON. */
import { rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'

/** Resolves when it listens. `answer` may resolve with undefined: then there is no answer, and the connection stays as it is. */
export function serveJsonLines(path: string, answer: (question: unknown) => Promise<unknown>): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined) // whoever asked was killed
    void readLine(socket).then(async (line) => {
      if (line === undefined) return
      const answered = await answer(JSON.parse(line))
      if (answered !== undefined && socket.writable) socket.end(`${JSON.stringify(answered)}\n`)
    })
  })
  rmSync(path, { force: true }) // of a process that was killed
  return new Promise((resolve, reject) => {
    server.on('error', reject)
    server.listen(path, () => resolve(server))
  })
}

/** Undefined when the other side went away without an answer. Rejects when nobody listens (ENOENT, ECONNREFUSED). */
export function askJsonLine(path: string, question: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') resolve(undefined)
      else reject(error)
    })
    socket.on('connect', () => socket.write(`${JSON.stringify(question)}\n`))
    void readLine(socket).then((line) => {
      socket.destroy()
      resolve(line === undefined ? undefined : JSON.parse(line))
    })
  })
}

export function isNobodyThere(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ECONNREFUSED')
}

function readLine(socket: Socket): Promise<string | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => {
      const end = chunk.indexOf(0x0a)
      chunks.push(end < 0 ? chunk : chunk.subarray(0, end))
      if (end >= 0) resolve(Buffer.concat(chunks).toString('utf8'))
    })
    socket.on('close', () => resolve(undefined))
  })
}
