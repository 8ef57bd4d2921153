/** One fake Mac for a file of stories, and its chat.db as they look at it. */
import { afterAll, beforeAll } from 'vitest'
import type { MakeOptions } from '../../src/fake-mac/fake-mac.ts'
import { FakeMac } from '../../src/fake-mac/fake-mac.ts'
import { IMESSAGE_ACCOUNT, SMS_ACCOUNT } from '../../src/fake-mac/mac-settings.ts'
import type { EventAnswer } from '../../src/fake-mac/messages/apple-events.ts'
import { until } from '../../src/stories/until.ts'

/** A tenth of what was measured on Macs. */
export const QUICK = 0.1

export type Row = Readonly<{
  ROWID: bigint
  guid: string
  text: string | null
  attributedBody: Uint8Array | null
  service: string
  error: bigint
  date: bigint
  date_read: bigint
  date_delivered: bigint
  date_edited?: bigint
  is_sent: bigint
  is_delivered: bigint
  is_finished: bigint
  is_from_me: bigint
  is_empty: bigint
  was_downgraded: bigint
  item_type: bigint
  cache_roomnames: string | null
  /** Of its handle and its chat. */
  handle: string | null
  chat: string | null
}> &
  Readonly<Record<string, unknown>>

const ROWS = `select m.*, h.id as handle, c.guid as chat from message m left join handle h on h.ROWID = m.handle_id
  left join chat_message_join j on j.message_id = m.ROWID left join chat c on c.ROWID = j.chat_id`

export class MacWorld {
  readonly mac: FakeMac
  #people = 0

  constructor(mac: FakeMac) {
    this.mac = mac
  }

  /** chat.db as it is now, also when others cannot open it. */
  all(sql: string, ...values: (string | bigint | number)[]): Record<string, unknown>[] {
    using db = this.mac.database.open()
    return db.prepare(sql).all(...values)
  }

  /** Somebody new, so that stories on one Mac do not see each other. */
  person(): string {
    return `+1415555${String(2000 + this.#people++)}`
  }

  sendTo(participant: string, text: string, account = IMESSAGE_ACCOUNT.id): Promise<EventAnswer | undefined> {
    return this.mac.messages.ask({ event: 'send', text, to: { participant, account } })
  }

  sendSms(participant: string, text: string): Promise<EventAnswer | undefined> {
    return this.sendTo(participant, text, SMS_ACCOUNT.id)
  }

  sendToChat(chat: string, text: string): Promise<EventAnswer | undefined> {
    return this.mac.messages.ask({ event: 'send', text, to: { chat } })
  }

  rows(where = '1', ...values: (string | bigint | number)[]): Row[] {
    return this.all(`${ROWS} where ${where} order by m.ROWID`, ...values) as unknown as Row[]
  }

  rowsWith(handle: string): Row[] {
    return this.rows('h.id = ?', handle)
  }

  byGuid(guid: string): Row | undefined {
    return this.rows('m.guid = ?', guid)[0]
  }

  /** The newest row with this person, when it is as wanted. */
  untilRow(handle: string, wanted: (row: Row) => boolean = () => true): Promise<Row> {
    return until(`a row with ${handle}`, () => {
      const row = this.rowsWith(handle).at(-1)
      return row !== undefined && wanted(row) ? row : null
    })
  }

  untilGuid(guid: string, wanted: (row: Row) => boolean): Promise<Row> {
    return until(`a change of ${guid}`, () => {
      const row = this.byGuid(guid)
      return row !== undefined && wanted(row) ? row : null
    })
  }

  phonesOf(to: string) {
    return this.mac.phones().filter((arrival) => arrival.to === to || arrival.chat === to)
  }
}

/** Messages runs. The Mac is there before the first test of the file and gone after the last. */
export function useMac(options: MakeOptions): MacWorld {
  const holder: { world?: MacWorld } = {}
  beforeAll(async () => {
    const settings = { accounts: [IMESSAGE_ACCOUNT, SMS_ACCOUNT], ...options.settings }
    const mac = await FakeMac.make({ timeScale: QUICK, ...options, settings })
    await mac.messages.start()
    holder.world = new MacWorld(mac)
  })
  afterAll(() => holder.world?.mac.stop())
  return new Proxy({} as MacWorld, {
    get(_, name) {
      const { world } = holder
      const value: unknown = Reflect.get(world ?? {}, name, world)
      return typeof value === 'function' ? (value as () => unknown).bind(world) : value
    },
  })
}
