/** Words by which a recipient ends or resumes messages. The whole message must be the word: "stop by tomorrow" is not one. */

const STOP = new Set([
  'STOP',
  'STOPALL',
  'UNSUBSCRIBE',
  'OPTOUT',
  'OPT OUT',
  'OPT-OUT',
  'CANCEL',
  'END',
  'QUIT',
  'REVOKE',
])
const START = new Set(['START', 'UNSTOP', 'SUBSCRIBE', 'OPTIN', 'OPT IN', 'OPT-IN'])

export type OptWord = 'stop' | 'start'

export function optWord(body: string): OptWord | null {
  const word = body
    .trim()
    .replace(/[.!]+$/, '')
    .toUpperCase()
  if (STOP.has(word)) return 'stop'
  return START.has(word) ? 'start' : null
}
