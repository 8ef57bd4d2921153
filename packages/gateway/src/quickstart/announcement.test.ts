/**
 * What the quick start prints.
 * Proves: it never says that nothing leaves the machine where something could; it says what was kept and what is new. The rest is proved
 * on the whole quick start, in test/start.
 */
import { expect, test } from 'vitest'
import { announcementLines } from './announcement.ts'

const FIRST = {
  url: 'http://127.0.0.1:8080',
  token: 'contiguity_sk_x',
  tokenIs: 'new',
  dataDir: '/d',
  keyFile: null,
  realLines: [],
  pausedFor: null,
  pid: 7,
  macCommand: null,
} as const

test('the account has real lines too', () => {
  const text = announcementLines({ ...FIRST, realLines: ['+14155552671', 'ann@example.com'] }).join('\n')
  expect(text).not.toContain('nothing leaves this machine')
  expect(text).toContain('+14155552671, ann@example.com. Messages that name no line go out by those.')
  expect(text).not.toContain('paused')
  const pausedFor = 'the real node Ann sends now'
  expect(announcementLines({ ...FIRST, realLines: ['+14155552671'], pausedFor })).toContain(
    'The simulated node is paused: the real node Ann sends now.',
  )
})

test('what was kept, and what is new', () => {
  const lineOf = (tokenIs: 'new' | 'kept' | 'replaced', label: string) =>
    announcementLines({ ...FIRST, tokenIs }).find((line) => line.startsWith(label))
  expect(lineOf('new', 'Token')).toBe('Token  contiguity_sk_x')
  expect(lineOf('kept', 'Token')).toBe('Token  contiguity_sk_x  (kept from the start before)')
  expect(lineOf('replaced', 'Token')).toBe('Token  contiguity_sk_x  (new: quickstart.json held none that works)')
  expect(lineOf('new', 'Data')).toBe('Data   /d')
  expect(lineOf('replaced', 'Data')).toBe('Data   /d (kept from the start before)')
})

test('on a Mac it ends with how to send from it', () => {
  expect(announcementLines(FIRST).at(-1)).toBe('Stop   Ctrl-C, or kill 7')
  expect(announcementLines({ ...FIRST, macCommand: 'curl x | sh' }).slice(-2)).toEqual([
    'Stop   Ctrl-C, or kill 7',
    "Mac    To send from this Mac's own Messages, type this within 15 minutes: curl x | sh",
  ])
})
