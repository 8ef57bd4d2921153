/** Proves: who asks for help gets the usage and exit code 0; who makes a mistake gets one sentence, with the nearest name, and exit code 2. */
import { expect, test } from 'vitest'
import { commandLine } from './command-line.ts'

async function say(...args: string[]) {
  const out: string[] = []
  const err: string[] = []
  const code = await commandLine(args, { out: (line) => out.push(line), err: (line) => err.push(line) })
  return { code, out: out.join('\n'), err: err.join('\n') }
}

test.each([[['--help']], [['-h']], [['help']], [['run', '--help']], [['join', '-h']]])(
  '%j is answered',
  async (args) => {
    const said = await say(...args)
    expect(said).toMatchObject({ code: 0, err: '' })
    expect(said.out).toMatch(/^Usage:\n {2}bluewire-node join/)
  },
)

test.each([
  [['--hlep'], /^There is no option --hlep\. Did you mean --help\?$/],
  [['jion'], /^There is no command jion\. Did you mean join\?$/],
  [[], /^A command is missing: join, run, status, install, uninstall, restart, logs, doctor, update, acceptance\. /],
])('%j is a mistake', async (args, wanted) => {
  const said = await say(...args)
  expect(said).toMatchObject({ code: 2, out: '' })
  expect(said.err).toMatch(wanted)
})
