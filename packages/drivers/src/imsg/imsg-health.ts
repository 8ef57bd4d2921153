/** How it is, in checks and one sentence. */
import type { HealthCheck } from '@bluewire/contract/node-protocol/node-frames'
import type { DriverHealth } from '../driver.ts'
import type { ImsgFacts } from './imsg-facts.ts'
import { ACCOUNT_ERRORS } from './imsg-verdict.ts'

export type HealthInput = Readonly<{
  path: string
  facts: ImsgFacts | null
  isUp: boolean
  trouble: string | null
  noise: number
  /** Of the last failed row that nothing sent has followed; null: there is none. */
  lastError: number | null
  isNotPermitted: boolean
  /** Another address than the line's that a message left from. */
  hasStrangeSender: boolean
  provenAtMs: number | null
}>

const FULL_DISK_ACCESS =
  'Give Full Disk Access to the program that runs this node: System Settings, Privacy & Security; then restart the node.'
const AUTOMATION = 'Allow it to control Messages: System Settings, Privacy & Security, Automation.'

export function healthOf(input: HealthInput): DriverHealth {
  const { provenAtMs } = input
  const checks = checksOf(input)
  const problems = checks.filter(({ state }) => state === 'problem')
  const [first] = problems
  const isBroken = problems.some(({ name }) => BREAKING.includes(name))
  return {
    state: first ? (isBroken ? 'broken' : 'degraded') : 'ok',
    provenAtMs,
    ...(first?.detail === undefined ? {} : { detail: first.detail }),
    checks,
  }
}

/** With one of these nothing can be sent. */
const BREAKING: readonly string[] = ['imsg_running', 'imsg_version', 'full_disk_access']

function checksOf(input: HealthInput): HealthCheck[] {
  const { facts } = input
  const about = facts ? [versionCheck(facts), databaseCheck(facts), bridgeCheck(facts)] : []
  return [runningCheck(input), ...about, automationCheck(input), accountCheck(input), senderCheck(input)]
}

function runningCheck({ isUp, trouble, path, noise }: HealthInput): HealthCheck {
  const name = 'imsg_running'
  if (!isUp)
    return problem(name, `imsg is not running: ${trouble ?? `${path} is starting`}. It is started again by itself.`)
  return noise === 0 ? ok(name) : ok(name, `It wrote ${noise} lines that mean nothing here.`)
}

function versionCheck({ generation, version }: ImsgFacts): HealthCheck {
  const name = 'imsg_version'
  if (generation === 'current') return ok(name, version)
  const wants = 'Install imsg 0.14 or newer.'
  return generation === 'receive_only'
    ? problem(name, `imsg is ${version}: it cannot tell what became of a message, so it only receives. ${wants}`)
    : {
        name,
        state: 'unknown',
        detail: `imsg is ${version}: it does not say what a failure means, and may send twice. ${wants}`,
      }
}

function databaseCheck({ database }: ImsgFacts): HealthCheck {
  if (database.isReady) return ok('full_disk_access')
  return problem(
    'full_disk_access',
    `imsg cannot read the messages (${database.error ?? 'no reason given'}). ${FULL_DISK_ACCESS}`,
  )
}

function bridgeCheck({ bridge, generation }: ImsgFacts): HealthCheck {
  const name = 'imsg_bridge'
  if (bridge.isReady) return ok(name)
  const why = generation === 'current' ? (bridge.error ?? 'it is not running') : 'it cannot be asked'
  return {
    name,
    state: 'unknown',
    detail: `Without the bridge there are no reactions, edits, effects or replies: ${why}`,
  }
}

function automationCheck({ isNotPermitted }: HealthInput): HealthCheck {
  return isNotPermitted ? problem('automation', `imsg may not control Messages. ${AUTOMATION}`) : ok('automation')
}

function accountCheck({ lastError }: HealthInput): HealthCheck {
  const name = 'imessage_account'
  if (lastError === null) return ok(name)
  if (ACCOUNT_ERRORS.includes(lastError))
    return problem(
      name,
      `Messages says that its account is not in order (error ${lastError}). Sign in again in Messages.`,
    )
  return { name, state: 'unknown', detail: `The last message failed with error ${lastError}.` }
}

function senderCheck({ hasStrangeSender }: HealthInput): HealthCheck {
  const name = 'sending_address'
  if (!hasStrangeSender) return ok(name)
  return problem(
    name,
    'A message left from an address that is no line here. Choose the right one in Messages, Settings, “Start new conversations from”.',
  )
}

function ok(name: string, detail?: string): HealthCheck {
  return { name, state: 'ok', ...(detail === undefined ? {} : { detail }) }
}

function problem(name: string, detail: string): HealthCheck {
  return { name, state: 'problem', detail: detail.slice(0, 500) }
}
