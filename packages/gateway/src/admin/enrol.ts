import type { AccountId } from '@bluewire/contract/ids'
import { systemClock } from '@bluewire/platform/clock'
import { programName } from '@bluewire/platform/program-name'
import { ENROLMENT_CODE_TTL_MS, newEnrolmentCode } from '../accounts/enrolment-codes.ts'
import { isPublicUrlSet } from '../config/config.ts'
import type { GatewayConfig } from '../config/config.ts'
import { readQuickstartFile } from '../config/quickstart-file.ts'
import { AgentFiles, AgentUnavailableError } from '../node-install/agent-files.ts'
import { installCommand } from '../node-install/install-script.ts'
import type { Store } from '../store/store.ts'
import { findAccount } from './find-account.ts'
import { ACCOUNT_OPTION } from './verb.ts'
import type { Answer, Call, Noun } from './verb.ts'

export const enrol: Noun = {
  name: 'enrol',
  summary: 'let a Mac join as a node',
  verbs: [
    {
      name: '',
      summary: 'print a one-time code, and the command that uses it',
      takes: [],
      options: ACCOUNT_OPTION,
      run: makeCode,
    },
  ],
}

async function makeCode(call: Call): Promise<Answer> {
  const { store, config, actor } = call
  const account = await findAccount(call, call.given.text('account'))
  const { code, hash } = newEnrolmentCode()
  await store.createEnrolment(actor, { codeHash: hash, account: account.id, expiresInMs: ENROLMENT_CODE_TTL_MS })
  const url = addressToJoin(config, process.env)
  const agent = await agentToInstall(config)
  const joinCommand = `${programName('bluewire-node')} join ${url} ${code}`
  const simulated = `${joinCommand} --driver simulator --line ${await freeSimulatedLine(store, account.id)}:imessage,sms`
  const command = agent.sha256 === null ? joinCommand : installCommand({ url, code, sha256: agent.sha256 })
  return {
    json: {
      account: account.id,
      code,
      url,
      command,
      sha256: agent.sha256,
      problem: agent.problem,
      checkout_command: joinCommand,
      simulated_command: simulated,
      expires_in: ENROLMENT_CODE_TTL_MS / 1000,
    },
    lines: [
      command,
      '',
      `Run this in Terminal on the Mac that is to send, as the user whose Messages it is, within ${ENROLMENT_CODE_TTL_MS / 60_000} minutes. The code works once, for the account ${account.name}.`,
      ...(agent.problem === null ? [] : [`The Mac needs a checkout of Bluewire for it. ${agent.problem}`]),
      ...(isLoopback(url) ? [`Only this machine reaches ${url}. For another Mac, set BLUEWIRE_PUBLIC_URL.`] : []),
      '',
      ...(agent.problem === null ? [`On a Mac with a checkout:  ${joinCommand}`] : []),
      `A simulated node:          ${simulated}`,
      'A second node on one machine needs a folder of its own: --dir D',
    ],
  }
}

/** The gateway of the same version and folder serves the same. */
async function agentToInstall(
  config: GatewayConfig,
): Promise<{ sha256: string; problem: null } | { sha256: null; problem: string }> {
  try {
    const { sha256 } = await new AgentFiles({ dataDir: config.dataDir, clock: systemClock }).current()
    return { sha256, problem: null }
  } catch (error) {
    if (!(error instanceof AgentUnavailableError)) throw error
    return { sha256: null, problem: error.message }
  }
}

function isLoopback(url: string): boolean {
  const { hostname } = new URL(url)
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.')
}

/**
 * Where a node finds the gateway. What is set wins; without that, a quick start in the same folder has written where it really listens,
 * which need not be the default.
 */
function addressToJoin(config: GatewayConfig, variables: Readonly<Record<string, string | undefined>>): string {
  const isSet = isPublicUrlSet(variables) || ['BLUEWIRE_HOST', 'BLUEWIRE_PORT', 'PORT'].some((name) => variables[name])
  return isSet ? config.publicUrl : (readQuickstartFile(config.dataDir)?.url ?? config.publicUrl)
}

/** A simulated node has no lines unless it is told; these numbers belong to nobody. */
async function freeSimulatedLine(store: Store, account: AccountId): Promise<string> {
  const taken = new Set((await store.lines(account)).map((line) => line.address))
  // Not the first that is free: a node that was enrolled and has not run yet has no line here, but will.
  for (let n = (await store.nodes(account)).length + 1; ; n++) {
    const address = `+1500555${String(n).padStart(4, '0')}`
    if (!taken.has(address)) return address
  }
}
