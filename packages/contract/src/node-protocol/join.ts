/** `POST /node/join`: a one-time code is exchanged for the node's own credential, which is bound to the machine. */
import { z } from 'zod'
import * as c from './common.ts'

export const joinRequest = z.object({
  code: z.string().min(1).max(100),
  name: z.string().min(1).max(64),
  /** Hardware identity and user: on a Mac IOPlatformUUID and uid. */
  machine: z.string().min(1).max(200),
  driver: c.word,
  simulated: z.boolean(),
})

export const joinResponse = z.object({
  node: c.nodeId,
  /** Shown once; the gateway keeps only its hash. Sent as `Authorization: Bearer ...` when connecting. */
  credential: z.string(),
})

export type JoinRequest = z.infer<typeof joinRequest>
export type JoinResponse = z.infer<typeof joinResponse>
