/** `GET /enterprise/availability/sms`: the hosted service's one answer about nodes. It tells of every line of the account. */
import { availabilityAnswer } from '@bluewire/contract/api/availability'
import type { AvailabilityAnswer } from '@bluewire/contract/api/availability'
import type { FastifyInstance } from 'fastify'
import type { LineView } from '../../store/store.ts'
import type { AuthHook } from '../auth.ts'
import { callerOf } from '../http-deps.ts'
import type { HttpDeps } from '../http-deps.ts'
import { describe } from '../openapi.ts'

export function getAvailability(app: FastifyInstance, deps: HttpDeps, mayCall: AuthHook): void {
  app.get(
    '/enterprise/availability/sms',
    { schema: SCHEMA, onRequest: mayCall },
    async (request): Promise<AvailabilityAnswer> => {
      const lines = await deps.store.lines(callerOf(request).account.id)
      return { code: 200, message: 'Availability retrieved', crumbs: lines.map(availabilityOf) }
    },
  )
}

/** `good` is claimed only of a node that is connected and has proven that it works. */
function availabilityOf(line: LineView): AvailabilityAnswer['crumbs'][number] {
  const online = line.node === null || line.node.online
  return {
    phoneNumber: line.address,
    available: line.sends && online && !line.paused && !line.suspended,
    health: line.node !== null && line.node.online && line.node.health === 'ok' ? 'good' : 'unknown',
  }
}

const SCHEMA = describe({
  id: 'getAvailability',
  summary: 'Which lines can send now',
  description: 'Every line of the account, whatever it sends.',
  scope: 'lines:read',
  answer: availabilityAnswer,
  errors: [401, 403, 429],
})
