/** The way to the SMSC: TCP, or TLS whose certificate is checked. */
import { readFile } from 'node:fs/promises'
import { connect as connectTcp, isIP } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { SmppSettings } from './smpp-settings.ts'

export type SmppSocket = Readonly<{ socket: Socket; openedBy: 'connect' | 'secureConnect' }>

/** Throws when `ca` cannot be read. The file is read each time: certificates change while we run. */
export async function openSocket(settings: SmppSettings): Promise<SmppSocket> {
  const { host, port, tls, ca, verify } = settings
  if (!tls) return { socket: connectTcp({ host, port }), openedBy: 'connect' }
  // An address is no name to ask for; the certificate may be for it all the same.
  const servername = settings.servername ?? (isIP(host) ? undefined : host)
  const socket = connectTls({
    host,
    port,
    rejectUnauthorized: verify,
    ...(servername !== undefined && { servername }),
    ...(ca !== undefined && { ca: await readFile(ca) }),
  })
  return { socket, openedBy: 'secureConnect' }
}
