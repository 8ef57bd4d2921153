/** The settings of the provider `http`: how an SMS API is called, and how its answers and callbacks are read. */
import { z } from 'zod'
import { count, duration, record } from '../settings-values.ts'
import { parseCondition } from '../web/json-path.ts'
import { parseTemplate } from './template.ts'
import { TemplateError } from './template-error.ts'

/** What an answer's code means. */
export const MEANINGS = ['refused', 'unreachable', 'opted_out', 'throttled', 'retry', 'account', 'unknown'] as const
export const FACTS = ['sent', 'delivered', 'read', 'failed', 'ignore'] as const

const template = z.string().superRefine((text, refusal) => {
  try {
    parseTemplate(text)
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    refusal.addIssue({ code: 'custom', message: error.message })
  }
})
const path = z.string().regex(/^[^.\s]+(\.[^.\s]+)*$/, 'must be a path in the JSON, like messages.0.id')
const pattern = z.string().superRefine((text, refusal) => {
  try {
    new RegExp(text)
  } catch {
    refusal.addIssue({ code: 'custom', message: 'must be a regular expression' })
  }
})
const condition = z.string().transform((text, refusal) => {
  const parsed = parseCondition(text)
  if (parsed) return parsed
  refusal.addIssue({ code: 'custom', message: 'must be a path and a value, like status=accepted or status=0|1' })
  return z.NEVER
})

export const httpSettings = z.strictObject({
  url: template.describe('the address that takes a message; {to} {from} {text} {attempt_id} {message_id} {callback_url} {secret.<name>} stand for their values, here and in headers and body'),
  method: z.enum(['POST', 'PUT', 'PATCH', 'GET']).default('POST').describe('POST by default'),
  headers: record(template).default({}).describe('an object of headers, like {"authorization": "Bearer {secret.token}"}'),
  basic_auth: template.optional().describe('user and password for HTTP Basic, like {secret.user}:{secret.password}'),
  body: template.optional().describe('what is sent, like {"to": "{to}", "text": "{text}"}'),
  body_as: z.enum(['json', 'form', 'xml', 'text']).default('json').describe('how values are escaped in the body, and its content type; json by default'),
  number_format: z.enum(['e164', 'digits']).default('e164').describe('digits: numbers without their +, in both directions; e164 by default'),
  window: count({ min: 1, max: 200 }).default(10).describe('messages on their way at a time; 10 by default'),
  answer_within: duration({ minMs: 100, maxMs: 60_000 }).default(20_000).describe('how long an answer may take; 20s by default'),
  at_most_once: z.stringbool().or(z.boolean()).default(true).describe('false: the company may send a message twice by itself; true by default'),

  id_path: path.optional().describe("where the message's id is in a JSON answer, like messages.0.id"),
  id_pattern: pattern.optional().describe("a regular expression whose first group is the message's id, where the answer is no JSON"),
  ok_when: condition.optional().describe('what a good answer says, like status=accepted: another value there is a refusal'),
  ok_pattern: pattern.optional().describe('a regular expression that every good answer matches'),
  error_when: condition.optional().describe('what says that a success is none, like success=false'),
  error_path: path.optional().describe('whatever stands there makes a success a refusal, like error'),
  error_pattern: pattern.optional().describe('a regular expression that makes a success a refusal'),
  code_path: path.optional().describe("where an error's code is in a JSON answer, like error.code"),
  code_pattern: pattern.optional().describe("a regular expression whose first group is an error's code"),
  codes: record(z.enum(MEANINGS)).default({}).describe(`what codes and statuses mean: an object like {"21610": "opted_out", "503": "retry", "5xx": "retry"} with ${MEANINGS.join(', ')}; retry and throttled only where nothing was taken`),

  lookup_url: template.optional().describe('an address that tells of a message whose answer was lost, by {attempt_id} (or {id}, where it is known); called with GET and the same headers'),
  lookup_id_path: path.optional().describe('where the id is in its answer; id_path by default. Nothing there: not found'),

  receipt_id: path.optional().describe("the field of a receipt that has the message's id"),
  receipt_status: path.optional().describe('the field of a receipt that says what became of the message'),
  receipt_words: record(z.enum(FACTS)).default({}).describe(`what its words mean: an object like {"DELIVRD": "delivered", "UNDELIV": "failed"} with ${FACTS.join(', ')}`),
  receipt_reason: path.optional().describe('the field of a receipt that says why it failed'),
  inbound_from: path.default('from').describe('the field of an inbound message that says who wrote it; from by default'),
  inbound_to: path.default('to').describe('the field that says to which of our numbers; to by default'),
  inbound_text: path.default('text').describe('the field with the text; text by default'),
  inbound_id: path.optional().describe('the field with its id; without it, the same request is the same message'),
  callback_answer: z.string().default('').describe('what a callback is answered with, beside its status 200; nothing by default'),
}) // prettier-ignore

export const httpSecrets = z.record(z.string().regex(/^[A-Za-z0-9_-]+$/), z.string())

export type HttpSettings = z.infer<typeof httpSettings>
export type HttpSecrets = z.infer<typeof httpSecrets>
export type Meaning = (typeof MEANINGS)[number]
