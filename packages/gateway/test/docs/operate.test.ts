/**
 * docs/operate.md.
 * Proves: each admin command on the page is one that the command line understands.
 */
import { expect, test } from 'vitest'
import { readCommandLine } from '../../src/admin/command-line.ts'
import { NOUNS } from '../../src/admin/nouns.ts'
import { page } from './pages.ts'

test('its admin commands are understood', () => {
  const text = page('docs/operate.md').replaceAll(/\\\n +/g, '')
  const lines = [...text.matchAll(/npm run (?:--silent )?admin -- ([^\n`#]+)/g)]
  const commands = lines.map(
    ([, words = '']) => words.match(/"[^"]*"|'[^']*'|\S+/g)?.map((w) => w.replace(/^(["'])(.*)\1$/, '$2')) ?? [],
  )
  expect(commands.length).toBeGreaterThan(10)
  for (const words of commands) expect(readCommandLine(NOUNS, words).kind).toBe('run')
})
