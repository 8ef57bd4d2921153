/** An SMSC in this process over a real socket, a provider that talks to it, and what the provider reports. */
import { systemClock } from '@bluewire/platform/clock'
import type { OutgoingSms, ProviderInbound, ProviderOutcome, ProviderReceipt } from '@bluewire/drivers/provider'
import { until } from '@bluewire/testkit/stories/until'
import { SmppProvider } from '../../src/smpp/smpp-provider.ts'
import { smppSettings } from '../../src/smpp/smpp-settings.ts'
import { PASSWORD, Smsc } from '../conformance/smsc.ts'

export const LINE = '+15005550001'
export const THEM = '+14155552671'

export type Logged = Readonly<{ event: string; fields: Readonly<Record<string, string | number | boolean>> }>

export class SmppWorld implements AsyncDisposable {
  readonly smsc: Smsc
  readonly provider: SmppProvider
  readonly receipts: ProviderReceipt[] = []
  readonly inbounds: ProviderInbound[] = []
  readonly logged: Logged[] = []
  isFailing = false
  #made = 0

  private constructor(smsc: Smsc, settings: Readonly<Record<string, unknown>>) {
    this.smsc = smsc
    this.provider = new SmppProvider({
      clock: systemClock,
      callbackKey: new Uint8Array(32),
      dataDirectory: '/nowhere',
      callbackUrl: 'https://gateway.test/callbacks/smpp',
      settings: smppSettings.parse({
        host: '127.0.0.1',
        system_id: 'bluewire',
        throughput: 0,
        reconnect_min: '20ms',
        reconnect_max: '50ms',
        answer_within: '200ms',
        ...settings,
      }),
      secrets: { password: PASSWORD },
      log: (event, fields) => this.logged.push({ event, fields }),
    })
  }

  /** Not started yet. */
  static async make(settings: Readonly<Record<string, unknown>> = {}, smsc: Smsc = new Smsc()): Promise<SmppWorld> {
    return new SmppWorld(smsc, { port: await smsc.listen(), ...settings })
  }

  /** Started and logged in. */
  static async open(settings: Readonly<Record<string, unknown>> = {}, smsc?: Smsc): Promise<SmppWorld> {
    const world = await SmppWorld.make(settings, smsc)
    await world.start()
    await world.isReady()
    return world
  }

  start(): Promise<void> {
    return this.provider.start({
      receipt: (receipt) => this.#store(() => this.receipts.push(receipt)),
      inbound: (message) => this.#store(() => this.inbounds.push(message)),
      changed: () => undefined,
    })
  }

  isReady(): Promise<unknown> {
    return until('the provider is ready', () => this.provider.isReady)
  }

  sms(body: string, to: string = THEM): OutgoingSms {
    const id = String(++this.#made).padStart(26, '0')
    return { attempt: `attempt_${id}`, message: `text_${id}`, line: LINE, to, body }
  }

  send(body: string): Promise<ProviderOutcome> {
    return this.provider.send(this.sms(body), () => true)
  }

  wasLogged(event: string): Promise<unknown> {
    return until(`${event} is logged`, () => this.logged.some((one) => one.event === event))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.smsc.release()
    await this.provider.stop()
    await this.smsc.close()
  }

  #store(keep: () => void): Promise<void> {
    if (this.isFailing) return Promise.reject(new Error('the disk is full'))
    keep()
    return Promise.resolve()
  }
}
