/** `provider test`: one login of its own (or the one that is there), one question, goodbye. Nothing is sent. */
import type { Clock } from '@bluewire/platform/clock'
import { SmppConnection } from './smpp-connection.ts'
import type { Ending } from './smpp-connection.ts'
import { bind, isThere, refusedBecause } from './smpp-link.ts'
import type { Role } from './smpp-link.ts'
import type { SmppSettings } from './smpp-settings.ts'
import { openSocket } from './smpp-socket.ts'

export type TestResult = Readonly<{ ok: boolean; lines: readonly string[] }>
type TestDeps = Readonly<{ settings: SmppSettings; password: string; clock: Clock; live: SmppConnection | null }>

/** All of it ends within 15 s: connecting, two answers and the goodbye. */
const CONNECT_MS = 5_000
const ANSWER_MS = 4_000
const UNBIND_MS = 1_000

const SILENT = 'The SMSC does not answer enquire_link: connections to it would not hold.'

export async function testSmpp({ settings, password, clock, live }: TestDeps): Promise<TestResult> {
  if (live) {
    const line = `Logged in to ${settings.host}:${settings.port} as ${settings.system_id}.`
    const ok = await isThere(live, ANSWER_MS)
    return { ok, lines: [line, ok ? 'The SMSC answers. Nothing was sent.' : SILENT] }
  }
  const where = `${settings.host}:${settings.port}${settings.tls ? ' with TLS' : ''}`
  const opened = await open(settings, clock)
  if ('detail' in opened) {
    const advice = 'Check host, port and tls, and that the company lets this address in.'
    return { ok: false, lines: [`${where} cannot be reached: ${opened.detail}. ${advice}`] }
  }
  const { connection } = opened
  const role: Role = settings.mode === 'transceiver' ? 'transceiver' : 'transmitter'
  const short = { ...settings, bind_within: Math.min(settings.bind_within, ANSWER_MS) }
  const lines = [`Connected to ${where}.`]
  try {
    const refusal = await bind(connection, { settings: short, role, password })
    if (refusal !== 0) {
      const why = refusal === null ? 'The SMSC does not answer the login.' : refusedBecause(refusal).detail
      return { ok: false, lines: [...lines, why] }
    }
    lines.push(`Logged in as ${settings.system_id}.`)
    if (!(await isThere(connection, ANSWER_MS))) {
      return {
        ok: false,
        lines: [...lines, 'The SMSC does not answer enquire_link: connections to it would not hold.'],
      }
    }
    lines.push('The SMSC answers. Nothing was sent.')
    await connection.request({ command: 'unbind', withinMs: UNBIND_MS })
    return { ok: true, lines }
  } finally {
    connection.close({ why: 'stopped', detail: 'the test is over' })
  }
}

type Opened = Readonly<{ connection: SmppConnection }> | Readonly<{ detail: string }>

async function open(settings: SmppSettings, clock: Clock): Promise<Opened> {
  try {
    const { socket, openedBy } = await openSocket(settings)
    return await new Promise<Opened>((resolve) => {
      const settle = (opened: Opened): void => {
        limit.cancel()
        resolve(opened)
      }
      const events = {
        open: () => settle({ connection }),
        request: () => undefined,
        alive: () => undefined,
        ended: ({ detail }: Ending) => settle({ detail }),
      }
      const connection = new SmppConnection(socket, openedBy, { clock, events, log: () => undefined })
      const limit = clock.setTimer(CONNECT_MS, () => {
        connection.close({ why: 'silent', detail: `no answer within ${CONNECT_MS / 1_000} s` })
      })
    })
  } catch (error) {
    return { detail: error instanceof Error ? error.message : 'it could not be opened' }
  }
}
