/** The file that tells launchd how to run a node: made, and read again. */
import type { AgentPaths } from './agent-paths.ts'
import { MacError, TOOLS_VARIABLE } from './mac-host.ts'
import type { Environment, MacHost } from './mac-host.ts'

/** Of the shell that installs: a process of launchd has none of it, and the link obeys these. */
const PASSED_ON = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY', 'NODE_EXTRA_CA_CERTS', TOOLS_VARIABLE]
const SYSTEM_PATH = '/usr/bin:/bin:/usr/sbin:/sbin'
/** Seconds between two starts of an agent that keeps ending (MACOS 5.1). */
const THROTTLE_SECONDS = 10

type Value = string | number | boolean | readonly string[] | Readonly<Record<string, string>>

type Program = Readonly<{ node: string; script: string; directory: string }>

/** @throws MacError when something of it cannot stand in XML */
export function launchAgentPlist(paths: AgentPaths, program: Program, host: MacHost): string {
  const { node, script, directory } = program
  const keys: Readonly<Record<string, Value>> = {
    Label: paths.label,
    ProgramArguments: [node, script, 'run', '--launchd', '--dir', directory],
    EnvironmentVariables: environment(host),
    WorkingDirectory: directory,
    RunAtLoad: true,
    KeepAlive: true,
    ThrottleInterval: THROTTLE_SECONDS,
    // Without it macOS slows background processes down (MACOS 5.1).
    ProcessType: 'Interactive',
    // Nowhere else may a program talk to Messages (MACOS 5.1).
    LimitLoadToSessionType: 'Aqua',
    StandardOutPath: paths.printed,
    StandardErrorPath: paths.printed,
  }
  const body = Object.entries(keys).map(([key, value]) => `  <key>${key}</key>\n  ${xmlOf(value)}\n`)
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
${body.join('')}</dict>
</plist>
`
}

/** What a file of ours runs; null when it is none of ours. */
export function programOfPlist(plist: string): Program | null {
  const list = /<key>ProgramArguments<\/key>\s*<array>([\s\S]*?)<\/array>/.exec(plist)?.[1] ?? ''
  const words = [...list.matchAll(/<string>([\s\S]*?)<\/string>/g)].map(([, text = '']) => unescaped(text))
  const [node, script, verb, , , directory] = words
  if (node === undefined || script === undefined || directory === undefined || verb !== 'run') return null
  return { node, script, directory }
}

function environment({ home, user, env }: MacHost): Record<string, string> {
  const passed = PASSED_ON.flatMap((name) => [name, name.toLowerCase()]).flatMap((name) => {
    const value = env[name]
    return value === undefined || value === '' ? [] : [[name, value] as const]
  })
  return {
    HOME: home,
    USER: user,
    LOGNAME: user,
    PATH: SYSTEM_PATH,
    LANG: localeOf(env),
    ...Object.fromEntries(passed),
  }
}

/** UTF-8, so that no program reads a text as something else. */
function localeOf(env: Environment): string {
  const given = env['LANG'] ?? ''
  return /\.utf-?8$/i.test(given) ? given : 'en_US.UTF-8'
}

function xmlOf(value: Value): string {
  if (typeof value === 'boolean') return value ? '<true/>' : '<false/>'
  if (typeof value === 'number') return `<integer>${value}</integer>`
  if (typeof value === 'string') return `<string>${escaped(value)}</string>`
  if (isList(value)) return `<array>\n${value.map((text) => `    ${xmlOf(text)}\n`).join('')}  </array>`
  const entries = Object.entries(value).map(([key, text]) => `    <key>${escaped(key)}</key>\n    ${xmlOf(text)}\n`)
  return `<dict>\n${entries.join('')}  </dict>`
}

function isList(value: readonly string[] | Readonly<Record<string, string>>): value is readonly string[] {
  return Array.isArray(value)
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

function escaped(text: string): string {
  // XML 1.0 has no way to write these at all, and a tab or a line break would be read as a blank.
  if (/\p{Cc}|\p{Cs}|[\uFFFE\uFFFF]/u.test(text))
    throw new MacError(`${JSON.stringify(text)} has characters that launchd cannot be told. Use another name.`)
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
}

function unescaped(text: string): string {
  const characters = Object.entries(ENTITIES)
  return text.replaceAll(/&\w+;/g, (entity) => characters.find(([, name]) => name === entity)?.[0] ?? entity)
}
