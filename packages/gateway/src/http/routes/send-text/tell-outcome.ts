/** What the caller of an accepted message is answered. From here on nothing but a sealed failure is an error (PROTOCOL 27). */
import { BluewireError } from '@bluewire/contract/errors'
import type { Ahead, MessageView } from '../../../store/store.ts'
import { sendCrumbs } from '../../crumbs.ts'
import type { Stamp } from '../../envelope.ts'
import { errorAnswer } from '../../errors.ts'
import { outcomeUnread } from '../../events.ts'
import type { HttpAnswer, HttpDeps } from '../../http-deps.ts'
import type { Accepted, Asked } from './accept-send.ts'
import { successAnswer, typeOf, understoodOf, verdictOn } from './answer.ts'
import type { Verdict } from './answer.ts'

export type Telling = Readonly<{ asked: Asked; accepted: Accepted; asyncAsked: boolean; stamp: Stamp }>

/** A failure that turns and turns again while it is being sealed is left to the message's own record. */
const SEAL_TRIES = 3

const NOTHING_AHEAD: Ahead = { messages: 0, unknownUntilMs: null }

export async function tellOutcome(deps: HttpDeps, telling: Telling): Promise<HttpAnswer> {
  const { accepted, asyncAsked, stamp } = telling
  if (asyncAsked && !accepted.replayed && !accepted.failed) return justAccepted(deps, telling, accepted.used ?? 0)
  try {
    const view = await awaitOutcome(deps, telling)
    const ahead = view.state === 'queued' && !asyncAsked ? await deps.store.ahead(view.id) : NOTHING_AHEAD
    return await sealedAnswer(deps, telling, { view, ahead })
  } catch (error) {
    outcomeUnread(deps, { id: stamp.requestId, message: accepted.id, error })
    return justAccepted(deps, telling, accepted.used ?? 0)
  }
}

async function awaitOutcome(deps: HttpDeps, { asked, accepted, asyncAsked }: Telling): Promise<MessageView> {
  const { sendWaitMs } = deps.options
  const account = asked.caller.account.id
  const mayCome = !asyncAsked && accepted.waitMs <= sendWaitMs
  const view = mayCome
    ? await deps.waiters.outcome(account, accepted.id, sendWaitMs)
    : await deps.store.message(account, accepted.id)
  if (view === undefined) throw new Error(`accepted message ${accepted.id} cannot be read`)
  return view
}

/** A 500 is answered only after the failure was sealed: then nothing is tried again by itself. */
async function sealedAnswer(
  deps: HttpDeps,
  telling: Telling,
  now: { view: MessageView; ahead: Ahead },
): Promise<HttpAnswer> {
  let { view } = now
  for (let i = 0; i < SEAL_TRIES; i++) {
    const verdict = verdictOn({ view, ahead: now.ahead, nowMs: deps.clock.nowMs() })
    if (verdict.kind === 'success') return success(deps, telling, { view, verdict })
    // Cancelled and expired need no seal: no event leads from there to another try.
    if (view.state !== 'failed' || view.sealed || (await deps.store.seal(view.id))) {
      return failure(deps, telling, { view, verdict })
    }
    view = (await deps.store.message(view.account, view.id)) ?? view
  }
  throw new Error(`the failure of ${view.id} could not be sealed`)
}

async function success(
  deps: HttpDeps,
  telling: Telling,
  { view, verdict }: { view: MessageView; verdict: Extract<Verdict, { kind: 'success' }> },
): Promise<HttpAnswer> {
  const { account } = telling.asked.caller
  const used = telling.accepted.used ?? (await deps.store.used(account.id))
  const message = telling.asyncAsked && view.state === 'queued' ? 'Accepted' : verdict.message
  const crumbs = sendCrumbs({ account, used, adText: deps.options.adText }, typeOf(view), view.ad)
  return successAnswer({ message, crumbs, understood: understoodOf(view) }, contextOf(telling))
}

async function failure(
  deps: HttpDeps,
  telling: Telling,
  { view, verdict }: { view: MessageView; verdict: Extract<Verdict, { kind: 'failed' }> },
): Promise<HttpAnswer> {
  const { account } = telling.asked.caller
  const used = await deps.store.used(account.id) // what it was charged has been given back
  const answer = errorAnswer(new BluewireError(verdict.code, verdict.message), {
    stamp: telling.stamp,
    publicUrl: deps.options.publicUrl,
    crumbs: sendCrumbs({ account, used, adText: deps.options.adText }, typeOf(view), view.ad),
    about: understoodOf(view),
  })
  return { ...answer, headers: { ...answer.headers, ...headersOf(telling) } }
}

/** Without reading the message: that it is accepted is all that is told. */
function justAccepted(deps: HttpDeps, telling: Telling, used: number): HttpAnswer {
  const { accepted, asked } = telling
  const { account } = asked.caller
  const crumbs = sendCrumbs({ account, used, adText: deps.options.adText }, asked.send.service, accepted.ad)
  const understood = understoodOf({
    id: accepted.id,
    state: 'queued',
    recipient: asked.send.to,
    simulated: accepted.simulated,
  })
  return successAnswer({ message: 'Accepted', crumbs, understood }, contextOf(telling))
}

function contextOf(telling: Telling) {
  return { stamp: telling.stamp, page: !telling.asked.send.plain, headers: headersOf(telling) }
}

function headersOf({ accepted, asked, asyncAsked }: Telling): Record<string, string> {
  return {
    ...(accepted.replayed ? { 'idempotent-replayed': 'true' } : {}),
    ...(asyncAsked ? { 'preference-applied': 'respond-async' } : {}),
    ...(asked.send.fallbackIgnored
      ? { 'x-bluewire-notice': 'fallback was ignored: an e-mail address cannot receive an SMS' }
      : {}),
  }
}
