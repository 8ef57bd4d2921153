/** Which line a message leaves by: the one asked for, else the one the recipient knows, else the best of the account. */
import type { LineId, Service } from '@bluewire/contract/ids'

export type Candidate = Readonly<{
  id: LineId
  address: string
  services: readonly Service[]
  /** False for an alias that only receives. */
  sends: boolean
  simulated: boolean
  paused: boolean
  suspended: boolean
  /** Its node is connected and working. */
  online: boolean
  /** Messages waiting for it. */
  queued: number
}>

export type RouteWish = Readonly<{
  service: Service
  /** The line the caller named. */
  from: LineId | null
  /** The line this recipient already knows. */
  sticky: LineId | null
  /** Of which kind it must be: a message that was accepted for one kind never leaves by the other. Null: not decided yet. */
  simulated: boolean | null
}>

export type Route =
  | Readonly<{ kind: 'line'; line: LineId }>
  /** No line of the account can do the service at all. */
  | Readonly<{ kind: 'none' }>
  | Readonly<{ kind: 'suspended'; line: LineId }>
  | Readonly<{ kind: 'cannot'; able: readonly string[] }>

export function canSend(line: Candidate, service: Service): boolean {
  return line.sends && line.services.includes(service)
}

export function route(wish: RouteWish, lines: readonly Candidate[]): Route {
  const able = lines.filter((l) => canSend(l, wish.service))
  if (wish.from !== null) {
    const asked = able.find((l) => l.id === wish.from)
    if (asked === undefined) return { kind: 'cannot', able: able.map((l) => l.address) }
    return asked.suspended ? { kind: 'suspended', line: asked.id } : { kind: 'line', line: asked.id }
  }
  // A simulated line is never mixed with real ones: the account's first real line retires it, but for those who name it.
  const simulated = wish.simulated ?? lines.every((l) => l.simulated)
  const pool = able.filter((l) => !l.suspended && l.simulated === simulated)
  const sticky = pool.find((l) => l.id === wish.sticky)
  const best = sticky ?? [...pool].sort(byFitness)[0]
  return best === undefined ? { kind: 'none' } : { kind: 'line', line: best.id }
}

/** Those that work now first, then the shortest queue; the id decides a tie so that the choice is repeatable. */
function byFitness(a: Candidate, b: Candidate): number {
  return (
    Number(a.paused) - Number(b.paused) ||
    Number(b.online) - Number(a.online) ||
    a.queued - b.queued ||
    (a.id < b.id ? -1 : 1)
  )
}
