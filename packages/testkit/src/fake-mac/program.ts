/** How the fake Mac's own programs are run: with this Node.js, and compiled once for all of them, which makes their start three times as quick. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Of this user; any number of processes may use it at once. */
export const COMPILED = join(tmpdir(), `fake-mac-compiled-${process.getuid?.() ?? 0}`)

export function programEnv(): NodeJS.ProcessEnv {
  return { ...process.env, NODE_COMPILE_CACHE: COMPILED, NODE_OPTIONS: '' }
}
