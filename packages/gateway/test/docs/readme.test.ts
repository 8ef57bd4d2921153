/**
 * README.md.
 * Proves: its two commands exist, each of its requests asks for something and is followed by an answer with the keys of the API's schema, and the sentence
 * about who it is not affiliated with stands there once.
 */
import { sendTextPageAnswer, sendTextRequest } from '@bluewire/contract/api/send-text'
import { expect, test } from 'vitest'
import { page } from './pages.ts'

const TEXT = page('README.md')

test('the two commands', () => {
  const { scripts } = JSON.parse(page('package.json')) as { scripts: Record<string, string> }
  const named = [...TEXT.matchAll(/npm (?:run )?(start|test|admin)\b/g)].map((match) => match[1] ?? '')
  expect(new Set(named)).toEqual(new Set(['start', 'test', 'admin']))
  for (const name of named) expect(Object.keys(scripts)).toContain(name)
})

test('three requests, each with the answer that it gets', () => {
  const pairs = [...TEXT.matchAll(/-d '(\{[^']*\})'\n```\n\n```json\n([^]*?)\n```/g)]
  const answers = pairs.map(([, request, answer]) => {
    const { to } = sendTextRequest.parse(JSON.parse(request ?? ''))
    const understood = sendTextPageAnswer.parse(JSON.parse(answer ?? ''))
    expect(understood.to).toBe(to)
    return [understood.crumbs.type, understood.status]
  })
  expect(answers).toEqual([
    ['imessage', 'sent'],
    ['sms', 'sent'],
    ['imessage', 'unknown'],
  ])
})

test('affiliation', () => {
  expect(TEXT.match(/not affiliated with Apple or Contiguity/g)).toHaveLength(1)
})
