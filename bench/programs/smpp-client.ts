/** The client of the `smpp` package as its documentation has it: one login, and so many submits in flight as the window allows. */
/* eslint-disable n/no-extraneous-import -- the reference that the driver is measured beside */
import smpp from 'smpp'
import type { Fields, PDU } from 'smpp'
import { serve } from '../child.ts'

export type SubmitAll = Readonly<{ port: number; many: number; window: number; firstNumber: number }>
export type SubmittedAnswer = Readonly<{ seconds: number; cpuMs: number }>

type Session = {
  bind_transceiver(fields: Fields, answered: (pdu: PDU) => void): void
  submit_sm(fields: Record<string, unknown>, answered: (pdu: PDU) => void): void
  close(): void
  on(event: 'error', heard: (error: Error) => void): void
}
const { connect } = smpp as unknown as {
  connect: (options: { host: string; port: number }, ready: () => void) => Session
}

serve<SubmitAll>(async ({ port, many, window, firstNumber }) => {
  const done = Promise.withResolvers<void>()
  const session = connect({ host: '127.0.0.1', port }, () => session.bind_transceiver({ system_id: 'bare' }, begin))
  session.on('error', done.reject)
  let beganMs = 0
  let cpuBefore = process.cpuUsage()
  let sent = 0
  let answered = 0
  const one = (): void => {
    if (sent >= many) return
    const number = firstNumber + sent++
    const text = `Bench ${String(number).padStart(8, '0')}: Your table is ready, see you at eight.`
    const to = `1415555${String(number % 10_000).padStart(4, '0')}`
    const fields = { source_addr: '15005561000', destination_addr: to, registered_delivery: 1, short_message: text }
    session.submit_sm(fields, ({ command_status }) => {
      if (command_status !== 0) return done.reject(new Error(`answered ${command_status}`))
      if (++answered === many) return done.resolve()
      one()
    })
  }
  const begin = (): void => {
    beganMs = performance.now()
    cpuBefore = process.cpuUsage()
    for (let i = 0; i < window; i++) one()
  }
  await done.promise
  const seconds = (performance.now() - beganMs) / 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  session.close()
  const answer: SubmittedAnswer = { seconds, cpuMs: (user + system) / 1000 }
  return answer
})
