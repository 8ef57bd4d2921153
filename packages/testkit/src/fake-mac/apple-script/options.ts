/** osascript's command line: `[-l language] [-s flags] [-e statement]... [programfile] [argument ...]`. */
import { UnsupportedError } from './faults.ts'
import type { Form } from './printing.ts'

export type Options = Readonly<{
  source:
    | Readonly<{ from: 'statements'; statements: readonly string[] }>
    | Readonly<{ from: 'stdin' }>
    | Readonly<{ from: 'file'; path: string }>
  /** For `on run argv`. */
  arguments: readonly string[]
  form: Form
  errors: 'stderr' | 'stdout'
}>

export class UsageError extends Error {
  override name = 'UsageError'
}

const USAGE = 'usage: osascript [-l language] [-e script] [-i] [-s {ehso}] [programfile] [argument ...]'
/** Each takes a value: the rest of its own argument, or the next one. */
const WITH_VALUE = new Set(['l', 'e', 's'])

type Read = { statements: string[]; form: Form; errors: 'stderr' | 'stdout' }

/**
 * Options end at the first argument that is none, at `-` and at `--`: so `osascript - -x` passes `-x` on, and `osascript -e '…' -x` does not
 * (MACOS 1.5).
 */
export function parseOptions(args: readonly string[]): Options {
  const read: Read = { statements: [], form: 'human', errors: 'stderr' }
  let at = 0
  for (; at < args.length; at++) {
    const argument = args[at] ?? ''
    if (argument === '--') {
      at++
      break
    }
    if (!argument.startsWith('-') || argument === '-') break
    at += readLetters(read, argument.slice(1), args[at + 1])
  }
  const { statements, form, errors } = read
  const rest = args.slice(at)
  if (statements.length > 0) return { source: { from: 'statements', statements }, arguments: rest, form, errors }
  const [path, ...given] = rest
  const source = path === undefined || path === '-' ? ({ from: 'stdin' } as const) : ({ from: 'file', path } as const)
  return { source, arguments: given, form, errors }
}

/** Gives back how many further arguments it took: a value that stands apart is one. */
function readLetters(read: Read, letters: string, next: string | undefined): 0 | 1 {
  const [letter = '', ...rest] = letters
  if (!WITH_VALUE.has(letter)) throw new UsageError(`illegal option -- ${letter}\n${USAGE}`)
  const value = rest.length > 0 ? rest.join('') : next
  if (value === undefined) throw new UsageError(`option requires an argument -- ${letter}\n${USAGE}`)
  readOption(read, letter, value)
  return rest.length > 0 ? 0 : 1
}

function readOption(read: Read, letter: string, value: string): void {
  if (letter === 'e') read.statements.push(value)
  else if (letter === 'l') refuseLanguage(value)
  else for (const flag of value) readFlag(read, flag)
}

function refuseLanguage(language: string): void {
  if (language.toLowerCase() === 'applescript') return
  if (language.toLowerCase() !== 'javascript') throw new UsageError(`no such component "${language}".`)
  throw new UnsupportedError(
    'The fake Mac runs no JavaScript (JXA): write the script in AppleScript, with -l AppleScript.',
  )
}

function readFlag(read: Read, flag: string): void {
  switch (flag) {
    case 'h':
      read.form = 'human'
      return
    case 's':
      read.form = 'source'
      return
    case 'e':
      read.errors = 'stderr'
      return
    case 'o':
      read.errors = 'stdout'
      return
    default:
      throw new UsageError(`illegal flag -- ${flag}\n${USAGE}`)
  }
}
