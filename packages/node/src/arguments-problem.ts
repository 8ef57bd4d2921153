/** What is wrong with the words after `bluewire-node`, in one sentence each. */
import { nearestName } from '@bluewire/platform/nearest-name'
import { programName } from '@bluewire/platform/program-name'

import { MAC_VERBS } from './mac/mac-verbs.ts'

const VERBS: readonly string[] = ['join', 'run', 'status', ...MAC_VERBS]

/** The words that were given are no command as they stand. */
export function commandProblem([verb, ...rest]: readonly string[]): string {
  const seeHelp = `What there is: ${programName('bluewire-node')} --help`
  if (verb === undefined) return `A command is missing: ${VERBS.join(', ')}. ${seeHelp}`
  if (!VERBS.includes(verb)) {
    const nearest = nearestName(verb, VERBS)
    return `There is no command ${verb}. ${nearest === null ? `There are: ${VERBS.join(', ')}.` : `Did you mean ${nearest}?`}`
  }
  const [first, second, third] = rest
  if (verb !== 'join') return `"${first ?? ''}" is too much: ${programName('bluewire-node')} ${verb}`
  const usage = `${programName('bluewire-node')} join URL CODE`
  if (third !== undefined) return `"${third}" is too much: ${usage}`
  return `${first === undefined ? 'URL, CODE are' : second === undefined ? 'CODE is' : 'Something is'} missing: ${usage}`
}

/** `error` is what parseArgs threw over these words. */
export function optionProblem(words: readonly string[], known: readonly string[], error: unknown): string {
  const unknown = words.find((word) => /^--?[a-z]/i.test(word) && !known.includes(nameOf(word)))
  if (unknown !== undefined) {
    const nearest = nearestName(nameOf(unknown), known)
    const advice =
      nearest === null ? `What there is: ${programName('bluewire-node')} --help` : `Did you mean --${nearest}?`
    return `There is no option ${unknown}. ${advice}`
  }
  const text = error instanceof Error ? error.message : String(error)
  const name = /--([a-z-]+)/.exec(text)?.[1]
  if (name === undefined) return text.split('\n')[0] ?? text
  return /does not take/.test(text) ? `--${name} takes no value.` : `--${name} needs a value.`
}

function nameOf(word: string): string {
  return word.replace(/^--?/, '').replace(/=.*$/s, '')
}
