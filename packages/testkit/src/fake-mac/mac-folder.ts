/** Where things lie in the folder of one fake Mac. */
import { join } from 'node:path'

export type MacPaths = Readonly<{
  home: string
  messagesDir: string
  /** Tools, by their names on macOS. */
  bin: string
  state: string
  /** What the Mac is like: settings and permissions, `MacSettings`. */
  settings: string
  /** Whose Mac it is: when that process is gone, so are the Mac's. */
  owner: string
  /** Written when the Mac was stopped: nothing starts any more. */
  stopped: string
  messagesSocket: string
  controlSocket: string
  launchdSocket: string
  /** One file per rule: how Messages treats the next sends. */
  rules: string
  /** One file per message that is on its way, so that it goes on when Messages is started again. */
  outbox: string
  /** One line per message that left. */
  phones: string
  /** One file per process. */
  processes: string
  /** One line per call of a tool. */
  toolCalls: string
  log: string
}>

export function macPaths(folder: string): MacPaths {
  const state = join(folder, 'state')
  const home = join(folder, 'home')
  return {
    home,
    messagesDir: join(home, 'Library', 'Messages'),
    bin: join(folder, 'bin'),
    state,
    settings: join(state, 'mac.json'),
    owner: join(state, 'owner.json'),
    stopped: join(state, 'stopped'),
    messagesSocket: join(state, 'messages.sock'),
    controlSocket: join(state, 'control.sock'),
    launchdSocket: join(state, 'launchd.sock'),
    rules: join(state, 'rules'),
    outbox: join(state, 'outbox'),
    phones: join(state, 'phones.jsonl'),
    processes: join(state, 'processes'),
    toolCalls: join(state, 'tool-calls.jsonl'),
    log: join(state, 'log'),
  }
}
