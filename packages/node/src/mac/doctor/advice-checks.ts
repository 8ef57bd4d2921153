/** What a person should look at, because macOS tells no program; what the database shows of it is said. */
import { factsOf } from './messages-checks.ts'
import type { Findings } from './findings.ts'
import { cannotTell, countOf, ok, problem } from './verdict.ts'
import type { Verdict } from './verdict.ts'

const YEAR_MS = 366 * 24 * 3600_000

/** An iMessage that Messages turns into a text message by itself is sent by the phone company, and may come beside our own fallback (MACOS 2.4, 2.7). */
export function downgrade(f: Findings): Verdict {
  const facts = factsOf(f)
  const turnOff =
    'On the iPhone, in the settings of Messages: Send as Text Message, turn it off. (Bluewire falls back to SMS itself, where a message asks for it.)'
  if (!facts)
    return cannotTell(
      'Whether Messages sends iMessages as text messages by itself is a setting that no program can read.',
      turnOff,
    )
  if (facts.downgraded > 0) {
    return problem(
      `${countOf(facts.downgraded, 'iMessage')} of the last 30 days left as a text message, by Messages' own doing.`,
      turnOff,
    )
  }
  return cannotTell(
    'Messages has sent no iMessage as a text message in the last 30 days; whether it would is a setting that no program can read.',
    turnOff,
  )
}

/** What Messages deletes is evidence of what was sent. */
export function messageRetention(f: Findings): Verdict {
  const facts = factsOf(f)
  if (facts?.oldestAtMs != null && f.nowMs - facts.oldestAtMs > YEAR_MS) {
    return ok('Messages from more than a year ago are there: none are deleted by age.')
  }
  return cannotTell(
    'Whether Messages deletes messages after 30 days or a year cannot be told; with them goes the proof of what was sent.',
    'Messages > Settings > General > Keep messages: choose Forever.',
  )
}

/** A message to oneself takes other ways: it may fail where others arrive, and arrive where others fail (MACOS 1.3). */
export function ownAddress(f: Findings): Verdict {
  const facts = factsOf(f)
  if (!facts) return cannotTell('Who was written to cannot be read.')
  if (facts.toItself === 0) return ok('No message of the last week went to an address of this Mac itself.')
  return problem(
    `${countOf(facts.toItself, 'message')} of the last week went to an address of this Mac itself. That proves nothing, whether it arrives or not.`,
    'Test with a phone that is not signed in to the same Apple account.',
  )
}
