/** Proves: accepts stop before dispatch does, the file system is not asked more than ten times a second, and a disk that cannot be asked counts as full. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { VirtualClock } from '@bluewire/testkit/virtual-clock'
import { DiskGuard } from './disk-guard.ts'

function guard(freeBytes?: () => number, directory = '/nowhere') {
  const clock = new VirtualClock()
  const errors: unknown[] = []
  const disk = new DiskGuard({
    directory,
    acceptFreeBytes: 256,
    dispatchFreeBytes: 32,
    clock,
    onError: (error) => errors.push(error),
    ...(freeBytes === undefined ? {} : { freeBytes }),
  })
  return { clock, disk, errors }
}

test.each([
  [256, true, true],
  [255, false, true],
  [32, false, true],
  [31, false, false],
  [0, false, false],
])('with %i bytes free: accept %s, dispatch %s', (free, accept, dispatch) => {
  const { disk } = guard(() => free)
  expect([disk.mayAccept(), disk.mayDispatch()]).toEqual([accept, dispatch])
})

test('the file system is asked at most ten times a second', async () => {
  let asked = 0
  const { disk, clock } = guard(() => ++asked)
  for (let i = 0; i < 100; i++) {
    disk.mayAccept()
    disk.mayDispatch()
    await clock.advance(10)
  }
  expect(asked).toBeGreaterThan(5)
  expect(asked).toBeLessThanOrEqual(10)
})

test('a disk that cannot be asked counts as full, is told of once, and works again when it is back', async () => {
  const gone = guard(undefined, join(import.meta.dirname, 'no-such-directory'))
  expect([gone.disk.mayAccept(), gone.disk.mayDispatch()]).toEqual([false, false])
  expect(gone.errors).toHaveLength(1)

  let isThere = false
  const { disk, clock, errors } = guard(() => {
    if (!isThere) throw new Error('unmounted')
    return 1000
  })
  for (let i = 0; i < 5; i++) {
    expect([disk.mayAccept(), disk.mayDispatch()]).toEqual([false, false])
    await clock.advance(200)
  }
  expect(errors).toHaveLength(1)
  isThere = true
  expect(disk.mayAccept()).toBe(true)
  isThere = false
  await clock.advance(200)
  expect(disk.mayAccept()).toBe(false)
  expect(errors).toHaveLength(2)
})
