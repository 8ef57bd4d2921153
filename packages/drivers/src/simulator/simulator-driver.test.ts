/**
 * The simulator driver.
 * Proves: every magic recipient does what its row says, by iMessage and by SMS; what is called sent is in the log, once;
 * after a crash the log decides; a log that was cut off or edited is read; thousands of lines stay quick.
 * World: the real driver and log file, in virtual time.
 */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { isMagicRecipient, MAGIC_RECIPIENTS, magicRecipient } from '@bluewire/contract/magic-recipients'
import { VirtualClock } from '@bluewire/testkit/virtual-clock'
import type { Driver, InboundMessage, Outgoing, Receipt, SendOutcome } from '../driver.ts'
import { createDriver, DRIVER_NAMES, isDriverName } from '../registry.ts'
import { BEHAVIOURS } from './magic-recipients.ts'
import { memorySimulatorLog, NotLoggedError, openSimulatorLog } from './simulator-log.ts'
import type { SimulatedText } from './simulator-log.ts'
import { createSimulatorDriver, SimulatorDriver } from './simulator-driver.ts'

const ORDINARY = '+14155552671'
const folders: string[] = []

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bluewire-simulator-'))
  folders.push(folder)
  return folder
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

let outgoings = 0
function outgoing(to: string, more: Partial<Outgoing> = {}): Outgoing {
  outgoings++
  const id = String(outgoings).padStart(26, '0')
  return {
    attempt: `attempt_${id}`,
    message: `imessage_${id}`,
    line: '+15005550001',
    to,
    body: `text ${outgoings}`,
    service: 'imessage',
    ...more,
  }
}

class World {
  readonly clock = new VirtualClock()
  readonly folder = newFolder()
  driver: Driver = createSimulatorDriver({ clock: this.clock, dataDirectory: this.folder, settings: {} })
  /** What happened and when, milliseconds from the start. */
  readonly seen: string[] = []
  readonly replies: InboundMessage[] = []

  async start(): Promise<this> {
    await this.#start()
    return this
  }

  async #start(): Promise<void> {
    const say = (what: string) => void this.seen.push(`${this.clock.monotonicMs()} ${what}`)
    await this.driver.start(
      {
        receipt: ({ fact }: Receipt) => say(fact),
        inbound: (message) => {
          this.replies.push(message)
          say('inbound')
        },
        dropLink: (ms) => say(`link drops ${ms}`),
        position: () => say('position'),
        healthChanged: () => say('health'),
        linesChanged: () => say('lines'),
      },
      { note: () => true, attemptOf: () => null, position: () => null },
    )
  }

  /** The outcome, if there is one within that time; receipts of the time after it are in `seen`. */
  async send(text: Outgoing): Promise<SendOutcome | null> {
    let outcome: SendOutcome | null = null
    void this.driver.send(text).then((o) => {
      outcome = o
      this.seen.push(`${this.clock.monotonicMs()} ${o.kind}`)
    })
    await this.clock.advance(60_000)
    return outcome
  }

  get log(): SimulatedText[] {
    const lines = readFileSync(join(this.folder, 'simulator.jsonl'), 'utf8').split('\n')
    expect(lines.pop()).toBe('')
    return lines.map((line) => JSON.parse(line) as SimulatedText)
  }

  /** The process died and another one starts in the same folder. */
  restart(): void {
    this.driver = createSimulatorDriver({ clock: this.clock, dataDirectory: this.folder, settings: {} })
  }
}

