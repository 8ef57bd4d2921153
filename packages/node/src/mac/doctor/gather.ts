/** Puts together what the agent finds, what this command finds, and what is known of the agent. */
import { existsSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { FREE_BYTES_MIN } from '../../agent.ts'
import { freeBytesAt } from '../../ballast.ts'
import { AddressError } from '../../gateway-address.ts'
import { readNodeConfig } from '../../node-config.ts'
import type { NodeConfig } from '../../node-config.ts'
import { agentPaths } from '../agent-paths.ts'
import type { AgentPaths } from '../agent-paths.ts'
import { getFromGateway } from '../gateway-get.ts'
import { programOfPlist } from '../launch-agent-plist.ts'
import { pidInFolder } from '../launch-agent.ts'
import { Launchd } from '../launchd.ts'
import { askAgent, askForReport } from '../local-control.ts'
import type { AgentReport } from '../local-control.ts'
import type { MacHost } from '../mac-host.ts'
import { permitted } from './findings.ts'
import type { Findings, Permitted } from './findings.ts'
import { consoleUser, isCaffeinate, macosVersion, PERMITTED_WITHIN_MS, probePermitted } from './probe-mac.ts'
import { messagesFolder } from './messages-folder.ts'

const GATEWAY_MS = 10_000

export async function gather(host: MacHost, directory: string): Promise<Findings> {
  const paths = agentPaths(directory, host.home)
  const config = configOf(directory)
  const report = await askForReport(paths.socket)
  const [asked, user, macos, gateway, state, isAwakeProven] = await Promise.all([
    askPermitted({ host, paths, config, report }),
    consoleUser(host),
    macosVersion(host),
    probeGateway(config),
    new Launchd(host).state(paths.label),
    report?.awake.pid == null ? null : isCaffeinate(host, report.awake.pid),
  ])
  const holder = pidInFolder(directory)
  return {
    nowMs: Date.now(),
    directory,
    user: host.user,
    terminal: terminalOf(host),
    ...asked,
    agent: {
      label: paths.label,
      isInstalled: existsSync(paths.plist),
      missing: missingPrograms(paths),
      state,
      report,
      holder: holder === undefined ? null : (holder ?? 0),
    },
    consoleUser: user,
    isAwakeProven,
    macos,
    disk: diskOf(directory, config),
    gateway,
    sendsSms: config !== null && sendsSms(config),
  }
}

async function askPermitted(known: {
  host: MacHost
  paths: AgentPaths
  config: NodeConfig | null
  report: AgentReport | null
}): Promise<{ askedBy: Findings['askedBy']; permitted: Permitted }> {
  const { host, paths, config, report } = known
  const answer = report === null ? null : await askAgent(paths.socket, 'findings', PERMITTED_WITHIN_MS)
  const parsed = permitted.safeParse(answer)
  if (parsed.success) return { askedBy: 'agent', permitted: parsed.data }
  return { askedBy: 'here', permitted: await probePermitted(host, messagesFolder(host.home, config)) }
}

async function probeGateway(config: NodeConfig | null): Promise<Findings['gateway']> {
  if (config === null) return { kind: 'not_joined' }
  const { url, insecure } = config
  try {
    const answer = await getFromGateway(new URL(`${url}/healthz`), { insecure, timeoutMs: GATEWAY_MS })
    const atMs = Date.now()
    answer.destroy()
    if (answer.statusCode !== 200)
      return { kind: 'unreachable', url, why: `it answers with ${answer.statusCode ?? '?'}` }
    const theirs = Date.parse(answer.headers.date ?? '')
    // Its second began up to a second ago.
    return { kind: 'answers', url, skewMs: Number.isNaN(theirs) ? null : atMs - theirs - 500 }
  } catch (error) {
    return { kind: 'unreachable', url, why: whyUnreachable(error) }
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing answers at that address',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name cannot be looked up at the moment',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no network',
  ABORT_ERR: `it did not answer within ${GATEWAY_MS / 1000} s`,
}

function whyUnreachable(error: unknown): string {
  if (error instanceof AddressError) return error.message.replace(/\.$/, '')
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
  if (error instanceof Error && error.name === 'TimeoutError') return REASONS['ABORT_ERR'] ?? code
  if (/CERT|SIGNATURE|ISSUER/.test(code)) return `its certificate is not one that this Mac trusts (${code})`
  return REASONS[code] ?? code
}

function configOf(directory: string): NodeConfig | null {
  try {
    return readNodeConfig(directory)
  } catch {
    return null // the check of the gateway says it
  }
}

const linesOfSettings = z.object({ lines: z.array(z.object({ services: z.array(z.string()) })) })

function sendsSms(config: NodeConfig): boolean {
  const parsed = linesOfSettings.safeParse(config.driver.settings)
  return parsed.success && parsed.data.lines.some(({ services }) => services.includes('sms'))
}

function missingPrograms({ plist }: AgentPaths): string[] {
  const program = existsSync(plist) ? programOfPlist(readFileSync(plist, 'utf8')) : null
  return program ? [program.node, program.script].filter((path) => !existsSync(path)) : []
}

function diskOf(directory: string, config: NodeConfig | null): Findings['disk'] {
  try {
    return { freeBytes: freeBytesAt(directory), neededBytes: config?.free_bytes_min ?? FREE_BYTES_MIN }
  } catch {
    return null
  }
}

const TERMINALS: Readonly<Record<string, string>> = { Apple_Terminal: 'Terminal', 'iTerm.app': 'iTerm', vscode: 'Code' }

function terminalOf({ env }: MacHost): string {
  return TERMINALS[env['TERM_PROGRAM'] ?? ''] ?? 'this terminal'
}
