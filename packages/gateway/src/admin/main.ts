/** `bluewire-gateway NOUN VERB …`: administers a gateway, running or not, through the store it uses. */
import { userInfo } from 'node:os'
import packageJson from '../../package.json' with { type: 'json' }
import { loadConfig } from '../config/config.ts'
import type { GatewayConfig } from '../config/config.ts'
import { namesInWrongCase } from '../config/env.ts'
import type { Actor } from '../store/accounts-store.ts'
import { StoreUnavailableError } from '../store/store.ts'
import type { Store } from '../store/store.ts'
import { explainStartFailure } from '../startup-errors.ts'
import { readCommandLine, UsageError } from './command-line.ts'
import type { Command } from './command-line.ts'
import { nounHelp, overview, verbHelp } from './help.ts'
import { NOUNS } from './nouns.ts'
import { hasStore, openStore } from './open-store.ts'
import { PROGRAM } from './program.ts'
import { Refused } from './verb.ts'

const EXIT_REFUSED = 1
const EXIT_USAGE = 2

process.umask(0o077) // it may be the one that makes the database
let config: GatewayConfig | undefined
try {
  const command = readCommandLine(NOUNS, process.argv.slice(2))
  if (command.kind === 'run') {
    config = loadConfig(process.env)
    for (const sentence of namesInWrongCase(process.env)) console.error(sentence)
    await run(command, config)
  } else {
    console.log(helpText(command))
  }
} catch (error) {
  const { sentence, exitCode } = await explain(error)
  console.error(sentence)
  process.exitCode = exitCode
}

async function run(
  { noun, verb, given, asJson }: Extract<Command, { kind: 'run' }>,
  where: GatewayConfig,
): Promise<void> {
  if (!hasStore(where) && verb.mayCreateStore !== true) {
    throw new Refused(
      `There is no gateway database in ${where.dataDir}. Name its folder with BLUEWIRE_DATA_DIR, or make the first account: ` +
        `${PROGRAM} account create NAME`,
    )
  }
  const store = openStore(where)
  try {
    const actor: Actor = `cli:${userName()}`
    const answer = await verb.run({ store, config: where, actor, given })
    if (verb.isReading === true) await remember(store, { actor, action: [noun.name, verb.name || 'show'].join('.') })
    console.log(asJson ? JSON.stringify(answer.json, null, 2) : answer.lines.join('\n'))
  } finally {
    await store.close()
  }
}

/** Who looked is in the audit log too; on a full disk, looking must still be possible. */
async function remember(store: Store, read: { actor: Actor; action: string }): Promise<void> {
  try {
    await store.appendAudit({ ...read, target: null, data: {} })
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error
  }
}

function helpText(command: Exclude<Command, { kind: 'run' }>): string {
  switch (command.kind) {
    case 'version':
      return `Bluewire ${packageJson.version}`
    case 'overview':
      return overview(NOUNS)
    case 'noun_help':
      return nounHelp(command.noun)
    case 'verb_help':
      return verbHelp(command.noun, command.verb)
    default:
      return command satisfies never
  }
}

async function explain(error: unknown): Promise<{ sentence: string; exitCode: number }> {
  if (error instanceof UsageError) return { sentence: error.message, exitCode: EXIT_USAGE }
  if (error instanceof Refused) return { sentence: error.message, exitCode: EXIT_REFUSED }
  return explainStartFailure(error, config && { ...config, command: `${PROGRAM} …`, isAdmin: true })
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? 'unknown') // a user that the system's list does not hold
  }
}
