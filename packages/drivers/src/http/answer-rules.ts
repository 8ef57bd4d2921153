/** What an answer of an HTTP SMS API says of the message: only what a rule covers is believed, the rest is `unknown`. No I/O. */
import { REASONS } from '../provider.ts'
import type { ProviderOutcome } from '../provider.ts'
import type { HttpSettings, Meaning } from './http-settings.ts'
import { execWithin, PatternTooSlow } from '../web/bounded-pattern.ts'
import { check, parseJson, textAt, valueAt } from '../web/json-path.ts'
import { retryAfterMs } from '../web/retry-after.ts'

export type AnswerRules = Pick<
  HttpSettings,
  | 'id_path'
  | 'id_pattern'
  | 'ok_when'
  | 'ok_pattern'
  | 'error_when'
  | 'error_path'
  | 'error_pattern'
  | 'code_path'
  | 'code_pattern'
  | 'codes'
>

export type Answer = Readonly<{
  status: number
  /** Null: it could not be read. */
  text: string | null
  retryAfter: string | undefined
  nowMs: number
}>

/** `account`: the credentials, the credit or the address are wrong, and every other message would fare the same. */
export type Reading = Readonly<{ outcome: ProviderOutcome; account?: string }>

/** A pattern of the operator's runs over this much of a stranger's text. */
const PATTERN_CHARACTERS_MAX = 64 << 10
const THROTTLED_MS = 5_000

export function readAnswer(rules: AnswerRules, answer: Answer): Reading {
  try {
    return readWhole(rules, answer)
  } catch (error) {
    if (!(error instanceof PatternTooSlow)) throw error
    return { outcome: { kind: 'unknown', reason: REASONS.answerUnreadable, detail: error.message } }
  }
}

function readWhole(rules: AnswerRules, answer: Answer): Reading {
  const json = answer.text === null ? undefined : parseJson(answer.text)
  const code = codeIn(rules, answer, json)
  const isSuccess = answer.status >= 200 && answer.status < 300
  const meaning = isSuccess ? meaningOfSuccess(rules, answer, json) : meaningOfStatus(answer.status)
  if (meaning === 'sent') return { outcome: { kind: 'sent', refs: idsIn(rules, answer.text ?? '', json) } }
  const mapped = meaningOf(
    rules,
    isSuccess ? [code] : [code, String(answer.status), `${Math.floor(answer.status / 100)}xx`],
  )
  // Of a success that cannot be read, not even a code is believed.
  return refusal(isSuccess && meaning === 'unknown' ? meaning : (mapped ?? meaning), answer, code)
}

function meaningOfSuccess(rules: AnswerRules, { text }: Answer, json: unknown): Meaning | 'sent' {
  if (text === null) return 'unknown'
  if (saysError(rules, text, json)) return 'refused'
  const ok = rules.ok_when ? check(json, rules.ok_when) : 'yes'
  if (ok !== 'yes') return ok === 'no' ? 'refused' : 'unknown'
  if (rules.ok_pattern !== undefined && match(rules.ok_pattern, text) === null) return 'unknown'
  const saysOk = rules.ok_when !== undefined || rules.ok_pattern !== undefined
  const wantsId = rules.id_path !== undefined || rules.id_pattern !== undefined
  return saysOk || !wantsId || idsIn(rules, text, json).length > 0 ? 'sent' : 'unknown'
}

/** The id in a company's record of a message that it has taken. Null: it has none, or the record says that it was refused. */
export function idInRecord(rules: AnswerRules & Pick<HttpSettings, 'lookup_id_path'>, text: string): string | null {
  const json = parseJson(text)
  const id = textAt(json, rules.lookup_id_path ?? rules.id_path)
  return id !== null && /^[\x21-\x7e]{1,128}$/.test(id) && !saysError(rules, text, json) ? id : null
}

