/** Puts the tools of macOS into a fake Mac's `bin`: programs with their names, each a few words of `sh` that run our TypeScript. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { macPaths } from '../mac-folder.ts'
import { COMPILED } from '../program.ts'

export const TOOLS = [
  'caffeinate',
  'defaults',
  'ioreg',
  'launchctl',
  'open',
  'pgrep',
  'pkill',
  'pmset',
  'ps',
  'stat',
  'sw_vers',
  'sysctl',
  'tmutil',
] as const
export type Tool = (typeof TOOLS)[number]

const HERE = import.meta.dirname

export function installTools(folder: string): void {
  const { bin } = macPaths(folder)
  mkdirSync(bin, { recursive: true })
  const program = (name: string, words: string[]) => {
    const path = join(bin, name)
    const cache = `NODE_COMPILE_CACHE=${shellWord(COMPILED)} NODE_OPTIONS=`
    // `exec`: the process that was started is the one that a signal reaches.
    writeFileSync(path, `#!/bin/sh\n${cache} exec ${words.map(shellWord).join(' ')} "$@"\n`)
    chmodSync(path, 0o755)
  }
  for (const tool of TOOLS) program(tool, [process.execPath, join(HERE, 'tools-main.ts'), folder, tool])
  program('osascript', [process.execPath, join(HERE, '..', 'osascript-main.ts'), folder])
}

function shellWord(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}
