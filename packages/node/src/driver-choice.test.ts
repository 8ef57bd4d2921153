/** Proves: a Mac's own drivers are refused elsewhere, with what to do, and without a Mac there is the simulator. */
import { expect, test } from 'vitest'
import { isDriverName } from '@bluewire/drivers/registry'
import { driverFor } from './driver-choice.ts'

const LINUX = { platform: 'linux', macTools: undefined }
const MAC = { platform: 'darwin', macTools: undefined }
const STOOD_IN = { platform: 'linux', macTools: '/tmp/tools' }

test('without a wish: what the machine has', () => {
  expect(driverFor(undefined, LINUX)).toBe('simulator')
  for (const machine of [MAC, STOOD_IN])
    expect(driverFor(undefined, machine)).toBe(isDriverName('messages-app') ? 'messages-app' : 'simulator')
})

test.each(['messages-app', 'imsg'])('%s on something that is no Mac', (name) => {
  expect(() => driverFor(name, LINUX)).toThrow(
    `The driver ${name} sends with the Messages app of macOS, and this machine is no Mac (linux). ` +
      'Run the command on the Mac that is to send; for a try without one there is --driver simulator.',
  )
})

test('a driver that there is not', () => {
  expect(() => driverFor('pigeon', MAC)).toThrow(/^There is no driver named pigeon\. There is: .*simulator/)
  expect(driverFor('simulator', MAC)).toBe('simulator')
})
