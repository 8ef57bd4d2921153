/** Every driver there is, by name. A driver's code is loaded when it is used: nobody pays for what they do not have. */
import type { Driver, DriverContext } from './driver.ts'

type CreateDriver = (context: DriverContext) => Driver

const DRIVERS = {
  'messages-app': async (): Promise<CreateDriver> =>
    (await import('./messages-app/messages-app-driver.ts')).createMessagesAppDriver,
  bluebubbles: async (): Promise<CreateDriver> =>
    (await import('./bluebubbles/bluebubbles-driver.ts')).createBlueBubblesDriver,
  imsg: async (): Promise<CreateDriver> => (await import('./imsg/imsg-driver.ts')).createImsgDriver,
  simulator: async (): Promise<CreateDriver> => (await import('./simulator/simulator-driver.ts')).createSimulatorDriver,
} as const

export type DriverName = keyof typeof DRIVERS

export const DRIVER_NAMES = Object.keys(DRIVERS) as readonly DriverName[]

/** Drivers behind which nothing leaves the machine. */
export const SIMULATED_DRIVERS: readonly DriverName[] = ['simulator']

/** Drivers that run programs of macOS. */
export const MAC_DRIVERS: readonly string[] = ['messages-app', 'imsg']

export function isDriverName(name: string): name is DriverName {
  return Object.hasOwn(DRIVERS, name)
}

/** @throws when the driver's settings are not what it wants */
export async function createDriver(name: DriverName, context: DriverContext): Promise<Driver> {
  const create = await DRIVERS[name]()
  return create(context)
}
