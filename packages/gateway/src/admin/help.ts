import { PROGRAM } from './program.ts'
import type { Noun, Option, Verb } from './verb.ts'

export const COMMON_OPTIONS: Readonly<Record<string, Option>> = {
  json: { value: null, help: 'print the answer as JSON' },
  help: { value: null, help: 'print this' },
}

/** Every noun and verb there is. */
export function overview(nouns: readonly Noun[]): string {
  const commands = nouns.flatMap((noun) => noun.verbs.map((verb) => [commandOf(noun, verb), verb.summary] as const))
  return [
    'Administers a Bluewire gateway, beside it, on the same data folder (BLUEWIRE_DATA_DIR).',
    '',
    ...columns(commands),
    '',
    `Options of a command: ${PROGRAM} NOUN VERB --help`,
  ].join('\n')
}

export function nounHelp(noun: Noun): string {
  return [
    `${noun.name}: ${noun.summary}`,
    '',
    ...columns(noun.verbs.map((verb) => [commandOf(noun, verb), verb.summary])),
  ].join('\n')
}

export function verbHelp(noun: Noun, verb: Verb): string {
  const options = Object.entries({ ...verb.options, ...COMMON_OPTIONS }).map(([name, option]) => {
    const value = option.value === null ? '' : ` ${option.value}`
    return [`--${name}${value}${option.isRepeatable === true ? ' …' : ''}`, option.help] as const
  })
  return [`${commandOf(noun, verb)} [options]`, '', `  ${verb.summary}`, '', ...columns(options)].join('\n')
}

/** `bluewire-gateway token revoke TOKEN_ID` */
export function commandOf(noun: Noun, verb: Verb): string {
  return [PROGRAM, noun.name, verb.name, ...verb.takes].filter((word) => word !== '').join(' ')
}

function columns(rows: ReadonlyArray<readonly [string, string]>): string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
}