function saysError(rules: AnswerRules, text: string, json: unknown): boolean {
  const atPath = rules.error_path === undefined ? undefined : valueAt(json, rules.error_path)
  const isNothing = atPath === undefined || atPath === null || atPath === '' || atPath === false || atPath === 0
  if (!isNothing && !(Array.isArray(atPath) && atPath.length === 0)) return true
  if (rules.error_when && check(json, rules.error_when) === 'yes') return true
  return rules.error_pattern !== undefined && match(rules.error_pattern, text) !== null
}

function meaningOfStatus(status: number): Meaning {
  if (status === 429) return 'throttled'
  if (status === 401 || status === 402 || status === 407) return 'account' // 402: no credit
  // The request is to be repeated elsewhere, so nothing was done here; after the other redirects it may have been.
  if (status === 307 || status === 308) return 'account'
  if (status === 408) return 'unknown' // a proxy's word for *the server behind me took too long*
  if (status === 425) return 'retry'
  return status >= 400 && status < 500 ? 'refused' : 'unknown'
}

function meaningOf({ codes }: AnswerRules, keys: ReadonlyArray<string | null>): Meaning | undefined {
  const known = keys.find((key) => key !== null && Object.hasOwn(codes, key))
  return known == null ? undefined : codes[known]
}

function refusal(meaning: Meaning, answer: Answer, code: string | null): Reading {
  const said = `HTTP ${answer.status}${code === null ? '' : `, code ${code}`}`
  const own = code === null ? `http_${answer.status}` : `http_${code}`
  const refused = (reason: string): Reading => ({
    outcome: { kind: 'not_sent', class: 'refused', reason, detail: `The provider refused it (${said})` },
  })
  const never = { kind: 'not_sent', class: 'never_handed' } as const
  switch (meaning) {
    case 'refused':
      return refused(code === null ? REASONS.refused : own)
    case 'unreachable':
      return refused(REASONS.unreachable)
    case 'opted_out':
      return refused(REASONS.optedOut)
    case 'throttled': {
      const restMs = retryAfterMs(answer.retryAfter, answer.nowMs) ?? THROTTLED_MS
      const detail = `The provider is asked too fast (${said})`
      return { outcome: { ...never, reason: REASONS.throttled, detail, retryAfterMs: restMs } }
    }
    case 'retry':
      return { outcome: { ...never, reason: own, detail: `The provider did not take it now (${said})` } }
    case 'account':
      return {
        // Not a try of the message: it waits until the account is mended.
        outcome: {
          ...never,
          reason: REASONS.notConnected,
          detail: `The provider refused us, not the message (${said})`,
        },
        account: said,
      }
    case 'unknown': {
      const detail = `The provider's answer does not say whether it took it (${said})`
      return { outcome: { kind: 'unknown', reason: REASONS.answerUnreadable, detail } }
    }
    default:
      return meaning satisfies never
  }
}

/** Short and without a number: it goes into logs, and a peer could put anything there. */
const CODE = /^[A-Za-z0-9_.:-]{1,40}$/
const LONG_NUMBER = /\d{7}/

function codeIn({ code_path, code_pattern }: AnswerRules, { text }: Answer, json: unknown): string | null {
  const code = textAt(json, code_path) ?? (code_pattern === undefined ? null : match(code_pattern, text ?? ''))
  return code !== null && CODE.test(code) && !LONG_NUMBER.test(code) ? code : null
}

const ID = /^[\x21-\x7e]{1,128}$/

function idsIn(rules: AnswerRules, text: string, json: unknown): readonly string[] {
  const id = textAt(json, rules.id_path) ?? (rules.id_pattern === undefined ? null : match(rules.id_pattern, text))
  return id !== null && ID.test(id) ? [id] : []
}

/** The first group, or all of it where there is none; null: no match. @throws PatternTooSlow */
function match(pattern: string, text: string): string | null {
  const found = execWithin(pattern, text.slice(0, PATTERN_CHARACTERS_MAX))
  return found === null ? null : (found[1] ?? found[0] ?? null)
}
