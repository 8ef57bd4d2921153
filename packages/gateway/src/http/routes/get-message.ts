/** `GET /messages/:id`: the message as it is now, what was tried, and everything that happened to it. */
import { messageAnswer, messageParams } from '@bluewire/contract/api/message'
import type { AttemptAnswer, MessageAnswer, TimelineEntry } from '@bluewire/contract/api/message'
import { BluewireError } from '@bluewire/contract/errors'
import { readMessageId } from '@bluewire/contract/ids'
import type { FastifyInstance } from 'fastify'
import type { AttemptView, MessageView, TimelineEvent } from '../../store/store.ts'
import type { AuthHook } from '../auth.ts'
import { docUrl } from '../errors.ts'
import { callerOf } from '../http-deps.ts'
import type { HttpDeps } from '../http-deps.ts'
import { describe } from '../openapi.ts'
import { typeOf } from './send-text/answer.ts'
import { failureCode, failureText } from './send-text/failure-text.ts'

export function getMessage(app: FastifyInstance, deps: HttpDeps, mayCall: AuthHook): void {
  app.get<{ Params: { id: string } }>(
    '/messages/:id',
    { schema: SCHEMA, onRequest: mayCall },
    async (request): Promise<MessageAnswer> => {
      const { account } = callerOf(request)
      const id = readMessageId(request.params.id)
      const view = id === null ? undefined : await deps.store.message(account.id, id)
      if (view === undefined) throw new BluewireError('not_found', 'This account has no message with this id.')
      request.messageId = view.id
      const { events, attempts } = await deps.store.timeline(account.id, view.id)
      return messageBody(view, { events, attempts, publicUrl: deps.options.publicUrl })
    },
  )
}

const SCHEMA = describe({
  id: 'getMessage',
  summary: 'What became of a message',
  description: 'The message as it is now, with its attempts and its timeline.',
  scope: 'messages:read',
  params: messageParams,
  answer: messageAnswer,
  errors: [401, 403, 404, 429],
})

type History = Readonly<{ events: TimelineEvent[]; attempts: AttemptView[]; publicUrl: string }>

export function messageBody(view: MessageView, { events, attempts, publicUrl }: History): MessageAnswer {
  return {
    message_id: view.id,
    status: view.state,
    type: typeOf(view),
    asked_type: view.askedService,
    to: view.recipient,
    from: view.line?.address ?? null,
    text: view.body,
    failure: failureOf(view, publicUrl),
    held: heldOf(view),
    fallback: view.fallback,
    ad: view.ad,
    cancel_asked: view.cancelAsked,
    sealed: view.sealed,
    simulated: view.simulated,
    created_at: iso(view.createdAtMs),
    updated_at: iso(view.updatedAtMs),
    expires_at: iso(view.expiresAtMs),
    attempts: attempts.map(attemptBody),
    timeline: events.map(timelineEntry),
  }
}

function heldOf({ state, holdReason, notBeforeMs, line }: MessageView): MessageAnswer['held'] {
  if (holdReason !== null) return { reason: holdReason, until: iso(notBeforeMs) }
  const hold = state === 'queued' ? (line?.node?.hold ?? null) : null
  return hold === null ? null : { reason: `node_${hold.why}`, until: null }
}

function failureOf(view: MessageView, publicUrl: string): MessageAnswer['failure'] {
  const ended = view.state === 'failed' || view.state === 'cancelled' || view.state === 'expired'
  if (ended) {
    const code = failureCode(view)
    return { code, reason: failureText(view), detail: view.failureDetail, doc_url: docUrl(publicUrl, code) }
  }
  if (view.state !== 'unknown') return null
  const reason = `It is not known whether it went out (${view.failure ?? 'no answer'}). Do not send it again without looking.`
  return {
    code: 'outcome_unknown',
    reason,
    detail: view.failureDetail,
    doc_url: `${publicUrl}/docs/errors#outcome_unknown`,
  }
}

function attemptBody(attempt: AttemptView): AttemptAnswer {
  return {
    id: attempt.id,
    n: attempt.n,
    from: attempt.line,
    type: attempt.service,
    state: attempt.state,
    reason: attempt.reason,
    detail: attempt.detail,
    overridden: attempt.overridden,
    dispatched_at: iso(attempt.dispatchedAtMs),
    taken_at: attempt.takenAtMs === null ? null : iso(attempt.takenAtMs),
    settled_at: attempt.settledAtMs === null ? null : iso(attempt.settledAtMs),
  }
}

function timelineEntry(event: TimelineEvent): TimelineEntry {
  return { seq: event.seq, type: event.type, at: iso(event.atMs), attempt_id: event.attempt, data: { ...event.data } }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
