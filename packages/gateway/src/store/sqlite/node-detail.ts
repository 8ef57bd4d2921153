/** All that is known of one node, for whoever looks at it. */
import { sql } from 'kysely'
import type { NodeId } from '@bluewire/contract/ids'
import { IN_FLIGHT } from '@bluewire/engine/attempt-state'
import type { NodeDetail } from '../accounts-store.ts'
import type { NodeHealths } from './node-health.ts'
import { IS_OPEN_ATTEMPT } from './partial-indexes.ts'
import { holdIn } from './reads.ts'
import { jsonList } from './rows.ts'
import type { Db } from './rows.ts'

/** More are not in flight on an honest node: five to a line. */
const IN_FLIGHT_SHOWN_MAX = 50

export function prepareNodeDetail(db: Db, health: NodeHealths): (id: NodeId) => NodeDetail | undefined {
  const s = prepare(db)
  return (id) => {
    const row = s.node.get({ id })
    if (row === undefined) return undefined
    return {
      id: row.id,
      account: row.account,
      name: row.name,
      online: row.gateway !== null && row.ready === 1,
      simulated: row.simulated === 1,
      driver: row.driver,
      agent: row.agent,
      os: row.os,
      atMostOnce: row.at_most_once === 1,
      capabilities: jsonList(row.capabilities),
      health: row.health,
      healthDetail: row.health_detail,
      healthAtMs: row.health_at,
      provenAtMs: row.proven_at,
      sentAtMs: row.sent_at,
      hold: holdIn(row),
      checks: health.checks(id),
      connectedAtMs: row.connected_at,
      closedAtMs: row.closed_at,
      retiredAtMs: row.retired_at,
      framesDropped: row.orphans_dropped,
      inFlight: s.inFlight.all({ node: id }),
      unknown: s.unknown.get({ node: id })?.many ?? 0,
    }
  }
}

type OpenAttempt = NodeDetail['inFlight'][number]

function prepare(db: Db) {
  return {
    node: db.statement((k, p: { id: NodeId }) =>
      k.selectFrom('nodes').selectAll().where('id', '=', p.id).where('kind', '=', 'node'),
    ),
    inFlight: db.statement<{ node: NodeId }, OpenAttempt>((k, p) =>
      k
        .selectFrom('attempts')
        .select(['id', 'message', 'state', 'dispatched_at as dispatchedAtMs'])
        .where('node', '=', p.node)
        .where(IS_OPEN_ATTEMPT)
        .where('state', 'in', IN_FLIGHT)
        .orderBy('id')
        .limit(IN_FLIGHT_SHOWN_MAX),
    ),
    unknown: db.statement<{ node: NodeId }, { many: number }>((k, p) => ({
      compile: () =>
        sql<{ many: number }>`select count(*) as many from attempts
          where node = ${p.node} and ${IS_OPEN_ATTEMPT} and state = 'unknown' and overridden = 0`.compile(k),
    })),
  }
}
