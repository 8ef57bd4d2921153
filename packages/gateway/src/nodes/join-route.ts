/** `POST /node/join`: the one thing a machine can do that has no credential yet. */
import { randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { BluewireError } from '@bluewire/contract/errors'
import { joinRequest } from '@bluewire/contract/node-protocol/join'
import type { JoinResponse } from '@bluewire/contract/node-protocol/join'
import type { Ulid } from '@bluewire/contract/ids'
import { programName } from '@bluewire/platform/program-name'
import { enrolmentCodeHash } from '../accounts/enrolment-codes.ts'
import type { Store } from '../store/store.ts'
import { hashCredential } from './node-server.ts'

const CREDENTIAL_BYTES = 32

export function registerJoinRoute(app: FastifyInstance, deps: { store: Store; ulid: Ulid }): void {
  app.post('/node/join', { schema: { hide: true } }, async (request): Promise<JoinResponse> => {
    const parsed = joinRequest.safeParse(request.body)
    if (!parsed.success) {
      const issue = parsed.error.issues[0]
      const field = issue?.path.join('.') ?? ''
      const reason = `${field === '' ? 'The body' : `The field ${field}`} is missing or not what a node sends when it joins.`
      throw new BluewireError('wrong_type', `${reason} Join with the program bluewire-node of this version.`)
    }
    const { code, name, machine, driver, simulated } = parsed.data
    const credential = `bwnode_${randomBytes(CREDENTIAL_BYTES).toString('base64url')}`
    const codeHash = enrolmentCodeHash(code)
    const node = {
      id: `node_${deps.ulid()}`,
      name,
      credentialHash: hashCredential(credential),
      machine,
      driver,
      simulated,
    } as const
    const joined = codeHash === null ? undefined : await deps.store.redeemEnrolment({ codeHash, node })
    if (joined === undefined) {
      throw new BluewireError(
        'enrolment_refused',
        `This enrolment code is not valid: it was mistyped, used already, or is older than 15 minutes. Make a new one with \`${programName('bluewire-gateway')} enrol\`.`,
      )
    }
    return { node: joined.node, credential }
  })
}
