/** Every way the engine moves a message, found by asking it about every combination of facts that it looks at. */
import {
  MESSAGE_STATES,
  RESENDS_MAX,
  RETRY_FOR_MS,
  STALE_PROOF_MS,
  transition,
  TRIES_MAX,
  VOIDED_TRIES_MAX,
} from '@bluewire/engine/message-state'
import type { MessageEvent, MessageFacts } from '@bluewire/engine/message-state'

const NOW_MS = 1_800_000_000_000
const EITHER = [false, true]

const CHOICES: { readonly [K in keyof MessageFacts]: ReadonlyArray<MessageFacts[K]> } = {
  state: MESSAGE_STATES,
  service: ['imessage', 'sms'],
  tries: [0, 1, TRIES_MAX, VOIDED_TRIES_MAX],
  firstTryAtMs: [NOW_MS, NOW_MS - RETRY_FOR_MS - 1],
  expiresAtMs: [NOW_MS + 1, NOW_MS],
  cancelAskedAtMs: [null, NOW_MS],
  sealed: EITHER,
  fallback: EITHER,
  onUnknown: ['hold', 'resend'],
  resends: [0, RESENDS_MAX],
  unknownAtMs: [NOW_MS, NOW_MS - STALE_PROOF_MS - 1],
  everSent: EITHER,
  refunded: [false], // decides about quota alone
  unproven: EITHER,
  optedOut: EITHER,
}

const EVENTS: readonly MessageEvent[] = [
  { kind: 'dispatched' },
  { kind: 'attempt_sent' },
  { kind: 'attempt_delivered' },
  { kind: 'attempt_read' },
  ...EITHER.flatMap((voided) =>
    EITHER.flatMap((current): MessageEvent[] => [
      { kind: 'attempt_not_sent', class: 'never_handed', reason: 'node_refused', voided, current },
      { kind: 'attempt_not_sent', class: 'refused', reason: 'send_refused', voided, current },
      { kind: 'attempt_not_sent', class: 'never_handed', reason: 'throttled', voided, current, waitMs: 1000 },
    ]),
  ),
  ...EITHER.map((current): MessageEvent => ({ kind: 'attempt_unknown', reason: 'no_answer', current })),
  { kind: 'attempt_bounced', reason: 'undeliverable' },
  { kind: 'cancel_asked' },
  { kind: 'expired' },
  { kind: 'opted_out' },
  { kind: 'resend_asked' },
  { kind: 'line_away', reason: 'node_offline' },
]

/** `event: from → to`, each once, sorted. */
export function messageTransitions(): string[] {
  const found = new Set<string>()
  for (const facts of combinations()) {
    for (const event of EVENTS) {
      const change = transition(facts, event, NOW_MS)
      if (change !== null) found.add(`${event.kind}: ${facts.state} → ${change.state}`)
    }
  }
  return [...found].sort()
}

function* combinations(): Generator<MessageFacts> {
  const keys = Object.keys(CHOICES) as Array<keyof MessageFacts>
  const total = keys.reduce((product, key) => product * CHOICES[key].length, 1)
  for (let i = 0; i < total; i++) {
    let rest = i
    const facts: Record<string, unknown> = {}
    for (const key of keys) {
      const choices = CHOICES[key]
      facts[key] = choices[rest % choices.length]
      rest = Math.floor(rest / choices.length)
    }
    yield facts as MessageFacts
  }
}
