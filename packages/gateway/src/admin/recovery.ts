import { databaseFile } from '../config/config.ts'
import { PROGRAM } from './program.ts'
import { readRecoveryStatus } from './recovery-status.ts'
import type { RecoveryStatus } from './recovery-status.ts'
import { instantText } from './table.ts'
import { Refused } from './verb.ts'
import type { Answer, Call, Noun } from './verb.ts'

export const recovery: Noun = {
  name: 'recovery',
  summary: 'after a backup was put back: nothing goes out twice',
  verbs: [
    {
      name: 'begin',
      summary: 'the database is a restored copy: hold what it has queued until every node has told what it sent since',
      takes: [],
      options: {},
      run: beginRecovery,
    },
    {
      name: 'status',
      summary: 'what is still waited for',
      takes: [],
      options: {},
      isReading: true,
      run: (call) => Promise.resolve(statusAnswer(call)),
    },
    {
      name: 'end',
      summary: 'wait no longer: a node is gone for good',
      takes: [],
      options: { yes: { value: null, help: 'yes: what a node sent and has not told may be sent again' } },
      run: endRecovery,
    },
  ],
}

async function beginRecovery(call: Call): Promise<Answer> {
  const epoch = await call.store.beginRecovery()
  await call.store.appendAudit({
    actor: call.actor,
    action: 'recovery.begin',
    target: null,
    data: { store_epoch: epoch },
  })
  return statusAnswer(call)
}

async function endRecovery(call: Call): Promise<Answer> {
  const { waitingFor } = readRecoveryStatus(databaseFile(call.config.dataDir))
  if (waitingFor.length > 0 && !call.given.flag('yes')) {
    throw new Refused(
      `${namesOf(waitingFor)} has not yet told what it sent since the backup; what it sent may then be sent again. ` +
        `If it never comes back: ${PROGRAM} recovery end --yes`,
    )
  }
  await call.store.endRecovery()
  await call.store.appendAudit({
    actor: call.actor,
    action: 'recovery.end',
    target: null,
    data: { waited_for: waitingFor.map((node) => node.id) },
  })
  return statusAnswer(call)
}

function statusAnswer({ config }: Call): Answer {
  const status = readRecoveryStatus(databaseFile(config.dataDir))
  return {
    json: {
      recovering: status.beganAtMs !== null || status.accounts.length > 0,
      began_at: status.beganAtMs,
      since: status.sinceMs,
      store_epoch: status.storeEpoch,
      accounts: status.accounts.map((a) => ({ id: a.id, name: a.name, began_at: a.beganAtMs })),
      waiting_for: status.waitingFor,
    },
    lines: statusLines(status),
  }
}

function statusLines(status: RecoveryStatus): string[] {
  const { beganAtMs, accounts } = status
  if (beganAtMs === null && accounts.length === 0)
    return ['Nothing is being recovered: everything that is queued is sent.']
  const waiting = status.waitingFor.map((node) => `  ${node.id}  ${node.name} (${standing(node)})`)
  return [
    ...(beganAtMs === null
      ? []
      : [
          `Recovering since ${instantText(beganAtMs)}: what was accepted before is held.`,
          `Nodes send again what they did since ${instantText(status.sinceMs)}.`,
        ]),
    ...accounts.map((a) => `${a.name}: a node knew more than this database; held since ${instantText(a.beganAtMs)}.`),
    ...(waiting.length === 0 ? ['Every node has answered, or none ever worked.'] : ['Waiting for:', ...waiting]),
  ]
}

function standing({ isProvider, online }: RecoveryStatus['waitingFor'][number]): string {
  if (isProvider) return `a provider: it cannot tell, so it is you who ends this, with ${PROGRAM} recovery end --yes`
  return online ? 'online' : 'offline'
}

function namesOf(nodes: RecoveryStatus['waitingFor']): string {
  return nodes.map((node) => node.name).join(', ')
}
