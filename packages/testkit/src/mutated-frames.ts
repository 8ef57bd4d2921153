/** Frames that make no sense, made from right ones by a seed: what a broken or hostile peer may send. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = join(import.meta.dirname, '../../contract/fixtures/node-protocol')

const ODD: readonly unknown[] = [
  null,
  -1,
  1.5,
  1e300,
  '',
  'x'.repeat(70_000),
  [],
  {},
  true,
  '\u0000',
  '\ud800',
  'void',
  [[[]]],
]

type Chance = () => number

/** The right frames of one side, as text. */
export function frameFixtures(from: 'node' | 'gateway'): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.startsWith(`from-${from}-`))
    .map((file) => JSON.stringify(JSON.parse(readFileSync(join(FOLDER, file), 'utf8'))))
}

/**
 * Without end: text that is cut, doubled, or has a character changed; or a frame with a field replaced, removed or swapped with
 * another's. A mutation may leave a frame that is still right.
 */
export function* mutatedFrames(fixtures: readonly string[], seed: number): Generator<string, never> {
  const chance = chanceFrom(seed)
  for (;;) yield mutated(fixtures, chance)
}

function mutated(fixtures: readonly string[], chance: Chance): string {
  const text = pick(chance, fixtures)
  const at = Math.floor(chance() * text.length)
  const frame = JSON.parse(text) as Record<string, unknown>
  const key = pick(chance, Object.keys(frame))
  const other = JSON.parse(pick(chance, fixtures)) as Record<string, unknown>
  switch (Math.floor(chance() * 8)) {
    case 0:
      return text.slice(0, at)
    case 1:
      return text.slice(0, at) + String.fromCharCode(Math.floor(chance() * 0x10000)) + text.slice(at + 1)
    case 2:
      return text + text
    case 3:
      delete frame[key]
      return JSON.stringify(frame)
    case 4:
      return JSON.stringify({ ...frame, t: other['t'] })
    case 5:
      return JSON.stringify({ ...frame, t: pick(chance, ['hello', 'of_the_future', '__proto__', '', 7]) })
    case 6:
      return JSON.stringify(pick(chance, [[frame], frame['t'], null, 1, { frame }]))
    default:
      return JSON.stringify({ ...frame, [key]: pick(chance, ODD) })
  }
}

function pick<T>(chance: Chance, from: readonly T[]): T {
  return from[Math.floor(chance() * from.length)] as T
}

/** Mulberry32: the same seed gives the same frames. */
function chanceFrom(seed: number): Chance {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
