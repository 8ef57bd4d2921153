/** Every noun there is, in the order of the help. */
import { account } from './account.ts'
import { audit } from './audit.ts'
import { backup } from './backup.ts'
import { enrol } from './enrol.ts'
import { entitlement } from './entitlement.ts'
import { key } from './key.ts'
import { line } from './line.ts'
import { node } from './node.ts'
import { provider } from './provider.ts'
import { recovery } from './recovery.ts'
import { token } from './token.ts'
import type { Noun } from './verb.ts'

export const NOUNS: readonly Noun[] = [
  account,
  token,
  entitlement,
  enrol,
  node,
  provider,
  line,
  key,
  audit,
  backup,
  recovery,
]
