/** Which driver a node joins with, and whether this machine can have it. */
import { DRIVER_NAMES, isDriverName, MAC_DRIVERS } from '@bluewire/drivers/registry'
import type { DriverName } from '@bluewire/drivers/registry'
import { NodeConfigError } from './node-config.ts'

export type Machine = Readonly<{
  platform: string
  /** A folder with programs that stand in for those of macOS; undefined: there is none. */
  macTools: string | undefined
}>

export function thisMachine(): Machine {
  const macTools = process.env['BLUEWIRE_MAC_TOOLS'] ?? ''
  return { platform: process.platform, macTools: macTools === '' ? undefined : macTools }
}

/** `name` undefined: on a Mac its own Messages, elsewhere the simulator. @throws NodeConfigError */
export function driverFor(name: string | undefined, machine: Machine = thisMachine()): DriverName {
  const isMac = machine.platform === 'darwin' || machine.macTools !== undefined
  const wanted = name ?? (isMac && isDriverName('messages-app') ? 'messages-app' : 'simulator')
  if (MAC_DRIVERS.includes(wanted) && !isMac) {
    throw new NodeConfigError(
      `The driver ${wanted} sends with the Messages app of macOS, and this machine is no Mac (${machine.platform}). ` +
        'Run the command on the Mac that is to send; for a try without one there is --driver simulator.',
    )
  }
  if (isDriverName(wanted)) return wanted
  throw new NodeConfigError(`There is no driver named ${wanted}. There is: ${DRIVER_NAMES.join(', ')}.`)
}
