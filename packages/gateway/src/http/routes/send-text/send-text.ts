/** `POST /send/text`: docs/send-text.md, row by row. */
import { sendTextAnswer, sendTextHeaders, sendTextRequest } from '@bluewire/contract/api/send-text'
import { BluewireError } from '@bluewire/contract/errors'
import type { FieldError } from '@bluewire/contract/errors'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AuthHook } from '../../auth.ts'
import { callerOf, sendAnswer } from '../../http-deps.ts'
import type { Caller } from '../../http-deps.ts'
import { describe } from '../../openapi.ts'
import { acceptSend } from './accept-send.ts'
import type { AcceptParts } from './accept-send.ts'
import { hasSmsLine } from './choose-line.ts'
import { missing } from './field-problems.ts'
import { readIdempotencyKey } from './idempotency.ts'
import { parseSendText } from './parse-request.ts'
import type { ParsedSend } from './parse-request.ts'
import { tellOutcome } from './tell-outcome.ts'

export function sendText(app: FastifyInstance, parts: AcceptParts, mayCall: AuthHook): void {
  app.post('/send/text', { schema: SCHEMA, onRequest: [isAboutSms, mayCall] }, async (request, reply) => {
    const caller = callerOf(request)
    const key = readIdempotencyKey(request.headers['idempotency-key'])
    const send = await readSend(request, parts, caller)
    const asked = { caller, send, key }
    const accepted = await acceptSend(parts, asked)
    request.messageId = accepted.id
    const answer = await tellOutcome(parts, {
      asked,
      accepted,
      asyncAsked: wantsAsync(request.headers['prefer']),
      stamp: { requestId: request.id, nowMs: parts.clock.nowMs() },
    })
    return sendAnswer(reply, answer)
  })
}

const SCHEMA = describe({
  id: 'sendText',
  summary: 'Send an iMessage, or an SMS',
  description:
    'With `beta_features.imessage: true` it sends an iMessage, otherwise an SMS. It waits some seconds for the outcome: ' +
    '200 *Successfully sent* on evidence; 200 *Accepted: …* while it is on its way or not known, and then it must not be ' +
    'sent again; 500 *Sending failed: …* when it provably did not go out.',
  scope: 'messages:send',
  headers: sendTextHeaders,
  body: sendTextRequest,
  answer: sendTextAnswer,
  errors: [400, 401, 403, 413, 415, 422, 429, 500, 503],
})

/** Until the body says otherwise: the crumbs of an early error tell a service too. */
function isAboutSms(request: FastifyRequest, _reply: FastifyReply, next: () => void): void {
  request.service = 'sms'
  next()
}

async function readSend(request: FastifyRequest, parts: AcceptParts, caller: Caller): Promise<ParsedSend> {
  const parsed = parseSendText(request.body, {
    region: caller.account.region,
    textUnitsMax: parts.options.textUnitsMax,
  })
  request.service = parsed.ok ? parsed.send.service : parsed.service
  if (parsed.ok) return parsed.send
  // What is missing is named at once, also when only the account's lines tell that it is.
  const needsFeatures = parsed.plain && parsed.problems.every((p) => p.code === 'missing_parameter')
  const bare = needsFeatures && !hasSmsLine(await parts.book.fresh(caller.account.id))
  throw badRequest(bare ? [...parsed.problems, missing('beta_features.imessage')] : parsed.problems)
}

function badRequest(fields: readonly FieldError[]): BluewireError {
  const text = fields.map((field) => field.reason).join(' ')
  return new BluewireError(fields[0]?.code ?? 'bad_request', text, { fields })
}

function wantsAsync(prefer: string | string[] | undefined): boolean {
  if (prefer === undefined) return false
  return [prefer].flat().some((value) => value.split(',').some((one) => /^\s*respond-async\s*(?:;|$)/i.test(one)))
}