describe('every row of the table', () => {
  it('has a behaviour, and a number of the reserved range', () => {
    expect(MAGIC_RECIPIENTS.map(({ number }) => number)).toEqual(
      Array.from({ length: 16 }, (_, i) => `+150055501${String(i + 1).padStart(2, '0')}`),
    )
    expect(new Set(MAGIC_RECIPIENTS.map(({ word }) => word))).toEqual(new Set(Object.keys(BEHAVIOURS)))
    expect([isMagicRecipient('+15005550106'), isMagicRecipient('+15005550001'), magicRecipient('toString')]).toEqual([
      true,
      false,
      null,
    ])
  })

  type Row = [string, 'imessage' | 'sms', string[], number]
  const rows: Row[] = [
    ['+15005550101', 'imessage', ['0 not_sent'], 0],
    ['+15005550101', 'sms', ['0 sent', '50 delivered'], 1],
    ['+15005550102', 'imessage', ['0 not_sent'], 0],
    ['+15005550102', 'sms', ['0 sent', '50 delivered'], 1],
    ['+15005550103', 'imessage', ['0 sent'], 1],
    ['+15005550104', 'imessage', ['0 sent', '30000 delivered'], 1],
    ['+15005550105', 'imessage', ['0 sent', '0 delivered', '2000 read'], 1],
    ['+15005550106', 'imessage', ['0 unknown'], 1],
    ['+15005550106', 'sms', ['0 unknown'], 1],
    ['+15005550107', 'imessage', ['0 sent', '50 delivered', '1000 inbound'], 1],
    ['+15005550108', 'imessage', ['5000 sent', '5050 delivered'], 1],
    ['+15005550109', 'imessage', ['0 link drops 1000', '0 sent', '50 delivered'], 1],
    [ORDINARY, 'imessage', ['0 sent', '50 delivered'], 1],
    [ORDINARY, 'sms', ['0 sent', '50 delivered'], 1],
  ]
  it.each(rows)('%s by %s: %j', async (...[to, service, seen, lines]) => {
    const world = await new World().start()
    const text = outgoing(to, { service })
    expect(world.driver.refuses(text)).toBeNull()
    await world.send(text)
    expect(world.seen).toEqual(seen)
    expect(world.log).toEqual(
      lines === 0
        ? []
        : [{ attempt: text.attempt, service, from: text.line, to, body: text.body, at: expect.any(Number) as number }],
    )
  })

  it('101 and 102 are proven: refused for good, with the reason', async () => {
    const world = await new World().start()
    expect(await world.send(outgoing('+15005550101'))).toEqual({
      kind: 'not_sent',
      class: 'refused',
      reason: 'recipient_not_on_imessage',
      detail: 'Messages error 22',
    })
    expect(await world.send(outgoing('+15005550102'))).toMatchObject({
      kind: 'not_sent',
      class: 'refused',
      reason: 'send_refused',
    })
  })

  it('110 is refused before it is sent', async () => {
    const world = await new World().start()
    expect(world.driver.refuses(outgoing('+15005550110'))).toEqual({ reason: 'node_disk_full' })
  })

  it('107 answers with a short quote', async () => {
    const world = await new World().start()
    await world.send(outgoing('+15005550107', { body: '👋'.repeat(80), service: 'sms' }))
    expect(world.replies).toMatchObject([
      { line: '+15005550001', from: '+15005550107', service: 'sms', backfilled: false },
    ])
    expect(world.replies[0]?.body).toBe(`You said: ${'👋'.repeat(60)}…`)
  })
})

describe('after a crash', () => {
  it.each([
    [ORDINARY, { kind: 'sent' }],
    ['+15005550106', { kind: 'unknown' }],
  ] as const)('%s: what is in the log decides', async (to, outcome) => {
    const world = await new World().start()
    const text = outgoing(to)
    await world.send(text)
    world.restart()
    expect(await world.driver.lookUp(text, null)).toMatchObject(outcome)
    expect(world.log).toHaveLength(1)
  })

  it('what did not reach the phone before the process died never will', async () => {
    const world = await new World().start()
    const slow = outgoing('+15005550108')
    void world.driver.send(slow)
    await world.clock.advance(4_999)
    const next = createSimulatorDriver({ clock: new VirtualClock(), dataDirectory: world.folder, settings: {} })
    expect(await next.lookUp(slow, null)).toEqual({ kind: 'not_sent', class: 'never_handed', reason: 'process_died' })
  })

  it('stop ends what is under way, provably unsent, and every receipt to come', async () => {
    const world = await new World().start()
    await world.driver.send(outgoing('+15005550104'))
    const slow = world.driver.send(outgoing('+15005550108'))
    await world.clock.advance(1_000)
    await world.driver.stop()
    await world.driver.stop()
    expect(await slow).toEqual({ kind: 'not_sent', class: 'never_handed', reason: 'node_stopping' })
    await world.clock.advance(60_000)
    expect(world.seen).toEqual([])
    expect(world.log).toHaveLength(1)
  })
})

