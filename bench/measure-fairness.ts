/**
 * A hundred SMPP connections of one gateway, of which one is dead: what that does to the SMS of the others. In turn, round after round:
 * all work; nobody listens where the one was; it takes connections and says nothing; it takes submits and answers none.
 */
import { setTimeout as passed } from 'node:timers/promises'
import type { World } from './bench-world.ts'
import { milliseconds, percentile } from './numbers.ts'
import type { SetSmsc, SmscMode, TakenAnswer } from './programs/smsc.ts'
import { addSmpp, freePort, KEY, openMessages } from './sms-place.ts'
import type { Row } from './table.ts'

const PROVIDERS = 100
const PER_SECOND = 120
const CONNECTIONS = 64
/** Until the code is compiled. */
const WARM_UP_S = 8
const RATIO_MAX = 1.2
/** What the others owe must have left this long after the load ended. */
const DRAIN_MS_MAX = 30_000

const DEAD: Readonly<Record<Exclude<SmscMode, 'works'>, string>> = {
  refuses: 'refuses connections',
  black_hole: 'takes connections and says nothing',
  mute: 'takes SMS and never answers',
}
const MODES: readonly SmscMode[] = ['works', 'refuses', 'black_hole', 'mute']

type Spread = Readonly<{ p50: number; p99: number }>

export async function measureFairness(world: World, options: { rounds: number; roundS: number }): Promise<Row[]> {
  const { rounds, roundS } = options
  const [port, deadPort] = [await freePort(), await freePort()]
  const smsc = world.program('smsc')
  const set = (at: number, mode: SmscMode): Promise<object> =>
    smsc.ask({ kind: 'set', port: at, mode } satisfies SetSmsc)
  await set(port, 'works')
  await set(deadPort, 'works')
  const all = Array.from({ length: PROVIDERS }, (_, i) => ({ system: `bench${i}`, port: i === 0 ? deadPort : port }))
  const gateway = await world.gateway('fairness', 0, {
    env: KEY,
    prepare: (place) =>
      addSmpp(
        place,
        all.map((one) => ({ ...one, window: 10, lines: 1 })),
      ),
  })
  const load = { kind: 'open', url: gateway.url, token: gateway.token, isAsync: true, service: 'sms' } as const
  let firstNumber = 0
  let seen = 0
  const round = async (mode: SmscMode, seconds: number): Promise<Spread> => {
    await set(deadPort, mode)
    await passed(1000) // the one has noticed
    const ran = { ...load, connections: CONNECTIONS, perSecond: PER_SECOND, seconds, firstNumber }
    const { dueMs } = await world.load(ran)
    const took: number[] = []
    const endMs = performance.now() + DRAIN_MS_MAX
    // What the dead one holds does not end; what the others were late with must count all the same.
    if (mode !== 'works') await passed(1000)
    while (mode === 'works' && openMessages(gateway) > 0 && performance.now() < endMs) await passed(50)
    const { numbers, arrivedMs } = await smsc.ask<TakenAnswer>({ kind: 'taken', port, from: seen })
    seen += numbers.length
    for (const [i, number] of numbers.entries()) {
      const due = dueMs[number - firstNumber]
      if (due !== undefined) took.push((arrivedMs[i] ?? NaN) - due)
    }
    firstNumber += dueMs.length
    return { p50: percentile(took, 0.5), p99: percentile(took, 0.99) }
  }
  await round('works', WARM_UP_S)
  const found = new Map<SmscMode, Spread[]>(MODES.map((mode) => [mode, []]))
  for (let i = 0; i < rounds; i++) for (const mode of turned(MODES, i)) found.get(mode)?.push(await round(mode, roundS))
  const of = (mode: SmscMode, what: keyof Spread): number =>
    percentile(
      (found.get(mode) ?? []).map((one) => one[what]),
      0.5,
    )
  const said = (mode: SmscMode): string => `p50 ${milliseconds(of(mode, 'p50'))}, p99 ${milliseconds(of(mode, 'p99'))}`
  return Object.entries(DEAD).map(([mode, what]): Row => {
    const ratio = of(mode as SmscMode, 'p99') / of('works', 'p99')
    return {
      what: `accept → at the SMSC, ${PROVIDERS} SMPP connections, one of which ${what}`,
      measured: said(mode as SmscMode),
      reference: `all work: ${said('works')}`,
      ratio: ratio.toFixed(2),
      budget: `ratio of the p99 ≤ ${RATIO_MAX}`,
      isWithin: ratio <= RATIO_MAX,
    }
  })
}

/** No mode always follows the same other one. */
function turned<T>(all: readonly T[], by: number): T[] {
  return [...all.slice(by % all.length), ...all.slice(0, by % all.length)]
}
