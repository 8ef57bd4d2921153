/** What a gateway asks besides sending: the driver does it, if it can, within a time limit; the answer is always a sentence or data. */
import { capabilityFor } from '@bluewire/contract/node-protocol/commands'
import type { DriverCommandName } from '@bluewire/contract/node-protocol/commands'
import type { CommandFrame } from '@bluewire/contract/node-protocol/gateway-frames'
import type { Driver, DriverReply } from '@bluewire/drivers/driver'
import type { Clock } from '@bluewire/platform/clock'
import { errorWord } from './agent-log.ts'

/** BlueBubbles and imsg wait up to 30 s for what they were asked (DRIVERS 2.1). */
const ANSWER_WITHIN_MS = 60_000

type Deps = Readonly<{ driver: Driver; clock: Clock }>

export function diagnosis(driver: Driver): DriverReply {
  const { state, detail, checks } = driver.health()
  return {
    ok: true,
    detail: `${state}${detail === undefined ? '' : `: ${detail}`}`,
    ...(checks === undefined ? {} : { data: { checks } }),
  }
}

/** Never rejects. */
export async function driverReply(
  { command: name, args = {} }: { command: DriverCommandName; args?: CommandFrame['args'] },
  { driver, clock }: Deps,
): Promise<DriverReply> {
  const needs = capabilityFor(name, args)
  if (!driver.capabilities.includes(needs) || driver.command === undefined)
    return { ok: false, detail: `The driver ${driver.name} on this Mac cannot do that (it lacks ${needs}).` }
  const late = Promise.withResolvers<DriverReply>()
  const timer = clock.setTimer(ANSWER_WITHIN_MS, () =>
    late.resolve({ ok: false, detail: 'It took longer than a minute; whether it was done is not known.' }),
  )
  try {
    return await Promise.race([driver.command({ name, args }), late.promise])
  } catch (error) {
    return { ok: false, detail: `The driver failed: ${errorWord(error)}` }
  } finally {
    timer.cancel()
  }
}
