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
      return {
        code: 200,
        message: 'Availability retrieved',
        crumbs: lines.map((line) => availabilityOf(line, deps.clock.nowMs())),
      }
    },
  )
}

/** Without a send, and so without evidence, for longer: nobody knows whether Messages still works there. */
const PROOF_MS_MAX = 24 * 3600_000

function availabilityOf(line: LineView, nowMs: number): AvailabilityAnswer['crumbs'][number] {
  const online = line.node === null || line.node.online
  return {
    phoneNumber: line.address,
    available: line.sends && online && !line.paused && !line.suspended,
    health: isProven(line.node, nowMs) ? 'good' : 'unknown',
  }
}

/** R8: a green node is proven green. The proof is dated by the node's own clock, which may be off either way. */
function isProven(node: LineView['node'], nowMs: number): boolean {
  if (node === null || !node.online || node.health !== 'ok' || node.provenAtMs === null) return false
  return Math.abs(nowMs - node.provenAtMs) <= PROOF_MS_MAX
}

const SCHEMA = describe({
  id: 'getAvailability',
  summary: 'Which lines can send now',
  description:
    'Every line of the account, whatever it sends. `health` is `good` only while its node is connected, says that it is well, and has had evidence ' +
    'within the last 24 h that it can send; else it is `unknown`.',
  scope: 'lines:read',
  answer: availabilityAnswer,
  errors: [401, 403, 429],
})
