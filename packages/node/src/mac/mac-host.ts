/** The user session of macOS that a command or an agent runs in. */
import { homedir, userInfo } from 'node:os'
import { macTools } from '@bluewire/drivers/mac/mac-tools'
import type { MacTools } from '@bluewire/drivers/mac/mac-tools'
import { realPath } from './agent-paths.ts'

/** A folder with programs of the names of macOS's: how a Mac that is not there is stood in for. */
export const TOOLS_VARIABLE = 'BLUEWIRE_MAC_TOOLS'

export type Environment = Readonly<Record<string, string | undefined>>

export type MacHost = Readonly<{
  tools: MacTools
  home: string
  uid: number
  user: string
  /** How this program is started again: the Node.js that runs it, and the file that it runs. */
  node: string
  script: string
  env: Environment
}>

/** A full sentence, for the person at the terminal. */
export class MacError extends Error {
  override name = 'MacError'
}

/** Null where there is no macOS. */
export function macHost(env: Environment = process.env): MacHost | null {
  const given = env[TOOLS_VARIABLE]
  const tools = given === undefined || given === '' ? undefined : given
  if (process.platform !== 'darwin' && tools === undefined) return null
  const { uid, username } = userInfo()
  const [, script = ''] = process.argv
  return {
    tools: macTools(tools),
    home: homedir(),
    uid,
    // launchd and login set it; the number is what is left where neither did.
    user: env['USER'] ?? username,
    node: process.execPath,
    script: realPath(script),
    env,
  }
}
