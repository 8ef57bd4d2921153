/** What the driver is set up with. */
import { isAbsolute } from 'node:path'
import { z } from 'zod'
import * as c from '@bluewire/contract/node-protocol/common'

const line = z.strictObject({
  address: c.address,
  services: z.array(c.service).min(1).max(2),
  /** Left out: the first line of the settings sends, and the others only receive. */
  sends: z.boolean().optional(),
})

export const imsgSettings = z.strictObject({
  /** A PATH that somebody changed must not choose the program. */
  path: z
    .string()
    .refine(isAbsolute, 'must be an absolute path, like /opt/homebrew/bin/imsg')
    .default('/usr/local/bin/imsg'),
  lines: z
    .array(line)
    .min(1)
    .max(50)
    // Messages chooses the address of an Apple account by itself, so texts for a second line would leave from the first (PROTOCOL, hole 19).
    .refine((lines) => lines.filter(({ sends }) => sends === true).length <= 1, {
      message: 'only one line may send: imsg cannot choose among the addresses of one Apple account',
    }),
  /** Whose numbers are meant by numbers without +. */
  region: z
    .string()
    .regex(/^[A-Z]{2}$/, 'must be two capital letters, like US')
    .default('US'),
})
export type ImsgSettings = z.infer<typeof imsgSettings>

export type ImsgLine = Readonly<{ address: string; services: ('imessage' | 'sms')[]; sends: boolean }>

export function linesOf({ lines }: ImsgSettings): readonly ImsgLine[] {
  const chosen = lines.some(({ sends }) => sends !== undefined)
  return lines.map(({ address, services, sends }, i) => ({
    address,
    services,
    sends: chosen ? sends === true : i === 0,
  }))
}
