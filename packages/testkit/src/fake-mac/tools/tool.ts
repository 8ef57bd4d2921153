/** One tool of macOS, as a program of the fake Mac. */
import { appendFileSync } from 'node:fs'
import type { MacPaths } from '../mac-folder.ts'
import { macPaths } from '../mac-folder.ts'
import type { MacSettings } from '../mac-settings.ts'
import { readSettings } from '../mac-settings.ts'

export type ToolContext = Readonly<{
  folder: string
  paths: MacPaths
  settings: MacSettings
  out(text: string): void
  /** With a line's end. */
  complain(text: string): void
}>

/** Resolves with the exit code. */
export type ToolProgram = (context: ToolContext, args: readonly string[]) => number | Promise<number>

export function toolContext(folder: string): ToolContext {
  return {
    folder,
    paths: macPaths(folder),
    settings: readSettings(folder),
    out: (text) => void process.stdout.write(text),
    complain: (text) => void process.stderr.write(`${text}\n`),
  }
}

export function noteCall(folder: string, { tool, args }: { tool: string; args: readonly string[] }): void {
  appendFileSync(macPaths(folder).toolCalls, `${JSON.stringify({ tool, args, atMs: Date.now() })}\n`)
}

/** Letters of options that stand together (`-gjb x`), with the value of the last one, and what is no option. */
export type Letters = Readonly<{
  flags: ReadonlySet<string>
  values: ReadonlyMap<string, string>
  rest: readonly string[]
}>

/** `withValue`: letters that take the rest of their word, or the next word. */
export function readLetters(args: readonly string[], withValue: string): Letters {
  const flags = new Set<string>()
  const values = new Map<string, string>()
  for (let i = 0; i < args.length; i++) {
    const word = args[i] ?? ''
    if (word === '--') return { flags, values, rest: args.slice(i + 1) }
    if (!word.startsWith('-') || word === '-') return { flags, values, rest: args.slice(i) }
    for (let at = 1; at < word.length; at++) {
      const letter = word[at] ?? ''
      flags.add(letter)
      if (!withValue.includes(letter)) continue
      const attached = word.slice(at + 1)
      const value = attached === '' ? (args[++i] ?? '') : attached
      values.set(letter, values.has(letter) ? `${values.get(letter)},${value}` : value)
      break
    }
  }
  return { flags, values, rest: [] }
}
