/** What was found on a Mac, before anybody says what it means. Everything in it may be shown: no text, no address of anybody. */
import { z } from 'zod'
import { agentReport } from '../local-control.ts'

/** Raised when an older agent's answer would be misread. */
export const FORMAT = 1

const chatDbFacts = z.object({
  maxRowId: z.number().nullable(),
  newestAtMs: z.number().nullable(),
  oldestAtMs: z.number().nullable(),
  /** When anything was last written to it or to its log. */
  writtenAtMs: z.number(),
  /** Of what this Mac sent in the last seven days, newest first, at most 200; 0 is sent. What is still being sent is left out. */
  errors: z.array(z.number().int()),
  lastSentAtMs: z.number().nullable(),
  /** Of the same: to an address of this Mac itself. */
  toItself: z.number().int(),
  /** Went out as text messages in the last 30 days, by Messages' own doing. */
  downgraded: z.number().int(),
})
export type ChatDbFacts = z.infer<typeof chatDbFacts>

export const chatDbFinding = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('readable'), facts: chatDbFacts }),
  /** macOS does not let this program read it. */
  z.object({ kind: z.literal('denied') }),
  z.object({ kind: z.literal('missing') }),
  z.object({ kind: z.literal('not_a_database') }),
  z.object({ kind: z.literal('locked') }),
  z.object({ kind: z.literal('unknown_schema'), missing: z.array(z.string()) }),
  z.object({ kind: z.literal('failed'), word: z.string() }),
])
export type ChatDbFinding = z.infer<typeof chatDbFinding>

const account = z.object({ service: z.string(), enabled: z.boolean(), connection: z.string() })

const accountsFinding = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('accounts'), accounts: z.array(account) }),
  z.object({ kind: z.literal('denied') }),
  z.object({ kind: z.literal('waiting_for_click') }),
  z.object({ kind: z.literal('failed'), number: z.number().nullable(), text: z.string() }),
  /** This is no session in which it could be answered. */
  z.object({ kind: z.literal('not_asked') }),
])
export type AccountsFinding = z.infer<typeof accountsFinding>

/** What depends on who asks: macOS gives its permissions to a program. */
export const permitted = z.object({
  format: z.literal(FORMAT),
  session: z.string().nullable(),
  messages: z.enum(['ran', 'was_opened', 'does_not_run', 'not_known']),
  accounts: accountsFinding,
  chatDb: chatDbFinding,
  node: z.object({
    path: z.string(),
    version: z.string(),
    signature: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('signed'), by: z.string() }),
      z.object({ kind: z.literal('ad_hoc') }),
      z.object({ kind: z.literal('none') }),
      z.object({ kind: z.literal('not_known') }),
    ]),
  }),
})
export type Permitted = z.infer<typeof permitted>

const agentState = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('running'), pid: z.number() }),
  z.object({ kind: z.literal('not_running'), lastExit: z.string().nullable() }),
  z.object({ kind: z.literal('absent') }),
  z.object({ kind: z.literal('failed'), detail: z.string() }),
])

export const findings = z.object({
  nowMs: z.number(),
  directory: z.string(),
  user: z.string(),
  /** What macOS calls the program of this terminal in its lists. */
  terminal: z.string(),
  /** The agent, or this command because no agent answers. */
  askedBy: z.enum(['agent', 'here']),
  permitted,
  agent: z.object({
    label: z.string(),
    isInstalled: z.boolean(),
    /** Programs that the plist names and that are not there. */
    missing: z.array(z.string()),
    state: agentState,
    report: agentReport.nullable(),
    /** The process that holds the node's folder; 0: one that cannot be named. */
    holder: z.number().nullable(),
  }),
  consoleUser: z.string().nullable(),
  /** The process that the agent says keeps the Mac awake is what it should be. Null: not known. */
  isAwakeProven: z.boolean().nullable(),
  macos: z.string().nullable(),
  disk: z.object({ freeBytes: z.number(), neededBytes: z.number() }).nullable(),
  gateway: z.discriminatedUnion('kind', [
    /** `skewMs`: this Mac's clock is so much ahead of the gateway's. Null: it did not say. */
    z.object({ kind: z.literal('answers'), url: z.string(), skewMs: z.number().nullable() }),
    z.object({ kind: z.literal('unreachable'), url: z.string(), why: z.string() }),
    z.object({ kind: z.literal('not_joined') }),
  ]),
  sendsSms: z.boolean(),
})
export type Findings = z.infer<typeof findings>
