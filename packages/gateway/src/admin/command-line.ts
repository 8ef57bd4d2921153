/** Words of the command line → which verb, with what. Nothing is run here. */
import { parseArgs } from 'node:util'
import type { ParseArgsConfig } from 'node:util'
import { nearestName } from '@bluewire/platform/nearest-name'
import { COMMON_OPTIONS, commandOf } from './help.ts'
import type { Given, Noun, Options, Verb } from './verb.ts'

/** The command cannot be understood. */
export class UsageError extends Error {
  override name = 'UsageError'
}

export type Command =
  | Readonly<{ kind: 'overview' }>
  | Readonly<{ kind: 'version' }>
  | Readonly<{ kind: 'noun_help'; noun: Noun }>
  | Readonly<{ kind: 'verb_help'; noun: Noun; verb: Verb }>
  | Readonly<{ kind: 'run'; noun: Noun; verb: Verb; given: Given; asJson: boolean }>

export function readCommandLine(nouns: readonly Noun[], words: readonly string[]): Command {
  const [nounWord, ...afterNoun] = words
  if (nounWord === undefined || isHelp(nounWord)) return { kind: 'overview' }
  if (nounWord === '--version') return { kind: 'version' }
  const noun = named(nouns, nounWord, '')
  const isSingle = noun.verbs.length === 1 && noun.verbs[0]?.name === ''
  const verbWord = isSingle ? '' : afterNoun[0]
  if (verbWord === undefined || (!isSingle && isHelp(verbWord))) return { kind: 'noun_help', noun }
  const verb = named(noun.verbs, verbWord, `${noun.name} `)
  return readVerb(noun, verb, isSingle ? afterNoun : afterNoun.slice(1))
}

function readVerb(noun: Noun, verb: Verb, words: readonly string[]): Command {
  const { values, positionals } = parse(noun, verb, words)
  if (values['help'] === true) return { kind: 'verb_help', noun, verb }
  if (positionals.length !== verb.takes.length) {
    throw new UsageError(`${countProblem(verb, positionals)}: ${commandOf(noun, verb)}`)
  }
  const given: Given = {
    positionals,
    flag: (name) => values[name] === true,
    text: (name) => {
      const value = values[name]
      return typeof value === 'string' ? value : undefined
    },
    list: (name) => {
      const value = values[name]
      return Array.isArray(value) ? value.map(String) : undefined
    },
  }
  return { kind: 'run', noun, verb, given, asJson: values['json'] === true }
}

function countProblem(verb: Verb, positionals: readonly string[]): string {
  const missing = verb.takes.slice(positionals.length)
  if (missing.length > 0) return `${missing.join(', ')} is missing`
  const takesCredentials = Object.values(verb.options).some((option) => option.isOfCredential === true)
  const surplus = takesCredentials ? 'A word' : `"${positionals.slice(verb.takes.length).join(' ')}"`
  return `${surplus} is too much`
}

function parse(noun: Noun, verb: Verb, words: readonly string[]) {
  const known: Options = { ...verb.options, ...COMMON_OPTIONS }
  const options: NonNullable<ParseArgsConfig['options']> = {}
  for (const [name, option] of Object.entries(known)) {
    options[name] = { type: option.value === null ? 'boolean' : 'string', multiple: option.isRepeatable === true }
  }
  const unknown = words.find((word) => /^--?[a-z]/i.test(word) && !Object.hasOwn(known, optionName(word)))
  if (unknown !== undefined && !words.slice(0, words.indexOf(unknown)).includes('--')) {
    const nearest = nearestName(optionName(unknown), Object.keys(known))
    const advice = nearest === null ? `What there is: ${commandOf(noun, verb)} --help` : `Did you mean --${nearest}?`
    // What follows the sign may be a credential.
    throw new UsageError(`There is no option ${unknown.replace(/=.*$/s, '')}. ${advice}`)
  }
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true, strict: true })
  } catch (error) {
    throw new UsageError(valueProblem(known, error), { cause: error })
  }
}

/** Names are checked already: what is left is a value that is missing, or one that does not belong there. */
function valueProblem(known: Options, error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  const name = /--([a-z-]+)/.exec(text)?.[1]
  const option = name === undefined ? undefined : known[name]
  if (name === undefined || option === undefined) return text
  if (option.value === null) return `--${name} takes no value.`
  return `--${name} needs a value: --${name} ${option.value} (one that begins with a dash: --${name}=-…).`
}

/** `--scope=a` → `scope`. */
function optionName(word: string): string {
  return word.replace(/^--?/, '').replace(/=.*$/s, '')
}

function named<T extends { name: string }>(all: readonly T[], word: string, before: string): T {
  const found = all.find((one) => one.name === word)
  if (found !== undefined) return found
  const names = all.map((one) => one.name)
  const nearest = nearestName(word, names)
  throw new UsageError(
    `There is no command ${before}${word}. ${nearest === null ? `There are: ${names.join(', ')}.` : `Did you mean ${nearest}?`}`,
  )
}

function isHelp(word: string): boolean {
  return word === '--help' || word === '-h' || word === 'help'
}
