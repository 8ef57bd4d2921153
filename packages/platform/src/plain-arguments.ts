/** The command line of a program that takes options only: `--help`, `--version`, and a sentence for what is not understood. */
import { parseArgs } from 'node:util'
import type { ParseArgsConfig } from 'node:util'
import { nearestName } from './nearest-name.ts'

/** As of most programs: the command cannot be understood. */
export const EXIT_USAGE = 2

export type PlainOption = Readonly<{
  /** What stands for its value in the help; null: a flag. */
  value: string | null
  help: string
  /** Whether a value can be used, and what it must be where it cannot. */
  rule?: Readonly<{ isRight(text: string): boolean; mustBe: string }>
}>

export type PlainProgram = Readonly<{
  /** How it is called: `npm run bench --`. */
  command: string
  summary: readonly string[]
  version: string
  options?: Readonly<Record<string, PlainOption>>
}>

export type PlainArguments =
  | Readonly<{ kind: 'given'; flag(name: string): boolean; text(name: string): string | undefined }>
  /** Nothing is to be done but to say this. */
  | Readonly<{ kind: 'said'; text: string; exitCode: number }>

const COMMON: Readonly<Record<string, PlainOption>> = {
  help: { value: null, help: 'print this' },
  version: { value: null, help: 'print the version' },
}

export function readPlainArguments(program: PlainProgram, words: readonly string[]): PlainArguments {
  const known = { ...program.options, ...COMMON }
  const options: NonNullable<ParseArgsConfig['options']> = {}
  for (const [name, { value }] of Object.entries(known)) options[name] = { type: value === null ? 'boolean' : 'string' }
  const { values, positionals, tokens } = parseArgs({
    args: words.map((word) => (word === '-h' ? '--help' : word)),
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  })
  if (values['help'] === true) return { kind: 'said', text: helpOf(program, known), exitCode: 0 }
  if (values['version'] === true) return { kind: 'said', text: `Bluewire ${program.version}`, exitCode: 0 }
  const given = tokens.filter((token) => token.kind === 'option')
  const problem =
    given.map((option) => problemOf(program, known, option)).find((text) => text !== null) ??
    (positionals[0] === undefined ? null : `"${positionals[0]}" is too much. ${seeHelp(program)}`)
  if (problem !== null) return { kind: 'said', text: problem, exitCode: EXIT_USAGE }
  return {
    kind: 'given',
    flag: (name) => values[name] === true,
    text: (name) => (typeof values[name] === 'string' ? values[name] : undefined),
  }
}

/** The same for a whole program: says what there is to say, and ends the process. */
export function plainArgumentsOrExit(program: PlainProgram): Extract<PlainArguments, { kind: 'given' }> {
  const read = readPlainArguments(program, process.argv.slice(2))
  if (read.kind === 'given') return read
  if (read.exitCode === 0) process.stdout.write(`${read.text}\n`)
  else process.stderr.write(`${read.text}\n`)
  process.exit(read.exitCode)
}

/** For values that count something. */
export function wholeNumber(min: number, max: number): NonNullable<PlainOption['rule']> {
  return {
    isRight: (text) => /^\d{1,15}$/.test(text) && Number(text) >= min && Number(text) <= max,
    mustBe: `a whole number from ${min} to ${max}`,
  }
}

function problemOf(
  program: PlainProgram,
  known: Readonly<Record<string, PlainOption>>,
  { name, rawName, value }: Readonly<{ name: string; rawName: string; value: string | undefined }>,
): string | null {
  const option = Object.hasOwn(known, name) ? known[name] : undefined
  if (option === undefined) {
    const nearest = nearestName(name, Object.keys(known))
    return `There is no option ${rawName}. ${nearest === null ? seeHelp(program) : `Did you mean --${nearest}?`}`
  }
  if (option.value === null) return value === undefined ? null : `--${name} takes no value.`
  if (value === undefined) return `--${name} needs a value: --${name} ${option.value}`
  if (option.rule === undefined || option.rule.isRight(value)) return null
  return `--${name} is ${value}, but it must be ${option.rule.mustBe}.`
}

function seeHelp({ command }: PlainProgram): string {
  return `What there is: ${command} --help`
}

function helpOf({ command, summary }: PlainProgram, known: Readonly<Record<string, PlainOption>>): string {
  const rows = Object.entries(known).map(([name, { value, help }]) => [
    `--${name}${value === null ? '' : ` ${value}`}`,
    help,
  ])
  const width = Math.max(...rows.map(([left = '']) => left.length))
  return [
    `Usage: ${command} [options]`,
    '',
    ...summary,
    '',
    ...rows.map(([left = '', right = '']) => `  ${left.padEnd(width)}  ${right}`),
  ].join('\n')
}
