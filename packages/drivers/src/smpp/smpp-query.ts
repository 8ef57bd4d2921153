/** Asks the SMSC what became of the parts whose ids are known. */
import { REASONS } from '../provider.ts'
import type { LookUpHelp, OutgoingSms, ProviderOutcome } from '../provider.ts'
import { segmentsOf } from '@bluewire/contract/sms-segments'
import { sourceOf } from './smpp-address.ts'
import type { SmppConnection } from './smpp-connection.ts'
import { idForQuery } from './smpp-message-ids.ts'
import { factOf, stateName } from './smpp-receipt.ts'
import type { SmppSettings } from './smpp-settings.ts'

type Ask = Readonly<{ settings: SmppSettings; connection: SmppConnection | null }>

/** `failed`: parts that were taken and did not arrive, with the reason. */
type Found = Readonly<{ outcome: ProviderOutcome; failed: ReadonlyMap<number, string> }>

const ANSWER_MS_MAX = 10_000

export async function lookUpParts(sms: OutgoingSms, { parts }: LookUpHelp, ask: Ask): Promise<Found> {
  const of = partsOf(sms, ask.settings)
  const unknown: ProviderOutcome = {
    kind: 'unknown',
    reason: REASONS.noAnswer,
    detail: ask.settings.query ? 'The SMSC has no word of it' : 'This SMSC cannot be asked; a receipt may still come',
    parts,
    of,
  }
  const failed = new Map<number, string>()
  // SMPP can ask by the id that an answer gave, and by nothing else.
  if (!ask.settings.query || !ask.connection || parts.size < of) return { outcome: unknown, failed }
  for (const [number, ref] of parts) {
    const state = await query(sms, ref, ask)
    if (state === null) return { outcome: unknown, failed: new Map() }
    const { fact, reason } = factOf(state)
    if (fact === 'failed') failed.set(number, reason ?? REASONS.refused)
  }
  const refs = [...parts].sort(([a], [b]) => a - b).map(([, ref]) => ref)
  return { outcome: { kind: 'sent', refs }, failed }
}

/** The name of the state; null: the SMSC does not say. */
async function query(sms: OutgoingSms, ref: string, { settings, connection }: Ask): Promise<string | null> {
  const source = sourceOf(sms.line, settings)
  const answer = await connection?.request({
    command: 'query_sm',
    fields: {
      message_id: idForQuery(ref, settings),
      source_addr_ton: source.ton,
      source_addr_npi: source.npi,
      source_addr: source.address,
    },
    withinMs: Math.min(settings.answer_within, ANSWER_MS_MAX),
  })
  if (answer?.kind !== 'answer' || answer.pdu.command_status !== 0) return null
  const state = stateName(answer.pdu.message_state ?? 0)
  return STATES_OF_TAKEN.test(state) ? state : null
}

/** UNKNOWN and what has no name say nothing. */
const STATES_OF_TAKEN = /^(ENROUTE|DELIVRD|EXPIRED|DELETED|UNDELIV|ACCEPTD|REJECTD)$/

function partsOf(sms: OutgoingSms, settings: SmppSettings): number {
  const alphabet = settings.encoding === 'ucs2' ? 'ucs2' : settings.default_alphabet
  const { count } = segmentsOf(sms.body, alphabet)
  return settings.long_messages === 'payload' ? 1 : count
}
