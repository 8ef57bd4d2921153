/**
 * Where the oracle reads a text from a damaged blob and we do not, or another one. Each was looked at; anything else that a fuzz finds fails
 * it. In all of them what stands in the blob is nothing that a Mac writes, and no text is the better answer.
 */
import { readAttributedBody } from '@bluewire/drivers/messages-app/attributed-body'
import type { OracleBody } from './oracle.ts'

export type Disagreement = Readonly<{
  name: string
  why: string
  explains(blob: Uint8Array, oracle: OracleBody): boolean
}>

const SIGNATURE = 'streamtyped'
/** The header begins with the version and the length of the signature; each can be written in five bytes. */
const SIGNATURE_END_MAX = 2 * 5 + SIGNATURE.length

export const DISAGREEMENTS: readonly Disagreement[] = [
  {
    name: 'signature',
    why: 'The oracle reads on behind any 11 bytes of signature, and takes numbers for big-endian then. We want `streamtyped`.',
    explains: (blob) => !Buffer.from(blob.subarray(0, SIGNATURE_END_MAX)).includes(SIGNATURE),
  },
  {
    name: 'high bit of a name',
    why: 'The oracle drops the highest bit of types and class names, so that 0xC0 is an `@`. We compare whole bytes.',
    explains: (_, { asSeen, text }) => readAttributedBody(asSeen)?.text === text,
  },
]
