/** Accepting when the store already holds very many messages, beside an empty one. */
import { DatabaseSync } from 'node:sqlite'
import type { World } from './bench-world.ts'
import type { Place } from './instance.ts'
import { acceptingGateway, measureServers } from './measure-accepts.ts'
import type { AcceptOptions } from './measure-accepts.ts'
import { median, rate } from './numbers.ts'
import type { Row } from './table.ts'

const RATIO_MIN = 0.9
/** Messages that a recipient got. */
const PER_LANE = 10
const BATCH = 100_000

export async function measureLarge(world: World, options: AcceptOptions & { messages: number }): Promise<Row[]> {
  const { messages } = options
  const empty = await acceptingGateway(world, 'empty')
  const large = await acceptingGateway(world, 'large', (place) => fill(place, messages))
  const [full, bare] = await measureServers(world, [large, empty], options)
  if (full === undefined || bare === undefined) throw new Error('nothing was measured')
  const ratio = median(full.perSecond) / median(bare.perSecond)
  return [
    {
      what: `durable accepts with ${messages.toLocaleString('en')} messages in the store`,
      measured: rate(median(full.perSecond)),
      reference: `empty store ${rate(median(bare.perSecond))}`,
      ratio: ratio.toFixed(2),
      budget: `ratio ≥ ${RATIO_MIN}`,
      isWithin: ratio >= RATIO_MIN,
    },
  ]
}

/** Delivered messages of the last weeks, each with its attempt and five events. */
function fill({ database }: Place, messages: number): void {
  const db = new DatabaseSync(database)
  db.exec('pragma synchronous = off; pragma temp_store = memory; pragma cache_size = -200000')
  const account = (db.prepare('select id from accounts').get() as { id: string }).id
  const oldestMs = Date.now() - 30 * 24 * 3600_000
  const id = (prefix: string): string => `printf('${prefix}_01AAAAAAAAAAAAAAAA%010d', n)`
  for (let first = 0; first < messages; first += BATCH) {
    const numbers = `with recursive numbers (n) as (select ${first} union all select n + 1 from numbers where n + 1 < ${Math.min(first + BATCH, messages)})`
    const at = `${oldestMs} + n * 2`
    db.exec(`begin;
      insert into lanes (id, account, recipient, next_seq) ${numbers}
        select ${id('lane')}, '${account}', printf('+1650%07d', n), ${PER_LANE} from numbers where n % ${PER_LANE} = 0;
      insert into messages (id, account, lane, lane_seq, class, recipient, body, asked_service, service, simulated, state, not_before,
          expires_at, fallback, on_unknown, attempts, tries, ever_sent, sent_service, created_at, updated_at) ${numbers}
        select ${id('imessage')}, '${account}', printf('lane_01AAAAAAAAAAAAAAAA%010d', n - n % ${PER_LANE}), n % ${PER_LANE} + 1,
          'interactive', printf('+1650%07d', n - n % ${PER_LANE}), 'Bench: Your table is ready, see you at eight.', 'imessage', 'imessage', 1,
          'delivered', 0, ${at}, 0, 'hold', 1, 1, 1, 'imessage', ${at}, ${at} from numbers;
      insert into attempts (id, message, n, lane, line, epoch, service, state, dispatched_at, taken_at, settled_at) ${numbers}
        select ${id('attempt')}, ${id('imessage')}, 1, printf('lane_01AAAAAAAAAAAAAAAA%010d', n - n % ${PER_LANE}), 'line_gone', 1,
          'imessage', 'delivered', ${at}, ${at}, ${at} from numbers;
      insert into events (account, seq, id, type, at, message, data) ${numbers}, kinds (k, type) as (values (0, 'message.accepted'),
          (1, 'message.dispatched'), (2, 'message.taken'), (3, 'message.sent'), (4, 'message.delivered'))
        select '${account}', n * 5 + k + 1000, printf('evt_01AAAAAAAAAAAAAAAA%010d', n * 5 + k), type, ${at}, ${id('imessage')}, '{}'
          from numbers, kinds order by n, k;
      commit`)
  }
  db.exec('pragma wal_checkpoint(truncate)')
  db.close()
}
