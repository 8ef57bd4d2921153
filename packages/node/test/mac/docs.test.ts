/** Proves: every command of a node that the pages for Macs name is one that there is, and operate.md names them all. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MAC_VERBS } from '../../src/mac/mac-verbs.ts'

const page = (name: string) => readFileSync(join(import.meta.dirname, '../../../../docs', name), 'utf8')

test.each(['how-to/set-up-a-mac.md', 'mac-acceptance.md'])('%s', (name) => {
  const named = [...page(name).matchAll(/bluewire-node (\w+)/g)].map(([, verb]) => verb)
  expect(named.length).toBeGreaterThan(1)
  for (const verb of named) expect(['join', 'run', 'status', ...MAC_VERBS]).toContain(verb)
})

test('operate.md has a row for each', () => {
  const rows = [...page('operate.md').matchAll(/^\| `(\w+)[^|]*` \|/gm)].map(([, verb]) => verb)
  for (const verb of ['join', 'run', 'status', ...MAC_VERBS]) expect(rows).toContain(verb)
})
