/**
 * Which machine this is.
 * Proves: the same machine and user always give the same id, and other ones another; a machine without an id gets one that
 * is kept.
 */
import { describe, expect, it } from 'vitest'
import { bootId, machineId, systemSources } from './machine-id.ts'
import type { MachineSources } from './machine-id.ts'

const MACHINE_ID = 'b08dfa6083e7567a1921a715000001fb'
const IOREG = `+-o J314sAP  <class IOPlatformExpertDevice, id 0x100000218>
    {
      "IOPlatformSerialNumber" = "C02XXXXXXXXX"
      "IOPlatformUUID" = "A8B0C2D4-1111-5222-8333-944445555666"
    }`

function sources(more: Partial<MachineSources>): MachineSources & { files: Map<string, string> } {
  const files = new Map<string, string>()
  return {
    files,
    platform: 'linux',
    uid: 501,
    read: (path) => files.get(path) ?? null,
    run: () => null,
    keep: (path, content) => void files.set(path, content),
    ...more,
  }
}

describe('the machine', () => {
  it('is the hardware of a Mac and the user', () => {
    const mac = sources({ platform: 'darwin', run: (program) => (program === '/usr/sbin/ioreg' ? IOREG : null) })
    expect(machineId('/d', mac)).toBe('mac:A8B0C2D4-1111-5222-8333-944445555666:501')
    expect(machineId('/d', { ...mac, uid: 502 })).not.toBe(machineId('/d', mac))
  })

  it('is what Linux calls itself', () => {
    const linux = sources({})
    linux.files.set('/etc/machine-id', `${MACHINE_ID}\n`)
    expect(machineId('/d', linux)).toBe(`linux:${MACHINE_ID}:501`)
  })

  it.each(['', 'uninitialized\n', null])(
    '%j in /etc/machine-id: an id of its own, kept beside the node’s files',
    (content) => {
      const bare = sources({})
      if (content !== null) bare.files.set('/etc/machine-id', content)
      const id = machineId('/d', bare)
      expect(id).toMatch(/^linux:[\w-]{36}:501$/)
      expect(machineId('/d', bare)).toBe(id)
      expect(machineId('/other', bare)).not.toBe(id)
    },
  )

  it('a Mac that does not say falls back too', () => {
    expect(machineId('/d', sources({ platform: 'darwin' }))).toMatch(/^darwin:[\w-]{36}:501$/)
  })
})

describe('the boot', () => {
  it('by system; empty where it cannot be learnt', () => {
    expect(bootId(sources({ platform: 'darwin', run: () => 'A-B-C\n' }))).toBe('A-B-C')
    expect(bootId(sources({ read: () => 'd-e-f\n' }))).toBe('d-e-f')
    expect(bootId(sources({}))).toBe('')
  })

  it('this machine has an id', () => {
    expect(systemSources().run('/no/such/program', [])).toBeNull()
    expect(systemSources().read('/no/such/file')).toBeNull()
  })
})
