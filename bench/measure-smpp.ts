/** One SMPP connection through the whole gateway: a queue is drained. Beside it the client of the bare `smpp` package, which stores nothing. */
import { setTimeout as passed } from 'node:timers/promises'
import type { World } from './bench-world.ts'
import { costOf } from './gateway-cost.ts'
import { median, milliseconds, rate } from './numbers.ts'
import type { SubmitAll, SubmittedAnswer } from './programs/smpp-client.ts'
import type { CountAnswer, SetSmsc, TakenAnswer, UntilTaken } from './programs/smsc.ts'
import { addSmpp, freePort, KEY, openMessages } from './sms-place.ts'
import type { Row } from './table.ts'

const WINDOW = 50
const CONNECTIONS = 64

export type SmppOptions = Readonly<{ lines: number; messages: number; rounds: number }>

export async function measureSmpp(world: World, { lines, messages, rounds }: SmppOptions): Promise<Row[]> {
  const port = await freePort()
  const gateway = await world.gateway(`smpp-${lines}`, 0, {
    env: KEY,
    prepare: (place) => addSmpp(place, [{ system: 'bench', port, window: WINDOW, lines }]),
  })
  const smsc = world.program('smsc')
  const client = world.program('smpp-client')
  const set = (mode: SetSmsc['mode']): Promise<CountAnswer> =>
    smsc.ask<CountAnswer>({ kind: 'set', port, mode } satisfies SetSmsc)
  const load = { kind: 'closed', url: gateway.url, token: gateway.token, isAsync: true, service: 'sms' } as const
  const through: Array<{ perSecond: number; cpuMs: number }> = []
  const bare: Array<{ perSecond: number; cpuMs: number }> = []
  for (let round = 0; round <= rounds; round++) {
    // Its queue fills while nobody is there to send to.
    const { taken } = await set('refuses')
    await world.load({ ...load, connections: CONNECTIONS, requests: messages, firstNumber: round * messages })
    const before = await costOf(gateway.url)
    await set('works')
    await smsc.ask({ kind: 'until_taken', port, many: taken + messages } satisfies UntilTaken)
    while (openMessages(gateway) > 0) await passed(20)
    const after = await costOf(gateway.url)
    const { arrivedMs } = await smsc.ask<TakenAnswer>({ kind: 'taken', port, from: taken })
    const seconds = ((arrivedMs.at(-1) ?? NaN) - (arrivedMs[0] ?? NaN)) / 1000
    through.push({ perSecond: messages / seconds, cpuMs: (1000 * (after.cpuS - before.cpuS)) / messages })
    const question: SubmitAll = { port, many: messages, window: WINDOW, firstNumber: 0 }
    const submitted = await client.ask<SubmittedAnswer>(question)
    bare.push({ perSecond: messages / submitted.seconds, cpuMs: submitted.cpuMs / messages })
  }
  // The first warms up.
  const [ours, theirs] = [through.slice(1), bare.slice(1)]
  const of = (all: typeof ours, what: 'perSecond' | 'cpuMs'): number => median(all.map((one) => one[what]))
  const words = lines === 1 ? '1 line' : `${lines} lines`
  return [
    {
      what: `one SMPP connection, window ${WINDOW}, ${words}, a queue drained`,
      measured: rate(of(ours, 'perSecond')),
      reference: `bare smpp package ${rate(of(theirs, 'perSecond'))}`,
      ratio: (of(ours, 'perSecond') / of(theirs, 'perSecond')).toFixed(2),
    },
    {
      what: 'CPU time of an SMS, from its queue to its answer',
      measured: milliseconds(of(ours, 'cpuMs')),
      reference: `bare smpp package ${milliseconds(of(theirs, 'cpuMs'))}`,
      ratio: (of(theirs, 'cpuMs') / of(ours, 'cpuMs')).toFixed(2),
    },
  ]
}
