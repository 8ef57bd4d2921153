/** Messages, its permissions, its accounts and its database (MACOS 5.2, 5.4). */
import { programName } from '@bluewire/platform/program-name'
import { basename } from 'node:path'
import type { ChatDbFacts, Findings } from './findings.ts'
import { cannotTell, durationOf, ok, PANES, problem } from './verdict.ts'
import type { Verdict } from './verdict.ts'

const DAY_MS = 24 * 3600_000
/** Of the recipient or of a file: they say nothing against this Mac (MACOS 2.4). */
const NOT_OF_THE_MAC: readonly number[] = [22, 25]
/** So many failures one after the other are the Mac's, whoever they were for. */
const FAILURES_IN_A_ROW = 5
const AEVENT_TIMED_OUT = -1712

export function messagesRunning({ permitted }: Findings): Verdict {
  switch (permitted.messages) {
    case 'ran':
      return ok('Messages runs.')
    case 'was_opened':
      return ok('Messages did not run, and was opened in the background just now.')
    case 'does_not_run':
      return problem(
        'Messages does not run, and does not start in the background.',
        'Open Messages by hand and look what it says.',
      )
    case 'not_known':
      return cannotTell('It is not known whether Messages runs.')
    default:
      return permitted.messages satisfies never
  }
}

export function automation(f: Findings): Verdict {
  const { accounts } = f.permitted
  switch (accounts.kind) {
    case 'accounts':
      return granted(f, 'may control Messages')
    case 'denied':
      return problem(
        `macOS does not let ${entryOf(f)} control Messages: nothing can be sent.`,
        `${PANES.automation}: turn on Messages under ${entryOf(f)}. If it is on already, turn it off and on.`,
        accounts.kind,
      )
    case 'waiting_for_click':
      return problem(
        `macOS is asking at the screen whether ${entryOf(f)} may control Messages, and nobody has clicked: everything waits for that.`,
        `Click OK in the window at the screen of this Mac. If there is none: ${PANES.automation}, turn on Messages under ${entryOf(f)}.`,
        accounts.kind,
      )
    case 'failed':
      if (accounts.number === AEVENT_TIMED_OUT)
        return problem(
          'Messages does not answer: it hangs.',
          'Force it to quit (Apple menu > Force Quit > Messages); it is opened again by itself.',
        )
      return problem(`Messages could not be asked: ${accounts.text}.`, 'Open Messages by hand and look what it says.')
    case 'not_asked':
      return cannotTell('Messages is not asked from this session.')
    default:
      return accounts satisfies never
  }
}

export function imessageAccount({ permitted: { accounts: found } }: Findings): Verdict {
  if (found.kind !== 'accounts') return cannotTell('The accounts of Messages are not known: see automation.')
  const imessage = found.accounts.filter(({ service }) => service === 'iMessage')
  const signIn = 'Messages > Settings > iMessage: sign in.'
  if (imessage.length === 0) return problem('Messages is not signed in to iMessage.', signIn)
  const enabled = imessage.filter((account) => account.enabled)
  if (enabled.length === 0)
    return problem('The iMessage account is turned off.', 'Messages > Settings > iMessage: turn the account on.')
  if (enabled.some(({ connection }) => connection === 'connected'))
    return ok('The iMessage account is on and connected.')
  const [{ connection = '' } = {}] = enabled
  if (connection === 'connecting')
    return cannotTell('The iMessage account is connecting.', 'Run this again in a minute.')
  return problem(
    `The iMessage account is on and not connected (${connection}).`,
    'Look whether this Mac reaches the internet; then Messages > Settings > iMessage: sign out and in again.',
  )
}

export function smsAccount({ permitted: { accounts: found }, sendsSms }: Findings): Verdict {
  if (found.kind !== 'accounts') return cannotTell('The accounts of Messages are not known: see automation.')
  if (found.accounts.some(({ service, enabled }) => service === 'SMS' && enabled))
    return ok('This Mac can send SMS through the iPhone of its user.')
  const forwarding = 'On the iPhone, in the settings of Messages: Text Message Forwarding, turn on this Mac.'
  if (sendsSms) return problem('A line of this node offers SMS, and this Mac cannot send any.', forwarding)
  return ok(
    'This Mac sends no SMS, and no line of it offers any. (It could, with Text Message Forwarding on an iPhone.)',
  )
}

export function fullDiskAccess(f: Findings): Verdict {
  const { chatDb } = f.permitted
  if (chatDb.kind === 'missing')
    return cannotTell('There is no database of Messages yet that could show it.', 'See db_readable.')
  if (chatDb.kind !== 'denied') return granted(f, 'may read the database of Messages')
  const again =
    f.askedBy === 'agent' || f.agent.isInstalled
      ? `${programName('bluewire-node')} restart`
      : 'start this terminal program anew'
  const add = isOfAgent(f) ? ` (if it is not listed: +, Command-Shift-G, ${f.permitted.node.path})` : ''
  return problem(
    `macOS does not let ${entryOf(f)} read the database of Messages: what became of a message cannot be seen, and nothing is received.`,
    `${PANES.fullDiskAccess}: turn on ${entryOf(f)}${add}; then ${again}`,
  )
}

