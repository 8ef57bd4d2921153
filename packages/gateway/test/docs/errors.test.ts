/**
 * docs/errors.md.
 * Proves: it lists the catalogue, code by code, each once, under the heading of its area, with its anchor, status, meaning and whether a retry
 * may help, and something to do; and nothing that is not in the catalogue.
 */
import { ERRORS } from '@bluewire/contract/errors'
import type { ErrorArea, ErrorSpec } from '@bluewire/contract/errors'
import { expect, test } from 'vitest'
import { page, section, tables } from './pages.ts'

const TEXT = page('docs/errors.md')
const SPECS = Object.entries<ErrorSpec>(ERRORS)
const HEADINGS: Readonly<Record<ErrorArea, string>> = {
  request: '## The request',
  recipient: '## The recipient',
  access: '## Access',
  limit: '## Limits',
  outcome: '## Accepted, and then not sent',
  service: '## The service',
}

test.each(Object.entries(HEADINGS))('the errors of area %s', (area, heading) => {
  const rows = tables(section(TEXT, heading), ['Code', 'HTTP', 'Meaning', 'Again', 'What to do'])
  const specs = SPECS.filter(([, spec]) => spec.area === area)
  expect(rows).toEqual(
    specs.map(([code, spec]) => [
      code,
      String(spec.status),
      spec.title,
      spec.retryable ? 'later' : 'no',
      plain(spec.todo),
    ]),
  )
  for (const [code, spec] of specs) expect(spec.todo, code).toMatch(/^\S.*\.$/)
})

test('every code has one anchor, which error answers link to', () => {
  const anchors = [...TEXT.matchAll(/<a id="([a-z_]+)"><\/a>`([a-z_]+)`/g)]
  expect(anchors.map((match) => match[1])).toEqual(anchors.map((match) => match[2]))
  expect(anchors.map((match) => match[1]).sort()).toEqual([...SPECS.map(([code]) => code), 'outcome_unknown'].sort())
})

/** As `tables` gives a cell. */
function plain(markdown: string): string {
  return markdown.replaceAll('`', '')
}
