/**
 * The simulated provider is its own other side: the recipient decides how it behaves, and its log is the phone. It is the reference, in this
 * process; what its magic recipients do not do, it cannot be put to.
 */
import { systemClock } from '@bluewire/platform/clock'
import type { Clock } from '@bluewire/platform/clock'
import { SimulatorProvider } from '../../src/simulator/simulator-provider.ts'
import { memorySimulatorLog } from '../../src/simulator/simulator-log.ts'
import type { SimulatedText } from '../../src/simulator/simulator-log.ts'
import { ABILITIES, BEHAVIOURS } from './peer.ts'
import type { Ability, Behaviour, Peer } from './peer.ts'

/** Its seconds are short: it waits for up to 5 of them. */
const TIMES_FASTER = 100

const RECIPIENTS: Partial<Record<Behaviour, string>> = {
  accept: '+14155552671',
  refuse: '+15005550111',
  throttle_once: '+15005550113',
  answer_late: '+15005550114',
  lose_answer: '+15005550115',
}
const ABLE: readonly Ability[] = ['receipts']

const fastClock: Clock = {
  ...systemClock,
  setTimer: (delayMs, fire) => systemClock.setTimer(delayMs / TIMES_FASTER, fire),
}

export async function startSimulatorPeer(): Promise<Peer> {
  const texts: SimulatedText[] = []
  let behaviour: Behaviour = 'accept'
  const impossible = (): Promise<never> => Promise.reject(new Error('the simulator has no such side'))
  return {
    connect: () => new SimulatorProvider(fastClock, memorySimulatorLog(texts)),
    behave: async (next) => {
      behaviour = next
    },
    get recipient() {
      return RECIPIENTS[behaviour] ?? '+14155552671'
    },
    arrived: async () => texts.map(({ to, from, body }) => ({ to, from, body, parts: 1 })),
    receipt: async () => true, // it comes by itself
    write: impossible,
    unable: new Map<Behaviour | Ability, string>([
      ...BEHAVIOURS.filter((name) => !(name in RECIPIENTS)).map(noRecipient),
      ...ABILITIES.filter((name) => !ABLE.includes(name)).map(notOf),
    ]),
    logged: [],
    secrets: [],
    freeze: () => {},
    thaw: () => {},
    down: impossible,
    up: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  }
}

const noRecipient = (name: Behaviour): [Behaviour, string] => [name, 'no magic recipient does this']
const notOf = (name: Ability): [Ability, string] => [name, 'nothing is behind it that could']
