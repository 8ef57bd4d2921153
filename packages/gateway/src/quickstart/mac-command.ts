/** On a Mac the quick start can become real: what makes the Messages of the user who started it a node. */
import { systemClock } from '@bluewire/platform/clock'
import { programName } from '@bluewire/platform/program-name'
import { AgentFiles, AgentUnavailableError } from '../node-install/agent-files.ts'
import { installCommand } from '../node-install/install-script.ts'
import type { Account } from '../store/accounts-store.ts'
import type { Store } from '../store/store.ts'
import { createEnrolment } from './instance.ts'

export function isMac(variables: Readonly<Record<string, string | undefined>>): boolean {
  return process.platform === 'darwin' || (variables['BLUEWIRE_MAC_TOOLS'] ?? '') !== ''
}

/** With a new code. Null: the account has a real node already. */
export async function macCommand(
  store: Store,
  account: Account,
  { url, dataDir }: { url: string; dataDir: string },
): Promise<string | null> {
  if ((await store.nodes(account.id)).some((node) => !node.simulated)) return null
  const code = await createEnrolment(store, account)
  try {
    const { sha256 } = await new AgentFiles({ dataDir, clock: systemClock }).current()
    return installCommand({ url, code, sha256 })
  } catch (error) {
    if (!(error instanceof AgentUnavailableError)) throw error
    return `${programName('bluewire-node')} join ${url} ${code}` // from this checkout
  }
}
