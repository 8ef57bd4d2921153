/** Credentials of a provider as they are given: in the environment or on standard input, never as words, which everybody on the machine can see. */
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { Refused } from './verb.ts'
import type { Call } from './verb.ts'

const NAME = /^[A-Za-z0-9_-]{1,64}$/
const BYTES_MAX = 64 * 1024

/** By the names that are asked for with `--secret`. @throws Refused, in which no value is. */
export async function givenSecrets({ given }: Call): Promise<Record<string, string>> {
  const names = [...new Set(given.list('secret') ?? [])]
  const fromEnvironment = names.flatMap((name) => {
    const value = process.env[variableOf(name)]
    return value === undefined || value === '' ? [] : [[name, value] as const]
  })
  const secrets = new Map(fromEnvironment)
  const asked = names.filter((name) => !secrets.has(name))
  const typed = asked.length === 0 ? [] : await (process.stdin.isTTY ? typedUnseen(asked) : linesOfStdin(asked))
  for (const [i, name] of asked.entries()) secrets.set(name, typed[i] ?? '')
  const empty = names.find((name) => secrets.get(name) === '')
  if (empty !== undefined)
    throw new Refused(
      `The credential ${empty} is empty. Give it in the variable ${variableOf(empty)}, or on standard input.`,
    )
  return Object.fromEntries(secrets)
}

function variableOf(name: string): string {
  return `BLUEWIRE_SECRET_${name.replaceAll('-', '_').toUpperCase()}`
}

/** The name with its value is what people type out of habit. @throws Refused, in which the value is not. */
export function refuseValue(name: string): void {
  const [before = ''] = name.split('=', 1)
  if (name.includes('='))
    throw new Refused(
      `--secret takes the name only${NAME.test(before) ? `: --secret ${before}` : ''}. The value is read from ${NAME.test(before) ? variableOf(before) : 'the environment'} or standard input. ` +
        'What was typed here may have been seen by others, and is in the history of the shell: better change it.',
    )
  if (!NAME.test(name)) throw new Refused('--secret takes the name of a credential; all of them: provider drivers')
}

/** One line for each, in the order in which they were named. */
async function linesOfStdin(names: readonly string[]): Promise<string[]> {
  let text = ''
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += String(chunk)
    if (text.length > BYTES_MAX) throw new Refused('There is more on standard input than credentials.')
  }
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''))
  if (lines.at(-1) === '') lines.pop()
  if (lines.length > names.length)
    throw new Refused(
      `There are ${lines.length} lines on standard input, but one was expected for each of: ${names.join(', ')}. A value of several lines is given in the environment.`,
    )
  return lines
}

/** Asked one after the other; what is typed is not shown. */
async function typedUnseen(names: readonly string[]): Promise<string[]> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true })
  let isClosed = false
  terminal.on('close', () => (isClosed = true))
  terminal.on('SIGINT', () => terminal.close())
  try {
    const values: string[] = []
    for (const name of names) {
      process.stderr.write(`${name}: `)
      const value = await new Promise<string | null>((typed) => {
        if (isClosed) return typed(null)
        terminal.once('close', () => typed(null))
        terminal.question('', typed)
      })
      process.stderr.write('\n')
      if (value === null) throw new Refused('Nothing was changed.')
      values.push(value)
    }
    return values
  } finally {
    terminal.close()
  }
}
