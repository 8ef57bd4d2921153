/** Asks macOS and Messages what the checks need, everything at once and each with a time limit: all of it is over within 15 s. */
import { basename } from 'node:path'
import { probeAccounts } from '@bluewire/drivers/messages-app/accounts-probe'
import { runTool } from '@bluewire/platform/run-tool'
import { Launchd } from '../launchd.ts'
import type { MacHost } from '../mac-host.ts'
import { nodeSignature } from '../node-binary.ts'
import { FORMAT } from './findings.ts'
import type { AccountsFinding, Permitted } from './findings.ts'
import { probeChatDb } from './probe-chat-db.ts'

const TOOL_MS = 5_000
/** After the agent has been asked, it needs no longer than this to answer. */
export const PERMITTED_WITHIN_MS = 15_000

const MESSAGES_BUNDLE = 'com.apple.MobileSMS'

/** What the program that calls this may do and see; macOS answers each program by its own permissions. */
export async function probePermitted(host: MacHost, messagesFolder: string): Promise<Permitted> {
  const session = await new Launchd(host).session()
  const [messaging, signature] = await Promise.all([
    probeMessages(host, session),
    nodeSignature(host.node, host.tools.codesign),
  ])
  return {
    format: FORMAT,
    session,
    ...messaging,
    chatDb: probeChatDb(messagesFolder, Date.now()),
    node: { path: host.node, version: process.versions.node, signature },
  }
}

async function probeMessages(host: MacHost, session: string | null): Promise<Pick<Permitted, 'messages' | 'accounts'>> {
  // Elsewhere it would fail in some way that says nothing about the agent (MACOS 5.1).
  if (session !== 'Aqua') return { messages: 'not_known', accounts: { kind: 'not_asked' } }
  const before = await isMessagesRunning(host)
  // Asking Messages starts it too, but slowly and in front of everything (MACOS 1.5).
  if (before === false) await runTool(host.tools.open, ['-gjb', MESSAGES_BUNDLE], { timeoutMs: TOOL_MS })
  const accounts = accountsFinding(await probeAccounts(host.tools))
  if (before !== false) return { messages: before === null ? 'not_known' : 'ran', accounts }
  return { messages: (await isMessagesRunning(host)) === true ? 'was_opened' : 'does_not_run', accounts }
}

/** Null: not known. */
async function isMessagesRunning({ tools, uid }: MacHost): Promise<boolean | null> {
  const asked = await runTool(tools.pgrep, ['-U', String(uid), '-x', 'Messages'], { timeoutMs: TOOL_MS })
  if (asked.kind !== 'ended' || (asked.code !== 0 && asked.code !== 1)) return null
  return asked.code === 0
}

/** Without their descriptions, which are addresses. */
function accountsFinding(probe: Awaited<ReturnType<typeof probeAccounts>>): AccountsFinding {
  if (probe.kind !== 'accounts') return probe
  const accounts = probe.accounts.map(({ service, enabled, connection }) => ({ service, enabled, connection }))
  return { kind: 'accounts', accounts }
}

/** The user whose session is at the screen; `root` while nobody is logged in. Null: not known. */
export function consoleUser({ tools }: MacHost): Promise<string | null> {
  return firstLine(tools.stat, ['-f', '%Su', '/dev/console'])
}

export function macosVersion({ tools }: MacHost): Promise<string | null> {
  return firstLine(tools.swVers, ['-productVersion'])
}

/** Whether this process is caffeinate. Null: not known. */
export async function isCaffeinate({ tools }: MacHost, pid: number): Promise<boolean | null> {
  const asked = await runTool(tools.ps, ['-o', 'comm=', '-p', String(pid)], { timeoutMs: TOOL_MS })
  if (asked.kind !== 'ended') return null
  return basename(asked.stdout.trim()) === basename(tools.caffeinate)
}

async function firstLine(tool: string, args: readonly string[]): Promise<string | null> {
  const asked = await runTool(tool, args, { timeoutMs: TOOL_MS })
  if (asked.kind !== 'ended' || asked.code !== 0) return null
  const line = asked.stdout.trim().split('\n')[0] ?? ''
  return line === '' ? null : line
}
