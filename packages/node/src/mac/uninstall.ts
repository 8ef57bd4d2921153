/** `uninstall`: the agent is stopped, and all of it is gone but the journal, which knows what was sent. */
import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { journalPath, LOCK_NAME } from '../node-files.ts'
import { agentPaths, versionPaths } from './agent-paths.ts'
import { otherAgents, pidInFolder, takeOut } from './launch-agent.ts'
import type { Place } from './launch-agent.ts'
import { Launchd } from './launchd.ts'
import { MacError } from './mac-host.ts'

/** What a node makes in its folder, besides the journal. Anything else there is somebody's, and stays. */
const OURS: readonly RegExp[] = [
  /^node\.json(\.\d+\.tmp)?$/,
  new RegExp(`^${LOCK_NAME}\\.lock(-journal|\\.pid)?$`),
  /^(ballast|machine-id|logs|agent\.sock|simulator\.jsonl|acceptance-[\d-]+\.md)$/,
]
/** Also those that were put aside, by `join --replace` or for damage. */
const JOURNAL = /^journal\.sqlite/

/** @throws MacError with a sentence */
export async function uninstall(place: Place): Promise<void> {
  const { host, directory, say } = place
  const launchd = new Launchd(host)
  const paths = agentPaths(directory, host.home)
  const isInstalled = existsSync(paths.plist)
  if (!isInstalled && !existsSync(directory)) throw new MacError(`There is no node in ${directory}.`)
  if ((await launchd.state(paths.label)).kind !== 'absent') await takeOut(place, { launchd, paths })
  const pid = pidInFolder(directory)
  if (pid !== undefined) {
    throw new MacError(
      `A node runs in ${directory} (${pid === null ? 'another process' : `process ${pid}`}), and launchd did not start it. Stop it, then uninstall again.`,
    )
  }
  const unsaid = unacknowledged(directory)
  rmSync(paths.plist, { force: true })
  const { journals, foreign } = clear(directory)
  removeVersions(place)
  say(isInstalled ? `The agent ${paths.label} is stopped and gone.` : 'No agent was installed.')
  if (journals.length === 0) say('There was no journal.')
  else say(`What this node sent is in its journal, which was left: ${journals.join(', ')}`)
  if (unsaid > 0)
    say(
      `The gateway has not heard ${unsaid} entries of it, and will not any more: look there for messages that it calls unknown.`,
    )
  if (foreign.length > 0) say(`Not of this node, and left too: ${foreign.join(', ')}`)
  say('The gateway still lists the node: `npm run admin -- node retire ID` there takes it off.')
}

function clear(directory: string): { journals: string[]; foreign: string[] } {
  const journals: string[] = []
  const foreign: string[] = []
  if (!existsSync(directory)) return { journals, foreign }
  for (const name of readdirSync(directory)) {
    const path = join(directory, name)
    if (OURS.some((pattern) => pattern.test(name))) rmSync(path, { recursive: true, force: true })
    else if (JOURNAL.test(name)) journals.push(path)
    else foreign.push(path)
  }
  if (journals.length + foreign.length === 0) rmdirSync(directory)
  return { journals, foreign }
}

/** What install.sh and `update` put there is of all nodes of this user. */
const OF_VERSIONS = /^(versions|current|bluewire-node|\.draft-.*|update\.lock.*)$/

function removeVersions({ host, directory }: Place): void {
  const { root } = versionPaths(host.home)
  if (!existsSync(root) || otherAgents(agentPaths(directory, host.home), host.home).length > 0) return
  for (const name of readdirSync(root)) {
    if (OF_VERSIONS.test(name)) rmSync(join(root, name), { recursive: true, force: true })
  }
  if (readdirSync(root).length === 0) rmdirSync(root)
}

function unacknowledged(directory: string): number {
  const path = journalPath(directory)
  if (!existsSync(path)) return 0
  try {
    const db = new DatabaseSync(path, { timeout: 5_000 })
    try {
      const meta = db.prepare('select outbox_head - acked as many from meta').get()
      return Number(meta?.['many'] ?? 0)
    } finally {
      db.close()
    }
  } catch {
    return 0 // damaged: it is left as it is
  }
}
