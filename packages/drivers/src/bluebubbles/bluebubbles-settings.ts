/** The settings of the driver `bluebubbles`, as they stand in node.json. */
import { z } from 'zod'
import * as c from '@bluewire/contract/node-protocol/common'
import { timings } from './timings.ts'

const line = z.object({ address: c.address, services: z.array(c.service).min(1).max(2) })

export const METHODS = ['auto', 'private-api', 'apple-script'] as const

export const blueBubblesSettings = z.strictObject({
  /** Where BlueBubbles listens; its own default, on this Mac. */
  url: z
    .url({ protocol: /^https?$/, error: 'must begin with http:// or https://, like http://127.0.0.1:1234' })
    .refine(isPlain, 'must have no user name, no password and no ? or #: the password has a setting of its own')
    .default('http://127.0.0.1:1234'),
  /** In plain text, as BlueBubbles wants it: node.json is readable by its owner only. Empty: nothing is sent until it is there. */
  password: z.string().max(1_000).default(''),
  /** BlueBubbles cannot choose the address it sends from: each service belongs to one line (PROTOCOL hole 19). */
  lines: z
    .array(line)
    .min(1)
    .max(2)
    .refine(isEachServiceOnce, 'must name each service once: BlueBubbles cannot choose'),
  /** `auto`: the private API where BlueBubbles has it when the node starts, else AppleScript. */
  method: z.enum(METHODS).default('auto'),
  timings,
})
export type BlueBubblesSettings = z.infer<typeof blueBubblesSettings>

/** @throws Error with a sentence for the operator */
export function parseSettings(settings: unknown): BlueBubblesSettings {
  const parsed = blueBubblesSettings.safeParse(settings)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const where = issue?.path.map(String).join('.') ?? ''
  throw new Error(
    `The settings of the driver bluebubbles are not right: ${where || 'they'}: ${issue?.message ?? 'malformed'}. Correct them in node.json.`,
  )
}

function isPlain(url: string): boolean {
  if (!URL.canParse(url)) return true // said already
  const { username, password, search, hash } = new URL(url)
  return `${username}${password}${search}${hash}` === ''
}

function isEachServiceOnce(lines: ReadonlyArray<z.infer<typeof line>>): boolean {
  const services = lines.flatMap((one) => one.services)
  return new Set(services).size === services.length
}