export function dbReadable({ permitted: { chatDb } }: Findings): Verdict {
  switch (chatDb.kind) {
    case 'readable':
      return ok('The database of Messages is one that this node can read.')
    case 'denied':
      return cannotTell('It may not be opened: see full_disk_access.')
    case 'missing':
      return problem(
        'There is no database of Messages: nobody has used Messages on this Mac as this user.',
        'Open Messages, sign in, and write one message by hand.',
      )
    case 'not_a_database':
      return problem(
        'The database of Messages is damaged.',
        'Quit Messages, open it again, and look whether it shows its conversations. If it does not, restore ~/Library/Messages from a backup.',
      )
    case 'locked':
      return problem(
        'The database of Messages was locked for two seconds.',
        'Run this again. If it stays so, restart this Mac.',
      )
    case 'unknown_schema':
      return problem(
        `The database of Messages lacks what this node reads (${chatDb.missing.slice(0, 3).join(', ')}).`,
        `Look whether there is a newer Bluewire for this macOS: ${programName('bluewire-node')} --version`,
      )
    case 'failed':
      return problem(
        `The database of Messages cannot be read (${chatDb.word}).`,
        'Restart this Mac and run this again.',
      )
    default:
      return chatDb satisfies never
  }
}

/** Idle is not dead: only something that should be there and is not is a problem. */
export function dbFresh(f: Findings): Verdict {
  const facts = factsOf(f)
  if (!facts) return cannotTell('The database cannot be read: see db_readable.')
  if (facts.maxRowId === null) return cannotTell('Messages has never sent or received anything here.', writeToThisMac())
  const ageMs = f.nowMs - Math.max(facts.writtenAtMs, facts.newestAtMs ?? 0)
  if (ageMs <= DAY_MS) return ok(`Messages wrote to it ${durationOf(ageMs)} ago.`)
  return cannotTell(
    `Messages has written nothing for ${durationOf(ageMs)}. That is so when nobody wrote; it is also so when it has stopped receiving.`,
    writeToThisMac(),
  )
}

export function sendRecent(f: Findings): Verdict {
  const facts = factsOf(f)
  if (!facts) return cannotTell('The database cannot be read: see db_readable.')
  const failed = facts.errors.filter((error) => error !== 0)
  const ofMac = facts.errors.filter((error) => !NOT_OF_THE_MAC.includes(error))
  const firstGood = ofMac.indexOf(0)
  const inARow = firstGood === -1 ? ofMac.length : firstGood
  if (inARow >= FAILURES_IN_A_ROW) {
    return problem(
      `The last ${inARow} messages failed, whoever they were for (error ${[...new Set(ofMac.slice(0, inARow))].slice(0, 3).join(', ')}).`,
      'Write one message by hand in Messages. If that fails too: Messages > Settings > iMessage, sign out and in again, and wait a day before sending much.',
    )
  }
  if (facts.lastSentAtMs === null) {
    return cannotTell(
      failed.length === 0
        ? 'Nothing was sent from this Mac in the last seven days.'
        : `Nothing went out in the last seven days; ${failed.length} failed (error ${[...new Set(failed)].join(', ')}).`,
      'Send one message to a phone that is not signed in to the same Apple account.',
    )
  }
  return ok(
    `A message went out ${durationOf(f.nowMs - facts.lastSentAtMs)} ago; of the last ${facts.errors.length} of a week, ${failed.length} failed.`,
  )
}

export function factsOf({ permitted: { chatDb } }: Findings): ChatDbFacts | null {
  return chatDb.kind === 'readable' ? chatDb.facts : null
}

/** A permission that this command has says nothing about the agent, which is another program to macOS. */
function granted(f: Findings, may: string): Verdict {
  if (f.askedBy === 'agent') return ok(`The agent ${may}.`)
  if (!f.agent.isInstalled) return ok(`What is started from ${f.terminal} ${may}.`)
  return cannotTell(
    `What is started from ${f.terminal} ${may}; whether the agent does is not known while it does not answer.`,
    'See launch_agent.',
  )
}

function isOfAgent({ askedBy, agent }: Findings): boolean {
  return askedBy === 'agent' || agent.isInstalled
}

/** What stands in the lists of System Settings: the program that macOS holds responsible. */
function entryOf(f: Findings): string {
  return isOfAgent(f) ? `"${basename(f.permitted.node.path)}"` : f.terminal
}

function writeToThisMac(): string {
  return 'Write to this Mac from a phone that is not signed in to the same Apple account, and run this again.'
}
