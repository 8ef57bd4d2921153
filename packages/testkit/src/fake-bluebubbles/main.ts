/** The fake BlueBubbles as a process of its own: its port for the driver, and another by which a test makes it misbehave. It ends with its parent. */
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Control, Options } from './behaviour.ts'
import { FakeServer } from './fake-server.ts'

let fake = new FakeServer(JSON.parse(process.argv[2] ?? '') as Options)
let server: Server | null = null
let port = 0

function listen(at: number): Promise<number> {
  const started = createServer((request, response) => void fake.rest(request, response))
  started.on('upgrade', (request, socket, head) => fake.upgrade(request, socket, head))
  server = started
  return new Promise((resolve) => {
    started.listen(at, '127.0.0.1', () => resolve((started.address() as AddressInfo).port))
  })
}

async function obey(control: Control): Promise<unknown> {
  switch (control.do) {
    case 'reset':
      fake.kick()
      fake = new FakeServer(control.options)
      return null
    case 'down':
      fake.kick()
      server?.closeAllConnections()
      return new Promise((resolve) => server?.close(resolve))
    case 'up':
      return listen(port)
    default:
      return fake.obey(control)
  }
}

process.on('message', ({ number, control }: { number: number; control: Control }) => {
  obey(control).then(
    (answer) => process.send?.({ number, answer: answer ?? null }),
    (error: unknown) => process.send?.({ number, error: String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))
port = await listen(0)
process.send?.({ number: 0, answer: port })
