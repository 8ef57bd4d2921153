/** Receipts and inbound messages of an HTTP SMS API: any JSON, form or query, read by the paths of the settings. No I/O. */
import { createHash } from 'node:crypto'
import { isAttemptId } from '@bluewire/contract/ids'
import type { CallbackRequest, ProviderInbound, ProviderReceipt } from '../provider.ts'
import type { HttpSettings } from './http-settings.ts'
import { parseJson, textAt } from '../web/json-path.ts'

/** Our addresses, before they are signed. One of each is for companies that know only one address for all receipts. */
export const PATHS = {
  inbound: 'inbound',
  receipts: 'receipts',
  receiptOf: (attempt: string) => `receipt/${attempt}`,
} as const

const ID_CHARACTERS_MAX = 200
const TEXT_CHARACTERS_MAX = 20_000

export type Report =
  | Readonly<{ kind: 'receipt'; receipt: ProviderReceipt }>
  | Readonly<{ kind: 'inbound'; message: ProviderInbound }>
  /** A step on the way, or a word that the settings do not know. */
  | Readonly<{ kind: 'nothing'; why: string }>
  /** It is for us, and cannot be read. */
  | Readonly<{ kind: 'unreadable'; why: string }>

/** `path`: one that this instance signed. */
export function readCallback(
  settings: HttpSettings,
  { path, request, nowMs }: { path: string; request: CallbackRequest; nowMs: number },
): Report {
  const fields = fieldsOf(request)
  if (path === PATHS.inbound) return inboundIn(settings, { fields, request, nowMs })
  const attempt = /^receipt\/(.*)$/.exec(path)?.[1]
  if (attempt === undefined && path !== PATHS.receipts) return { kind: 'unreadable', why: 'no such address' }
  return receiptIn(settings, { fields, attempt, nowMs })
}

function receiptIn(
  settings: HttpSettings,
  { fields, attempt, nowMs }: { fields: unknown; attempt: string | undefined; nowMs: number },
): Report {
  const word = textAt(fields, settings.receipt_status)
  const fact = word !== null && Object.hasOwn(settings.receipt_words, word) ? settings.receipt_words[word] : undefined
  if (fact === undefined || fact === 'ignore')
    return { kind: 'nothing', why: word === null ? 'no status' : 'unknown status' }
  const ref = textAt(fields, settings.receipt_id)?.slice(0, ID_CHARACTERS_MAX) ?? null
  const ours = isAttemptId(attempt) ? { attempt } : {}
  if (ref === null && !('attempt' in ours)) return { kind: 'unreadable', why: 'it names no message' }
  const reason = fact === 'failed' ? { reason: reasonIn(settings, fields) } : {}
  return { kind: 'receipt', receipt: { ...ours, ref, to: null, fact, ...reason, atMs: nowMs } }
}

const WORD = /^[A-Za-z0-9_.:-]{1,40}$/

function reasonIn(settings: HttpSettings, fields: unknown): string {
  const reason = textAt(fields, settings.receipt_reason)
  return reason !== null && WORD.test(reason) && !/\d{7}/.test(reason) ? `http_${reason}` : 'not_delivered'
}

function inboundIn(
  settings: HttpSettings,
  { fields, request, nowMs }: { fields: unknown; request: CallbackRequest; nowMs: number },
): Report {
  const [from, line, body] = [settings.inbound_from, settings.inbound_to, settings.inbound_text].map((path) =>
    textAt(fields, path),
  )
  if (!from || !line || body == null) return { kind: 'unreadable', why: 'it has no sender, no line or no text' }
  const id = textAt(fields, settings.inbound_id) ?? hashOf(request)
  return {
    kind: 'inbound',
    message: {
      guid: id.slice(0, ID_CHARACTERS_MAX),
      line: addressOf(settings, line),
      from: addressOf(settings, from),
      body: body.slice(0, TEXT_CHARACTERS_MAX),
      dateMs: nowMs,
    },
  }
}

/** Without an id, the same request is the same message: a company repeats it word for word. */
function hashOf({ body, query }: CallbackRequest): string {
  return createHash('sha256').update(`${query.toString()}\n${body}`).digest('hex')
}

/** Ours is E.164. A plus that was not escaped in a form arrives as a space. */
function addressOf({ number_format }: HttpSettings, value: string): string {
  const trimmed = value.trim()
  const isNumber = /^\d{7,15}$/.test(trimmed)
  return isNumber && (number_format === 'digits' || value.startsWith(' ')) ? `+${trimmed}` : trimmed
}

function fieldsOf({ body, headers, query }: CallbackRequest): unknown {
  const isForm = headers['content-type']?.includes('application/x-www-form-urlencoded') ?? false
  if (!isForm && body.trim() !== '') return parseJson(body)
  return Object.fromEntries([...query, ...new URLSearchParams(isForm ? body : '')])
}
