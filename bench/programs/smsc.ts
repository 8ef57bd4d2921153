/** SMSCs on ports of their own, in one process: each takes every submit and answers at once, and can be made to behave worse. */
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { Smsc } from '@bluewire/testkit/stories/smsc'
import { serve } from '../child.ts'
import { numberIn } from './send-request.ts'

/** `refuses`: nobody listens; `black_hole`: it accepts connections and never says a word; `mute`: it answers logins and no submit. */
export type SmscMode = 'works' | 'refuses' | 'black_hole' | 'mute'

export type SetSmsc = Readonly<{ kind: 'set'; port: number; mode: SmscMode }>
export type UntilTaken = Readonly<{ kind: 'until_taken'; port: number; many: number }>
export type ReadTaken = Readonly<{ kind: 'taken'; port: number; from: number }>

export type CountAnswer = Readonly<{ taken: number }>
/** When the text with each number arrived, by the clock of the machine. */
export type TakenAnswer = Readonly<{ numbers: Float64Array; arrivedMs: Float64Array }>

type Place = { smsc: Smsc; hole: Server | null; sockets: Set<Socket> }
const places = new Map<number, Place>()

async function set({ port, mode }: SetSmsc): Promise<CountAnswer> {
  const place = places.get(port) ?? {
    smsc: new Smsc({ answerAfterMs: 0, receipts: 'none', receiptAfterMs: 0 }),
    hole: null,
    sockets: new Set<Socket>(),
  }
  places.set(port, place)
  place.hole?.close()
  for (const socket of place.sockets) socket.destroy()
  place.hole = null
  place.smsc.close()
  place.smsc.isMute = mode === 'mute'
  if (mode === 'works' || mode === 'mute') await place.smsc.listen(port)
  if (mode === 'black_hole') {
    const hole = (place.hole = createServer((socket) => void place.sockets.add(socket.on('error', () => undefined))))
    await new Promise<void>((done) => hole.listen(port, '127.0.0.1', done))
  }
  return { taken: place.smsc.taken.length }
}

async function untilTaken({ port, many }: UntilTaken): Promise<CountAnswer> {
  const { smsc } = places.get(port) as Place
  await smsc.untilTaken(many)
  return { taken: smsc.taken.length }
}

function taken({ port, from }: ReadTaken): TakenAnswer {
  const texts = places.get(port)?.smsc.taken.slice(from) ?? []
  return {
    numbers: Float64Array.from(texts, ({ body }) => numberIn(body) ?? -1),
    arrivedMs: Float64Array.from(texts, ({ atMs }) => atMs),
  }
}

serve<SetSmsc | UntilTaken | ReadTaken>((question) => {
  if (question.kind === 'set') return set(question)
  return question.kind === 'until_taken' ? untilTaken(question) : taken(question)
})