describe('the log', () => {
  const text = (n: number): SimulatedText => ({
    attempt: `attempt_${n}`,
    service: 'sms',
    from: 'a',
    to: 'b',
    body: 'line\nbreak',
    at: n,
  })

  it('a torn last line is taken off, and what follows begins on a line of its own', () => {
    const path = join(newFolder(), 'simulator.jsonl')
    const log = openSimulatorLog(path)
    for (const n of [1, 2]) log.append(text(n))
    log.close()
    appendFileSync(path, '{"attempt":"attempt_3","ser')
    const reopened = openSimulatorLog(path)
    expect([1, 2, 3].map((n) => reopened.has(`attempt_${n}`))).toEqual([true, true, false])
    reopened.append(text(4))
    reopened.close()
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    expect(lines.map((line) => (JSON.parse(line) as SimulatedText).attempt)).toEqual([
      'attempt_1',
      'attempt_2',
      'attempt_4',
    ])
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('a line somebody edited does not keep it from starting', () => {
    const path = join(newFolder(), 'simulator.jsonl')
    writeFileSync(path, 'not json\n[]\n{"attempt":"attempt_1"}\n')
    expect(openSimulatorLog(path).has('attempt_1')).toBe(true)
  })

  it('the same attempt twice is two lines: nothing hides a double send', () => {
    const path = join(newFolder(), 'simulator.jsonl')
    const log = openSimulatorLog(path)
    log.append(text(1))
    log.append(text(1))
    log.close()
    expect(readFileSync(path, 'utf8').trimEnd().split('\n')).toHaveLength(2)
  })

  it('is opened quickly when it is long', () => {
    const path = join(newFolder(), 'simulator.jsonl')
    writeFileSync(path, Array.from({ length: 50_000 }, (_, n) => `${JSON.stringify(text(n))}\n`).join(''))
    const log = openSimulatorLog(path)
    expect([log.has('attempt_0'), log.has('attempt_49999'), log.has('attempt_50000')]).toEqual([true, true, false])
  })

  it('a closed log takes nothing', () => {
    const log = openSimulatorLog(join(newFolder(), 'simulator.jsonl'))
    log.close()
    log.close()
    expect(() => log.append(text(1))).toThrow('closed')
  })

  it('a disk that did not take the line: provably not sent; one that may have: the error goes up, which means unknown', async () => {
    const clock = new VirtualClock()
    const failing = (error: Error) => {
      const log = { ...memorySimulatorLog(), append: () => void fail(error) }
      return new SimulatorDriver({ clock, log, lines: [] }).send(outgoing(ORDINARY))
    }
    expect(await failing(new NotLoggedError('full'))).toEqual({
      kind: 'not_sent',
      class: 'never_handed',
      reason: 'node_disk_full',
    })
    await expect(failing(new Error('odd'))).rejects.toThrow('odd')
  })
})

describe('health', () => {
  it('is proven by its answer, and no longer once its log could not be written', async () => {
    const clock = new VirtualClock()
    const log = memorySimulatorLog()
    let full = false
    const append = (text: SimulatedText): void => {
      if (full) throw new NotLoggedError('full')
      log.append(text)
    }
    const driver = new SimulatorDriver({ clock, log: { ...log, append }, lines: [] })
    await clock.advance(3600_000)
    expect(driver.health()).toEqual({ state: 'ok', provenAtMs: clock.nowMs() })
    full = true
    await driver.send(outgoing(ORDINARY))
    const brokeAtMs = clock.nowMs()
    await clock.advance(3600_000)
    await driver.send(outgoing(ORDINARY))
    expect(driver.health().provenAtMs).toBe(brokeAtMs)
    full = false
    await driver.send(outgoing(ORDINARY))
    expect(driver.health().provenAtMs).toBe(clock.nowMs())
  })
})

function fail(error: Error): never {
  throw error
}

describe('settings', () => {
  const context = (settings: unknown) => ({ clock: new VirtualClock(), dataDirectory: newFolder(), settings })

  it('lines and the place of the log', async () => {
    const folder = newFolder()
    const lines = [{ address: '+15005550002', services: ['imessage'] }]
    const driver = await createDriver('simulator', context({ lines, log: join(folder, 'elsewhere', 'phone.jsonl') }))
    expect(driver.lines).toEqual([{ address: '+15005550002', services: ['imessage'], sends: true }])
    await driver.send(outgoing(ORDINARY))
    expect(readFileSync(join(folder, 'elsewhere', 'phone.jsonl'), 'utf8')).toContain(ORDINARY)
  })

  it('what is wrong is an error, not a default', async () => {
    await expect(
      createDriver('simulator', context({ lines: [{ address: '+15005550002', services: ['fax'] }] })),
    ).rejects.toThrow()
  })

  it('there is one driver so far, and names are checked', () => {
    expect(DRIVER_NAMES).toContain('simulator')
    expect([isDriverName('simulator'), isDriverName('toString')]).toEqual([true, false])
  })
})
