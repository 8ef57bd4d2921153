/** The bus of a single gateway. Proves: the conformance suite. */
import { InProcessBus } from '../../src/bus/in-process-bus.ts'
import { exerciseBus } from './conformance.ts'

exerciseBus('in-process', () => {
  const errors: unknown[] = []
  const bus = new InProcessBus((error) => errors.push(error))
  return Promise.resolve({ ends: [bus, bus], errors })
})
