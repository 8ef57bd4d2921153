/** What reached the simulated phones, read from `simulator.jsonl` while it grows or afterwards, and what must be true of it. */
import { closeSync, openSync, readSync, statSync } from 'node:fs'

export type Text = Readonly<{ attempt: string; from: string; to: string; body: string; at: number }>

/** Reads what has been added since it was last asked. */
export class Phone {
  readonly path: string
  #bytes = 0
  #texts: Text[] = []

  constructor(path: string) {
    this.path = path
  }

  /** All that have come. A last line that is still being written does not count. */
  texts(): readonly Text[] {
    const size = statSync(this.path, { throwIfNoEntry: false })?.size ?? 0
    if (size <= this.#bytes) return this.#texts
    const added = readFrom(this.path, { from: this.#bytes, to: size })
    const whole = added.subarray(0, added.lastIndexOf(0x0a) + 1)
    this.#bytes += whole.length
    for (const line of whole.toString('utf8').split('\n')) if (line !== '') this.#texts.push(JSON.parse(line) as Text)
    return this.#texts
  }
}

function readFrom(path: string, { from, to }: { from: number; to: number }): Buffer {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(to - from)
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, from))
  } finally {
    closeSync(file)
  }
}

export type Verdict = Readonly<{
  /** Bodies that should have come and did not. */
  lost: string[]
  /** Bodies, and attempts, that came more than once. */
  twice: string[]
  /** Recipients who got their texts in another order than they were accepted in. */
  outOfOrder: string[]
}>

/** Every body is unique. `accepted`: in the order of the accepts of each recipient. */
export function verdictOn(texts: readonly Text[], accepted: ReadonlyArray<{ to: string; body: string }>): Verdict {
  const came = new Set(texts.map((text) => text.body))
  const place = new Map(accepted.map(({ body }, i) => [body, i]))
  const lastOf = new Map<string, number>()
  const outOfOrder = new Set<string>()
  for (const { to, body } of texts) {
    const at = place.get(body) ?? -1
    if (at < (lastOf.get(to) ?? -1)) outOfOrder.add(to)
    lastOf.set(to, at)
  }
  return {
    lost: accepted.filter(({ body }) => !came.has(body)).map(({ body }) => body),
    twice: [...repeated(texts.map(({ body }) => body)), ...repeated(texts.map(({ attempt }) => attempt))],
    outOfOrder: [...outOfOrder],
  }
}

export const ALL_WELL: Verdict = { lost: [], twice: [], outOfOrder: [] }

function repeated(list: readonly string[]): string[] {
  const seen = new Set<string>()
  return list.filter((one) => seen.size === seen.add(one).size)
}
