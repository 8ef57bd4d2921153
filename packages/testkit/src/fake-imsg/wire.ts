/** What the stand-in for imsg and the Mac behind it say to each other, over the socket `mac.sock`, a JSON object a line. */
import type { ImsgVersion } from './rpc-methods.ts'

export type Disposition = 'not_started' | 'may_have_completed' | 'still_in_flight'

export type RpcError = Readonly<{
  code: number
  message: string
  data?: string | Readonly<Record<string, unknown>>
}>

export type ToMac = Readonly<{ id: number; method: string; params: Readonly<Record<string, unknown>> }>

export type FromMac =
  | Readonly<{ kind: 'hello'; version: ImsgVersion }>
  | Readonly<{ kind: 'answer'; id: number; result?: unknown; error?: RpcError }>
  /** To standard output as it is: a line, or so many bytes without an end. */
  | Readonly<{ kind: 'write'; line?: string; bytes?: number }>
  | Readonly<{ kind: 'end'; how: 'exit' | 'stop'; code?: number }>

/** A failure that says how far it got, as imsg 0.14 and newer do. */
export function deliveryFailure(disposition: Disposition): RpcError {
  const isSafe = disposition === 'not_started'
  return {
    code: isSafe ? -32603 : -32001,
    message: isSafe ? 'Delivery failed before dispatch' : 'Delivery outcome unknown',
    data: {
      retry_safe: isSafe,
      disposition,
      transport: 'applescript',
      operation: 'send',
      detail: 'as the test wants it',
    },
  }
}
