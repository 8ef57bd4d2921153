/** `GET /enterprise/availability/sms`: the hosted service's one answer about nodes. It tells of every line of the account. */
import { availabilityAnswer } from '@bluewire/contract/api/availability'
import type { AvailabilityAnswer } from '@bluewire/contract/api/availability'
import { standingOf } from '@bluewire/engine/node-health'
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
      return {
        code: 200,
        message: 'Availability retrieved',
        crumbs: lines.map((line) => availabilityOf(line, deps.clock.nowMs())),
      }
    },
  )
}

function availabilityOf(line: LineView, nowMs: number): AvailabilityAnswer['crumbs'][number] {
  const works = line.node === null || (line.node.online && line.node.hold === null)
  return {
    phoneNumber: line.address,
    available: line.sends && works && !line.paused && !line.suspended,
    health: isProven(line.node, nowMs) ? 'good' : 'unknown',
  }
}

/** R8: a green node is proven green. A provider is worked by this gateway, which hears of it at once. */
function isProven(node: LineView['node'], nowMs: number): boolean {
  if (node === null) return false
  const healthAtMs = node.isProvider ? nowMs : node.healthAtMs
  return node.hold === null && standingOf({ ...node, healthAtMs }, nowMs) === 'good'
}

const SCHEMA = describe({
  id: 'getAvailability',
  summary: 'Which lines can send now',
  description:
    'Every line of the account, whatever it sends. `health` is `good` only while its node is connected, said within the last minutes that it is well, and has had ' +
    'evidence within the last 24 h that it can send; else it is `unknown`.',
  scope: 'lines:read',
  answer: availabilityAnswer,
  errors: [401, 403, 429],
})
