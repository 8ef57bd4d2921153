/**
 * Links and file names in the documents.
 * Proves: every relative link of README, ARCHITECTURE, CHANGELOG, CONTRIBUTING, SECURITY and docs/ leads to a file and, where it names one, to an
 * anchor in it; every file that ARCHITECTURE.md or a page of docs/ names exists; and ARCHITECTURE.md names every mutant there is.
 */
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { MUTANTS } from '@bluewire/testkit/mutants/mutants'
import { expect, test } from 'vitest'
import { page, ROOT } from './pages.ts'

const TOP = ['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md']
const DOCS = readdirSync(join(ROOT, 'docs'), { recursive: true })
  .map((name) => `docs/${String(name)}`)
  .filter((name) => name.endsWith('.md'))
const PAGES = [...TOP, ...DOCS]

test.each(PAGES)('the links of %s lead somewhere', (path) => {
  const broken = relativeLinks(page(path)).filter((link) => !resolves(path, link))
  expect(broken).toEqual([])
})

test('README.md leads to every page of docs/', () => {
  const linked = relativeLinks(page('README.md')).map((link) => link.replace(/#.*$/, ''))
  const missing = DOCS.filter((path) => !linked.includes(path) && !path.startsWith('docs/decisions/'))
  expect(missing).toEqual([])
  expect(linked).toContain('docs/decisions')
})

test.each(['ARCHITECTURE.md', ...DOCS])('every file that %s names exists', (path) => {
  const named = page(path).match(/(?<![\w./-])(?:packages|scripts|docs)\/[\w./-]*\w/g) ?? []
  expect(named.filter((name) => !existsSync(join(ROOT, name)))).toEqual([])
})

test('each step of the life of a message names a file', () => {
  const steps = page('ARCHITECTURE.md').match(/^\d+\. \*\*[^]*?(?=^\d+\. |^$)/gm) ?? []
  expect(steps).toHaveLength(10)
  for (const step of steps) expect(step).toMatch(/`packages\/[\w/-]+\.ts`/)
})

test('each mutant opens an invariant that ARCHITECTURE.md names', () => {
  const named = page('ARCHITECTURE.md').matchAll(/mutants? (`[a-z-]+`(?:, `[a-z-]+`)*)/g)
  const names = [...named].flatMap((match) => (match[1] ?? '').replaceAll('`', '').split(', '))
  expect(names.sort()).toEqual(MUTANTS.map(({ name }) => name).sort())
})

/** Without those to other hosts, and without code. */
function relativeLinks(text: string): string[] {
  const prose = text.replaceAll(/```[^]*?```/g, '').replaceAll(/`[^`\n]*`/g, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '').filter((link) => !/^[a-z]+:/.test(link))
}

function resolves(from: string, link: string): boolean {
  const [file = '', anchor] = link.split('#', 2)
  const target = file === '' ? from : join(dirname(from), file)
  if (!existsSync(join(ROOT, target))) return false
  return anchor === undefined || anchors(page(target)).includes(anchor)
}

function anchors(text: string): string[] {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map((match) =>
    (match[1] ?? '')
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )
  return [...headings, ...[...text.matchAll(/<a id="([^"]+)">/g)].map((match) => match[1] ?? '')]
}
