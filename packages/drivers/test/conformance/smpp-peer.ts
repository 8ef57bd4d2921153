/** The provider `smpp` and an SMSC that misbehaves, in a process of its own. */
import { fork } from 'node:child_process'
import { systemClock } from '@bluewire/platform/clock'
import { until } from '@bluewire/testkit/stories/until'
import type { Provider } from '@bluewire/drivers/provider'
import { SmppProvider } from '../../src/smpp/smpp-provider.ts'
import { smppSettings } from '../../src/smpp/smpp-settings.ts'
import type { Ability, Arrived, Behaviour, ConnectHow, Peer } from './peer.ts'
import type { Command } from './smpp-peer-process.ts'
import { OPTED_OUT, PASSWORD } from './smsc.ts'

type Reply = { number: number; result?: unknown; error?: string }

export async function startSmppPeer(): Promise<Peer> {
  const child = fork(new URL('./smpp-peer-process.ts', import.meta.url), { execArgv: [] })
  const waiting = new Map<number, (reply: Reply) => void>()
  child.on('message', (reply: Reply) => waiting.get(reply.number)?.(reply))
  let asked = 0
  const ask = async <Result>(command: Command): Promise<Result> => {
    const number = ++asked
    const reply = await new Promise<Reply>((resolve) => {
      waiting.set(number, resolve)
      child.send({ number, command })
    })
    waiting.delete(number)
    if (reply.error !== undefined) throw new Error(reply.error)
    return reply.result as Result
  }
  let port = await ask<number>({ do: 'listen' })
  let isUp = true
  const providers: Provider[] = []
  const logged: string[] = []
  const connect = (how: ConnectHow = {}): Provider => {
    const provider = new SmppProvider({
      clock: systemClock,
      callbackKey: new Uint8Array(32),
      dataDirectory: '/nowhere',
      callbackUrl: 'https://gateway.test/callbacks/smpp',
      settings: smppSettings.parse({
        host: '127.0.0.1',
        port,
        system_id: 'bluewire',
        throughput: 0,
        opted_out_status: `0x${OPTED_OUT.toString(16)}`,
        reconnect_min: '50ms',
        reconnect_max: '200ms',
        ...(how.answerWithinMs !== undefined && { answer_within: `${how.answerWithinMs}ms` }),
      }),
      secrets: { password: how.badCredentials ? 'another-password-8' : PASSWORD },
      log: (event, fields) => logged.push(JSON.stringify({ event, ...fields })),
    })
    providers.push(provider)
    return provider
  }
  return {
    connect,
    behave: (behaviour) => ask({ do: 'behave', behaviour }),
    arrived: () => ask<readonly Arrived[]>({ do: 'arrived' }),
    receipt: (fact, how = {}) => ask<boolean>({ do: 'receipt', fact, how }),
    write: (message) => ask<boolean>({ do: 'write', message }),
    unable: new Map<Behaviour | Ability, string>([
      ['error_in_ok', 'an answer of SMPP has one status, and no place for another'],
      ['look_up', 'SMPP asks by the id that an answer gave, and it is the answer that was lost'],
    ]),
    logged,
    secrets: [PASSWORD, 'another-password-8'],
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    async down() {
      isUp = false
      await ask({ do: 'close' })
      // Its goodbye is on its way to us; what is sent before it comes may be lost on the way.
      await until('the providers have noticed', () => providers.every((provider) => !provider.isReady))
    },
    async up() {
      if (!isUp) port = await ask<number>({ do: 'listen' })
      isUp = true
    },
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve())
        child.kill('SIGCONT')
        child.disconnect()
      }),
  }
}
