import { tableLines } from './table.ts'
import { Refused } from './verb.ts'
import type { Noun } from './verb.ts'

const ENTRIES = 50
const ENTRIES_MAX = 100_000

export const audit: Noun = {
  name: 'audit',
  summary: 'what was done, by whom, when',
  verbs: [
    {
      name: '',
      summary: 'the newest entries of the audit log, newest first',
      takes: [],
      options: { limit: { value: 'N', help: `how many (default: ${ENTRIES})` } },
      isReading: true,
      async run({ store, given }) {
        const entries = await store.audit(limitOf(given.text('limit')))
        const rows = entries.map((e) => [
          new Date(e.atMs).toISOString(),
          e.actor,
          e.action,
          e.target ?? '-',
          Object.keys(e.data).length === 0 ? '' : JSON.stringify(e.data),
        ])
        return {
          json: entries.map((e) => ({ at: e.atMs, actor: e.actor, action: e.action, target: e.target, data: e.data })),
          lines: tableLines(['at', 'actor', 'action', 'target', 'data'], rows),
        }
      },
    },
  ],
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return ENTRIES
  const limit = /^\d+$/.test(text) ? Number(text) : 0
  if (limit < 1 || limit > ENTRIES_MAX)
    throw new Refused(`--limit is ${text}, but it must be a whole number from 1 to ${ENTRIES_MAX}.`)
  return limit
}
