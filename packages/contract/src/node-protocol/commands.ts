/** What a gateway may ask of a node besides sending. None of it makes or repeats a message; what it needs of the driver is a capability. */
import { z } from 'zod'
import type { Capability } from './capabilities.ts'
import * as c from './common.ts'

/** As Messages names them, in the order of its menu. `emoji`: any other, where the driver can. */
export const REACTION_KINDS = ['love', 'like', 'dislike', 'laugh', 'emphasize', 'question', 'emoji'] as const
export type ReactionKind = (typeof REACTION_KINDS)[number]

/** Commands for the driver, and the capability that each needs. */
export const DRIVER_COMMANDS = {
  typing: 'typing', // to, on
  read: 'mark_read', // to
  react: 'reactions', // to, guid, part?, reaction, emoji?, on (false: taken back); with `emoji` it takes 'emoji_reactions'
  edit: 'edit', // to, guid, part?, body
  unsend: 'unsend', // to, guid, part?
  availability: 'availability', // to
  restart_messages: 'restart_messages',
} as const satisfies Record<string, Capability>
export type DriverCommandName = keyof typeof DRIVER_COMMANDS

export function isDriverCommand(name: CommandName): name is DriverCommandName {
  return Object.hasOwn(DRIVER_COMMANDS, name)
}

/** What the driver must have for it. */
export function capabilityFor(command: DriverCommandName, args: CommandArgs = {}): Capability {
  return command === 'react' && args.reaction === 'emoji' ? 'emoji_reactions' : DRIVER_COMMANDS[command]
}

/** `look_up`: what became of this attempt? Answered by a fact when something is known. `diagnose`: how are you? */
export const COMMANDS = ['look_up', 'diagnose', ...(Object.keys(DRIVER_COMMANDS) as DriverCommandName[])] as const
export type CommandName = (typeof COMMANDS)[number]

export const commandArgs = z.object({
  /** A person's address, or the id of a group. */
  to: c.address.optional(),
  /** Of the message that it is about. */
  guid: z.string().min(1).max(200).optional(),
  part: z.number().int().min(0).max(1000).optional(),
  on: z.boolean().optional(),
  reaction: z.enum(REACTION_KINDS).optional(),
  emoji: z.string().min(1).max(64).optional(),
  body: z.string().min(1).max(60_000).optional(),
})
export type CommandArgs = z.infer<typeof commandArgs>
