/** Settings and credentials of a provider as they are given on the command line. Credentials never are: arguments can be seen by everybody. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { ProviderId } from '@bluewire/contract/ids'
import type { ProviderKind } from '@bluewire/drivers/provider'
import { nearestName } from '@bluewire/platform/nearest-name'
import { keyRing, openSecrets, parseSettings, UnusableProvider } from '../providers/provider-settings.ts'
import type { ProviderRow } from '../store/providers-store.ts'
import { Refused } from './verb.ts'
import type { Call } from './verb.ts'

type Values = Record<string, unknown>
type Before = Pick<ProviderRow, 'settings'> & { secrets: string | Readonly<Record<string, string>> }

export type Setting = Readonly<{ name: string; required: boolean; help: string }>

/** What a schema takes, for people. */
export function settingsOf(schema: z.ZodType): Setting[] {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as {
    properties?: Record<string, { description?: string; default?: unknown; enum?: unknown[] }>
    required?: string[]
  }
  return Object.entries(json.properties ?? {}).map(([name, property]) => ({
    name,
    required: json.required?.includes(name) ?? false,
    help: [
      property.description ?? '',
      property.enum === undefined ? '' : `(${property.enum.join(', ')})`,
      property.default === undefined ? '' : `default ${JSON.stringify(property.default)}`,
    ]
      .filter((part) => part !== '')
      .join(' '),
  }))
}

/** Checked with the driver's own schemas, and the credentials encrypted. @throws Refused */
export async function sealed(
  call: Call,
  { id, kind, before }: { id: ProviderId; kind: ProviderKind; before: Before },
): Promise<{ settings: Values; secrets: string }> {
  const keys = keyRing(call.config)
  try {
    const settings = { ...before.settings, ...fileSettings(call), ...givenSettings(call, kind) }
    const known = typeof before.secrets === 'string' ? openedBefore(call, id, before.secrets) : before.secrets
    const secrets = { ...known, ...(await givenSecrets(call)) }
    parseSettings(kind.settings, settings)
    parseSettings(kind.secrets, secrets)
    if (Object.keys(secrets).length === 0) return { settings, secrets: '' }
    const opened = keys.read()
    if (opened === null) throw new Refused(keys.missing)
    return { settings, secrets: opened.box.seal(id, secrets) }
  } catch (error) {
    if (error instanceof UnusableProvider) throw new Refused(error.message)
    throw error
  }
}

/** Credentials that are set anew need not be read first: so a lost key can be got over. */
function openedBefore(call: Call, id: ProviderId, secrets: string): Record<string, string> {
  if (secrets === '') return {}
  try {
    return openSecrets(keyRing(call.config).read(), { id, secrets })
  } catch (error) {
    if (error instanceof UnusableProvider && call.given.list('secret') !== undefined) return {}
    throw error
  }
}

function fileSettings({ given }: Call): Values {
  const path = given.text('file')
  if (path === undefined) return {}
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Values
  } catch (error) {
    throw new Refused(
      `The settings file ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
  throw new Refused(`The settings file ${path} must hold one JSON object.`)
}

/** `--set port=2775` is a number, `--set tls=true` a flag, everything else text; a JSON object or list is taken as such. */
function givenSettings({ given }: Call, kind: ProviderKind): Values {
  const names = settingsOf(kind.settings).map((s) => s.name)
  const values: Values = {}
  for (const pair of given.list('set') ?? []) {
    const [, name, text] = /^([a-z0-9_]+)=(.*)$/s.exec(pair) ?? []
    if (name === undefined || text === undefined) throw new Refused(`--set ${pair}: it must be NAME=VALUE.`)
    if (!names.includes(name)) {
      const nearest = nearestName(name, names)
      throw new Refused(
        `There is no setting ${name}. ${nearest === null ? `There are: ${names.join(', ')}.` : `Did you mean ${nearest}?`}`,
      )
    }
    values[name] = valueOf(kind, name, text)
  }
  return values
}

/** The driver's schema decides how the text is read: a text that looks like a number stays one where text is wanted. */
function valueOf(kind: ProviderKind, name: string, text: string): unknown {
  const isTaken = (value: unknown): boolean => {
    const parsed = kind.settings.safeParse({ [name]: value })
    return parsed.success || !parsed.error.issues.some((issue) => issue.path[0] === name)
  }
  if (isTaken(text)) return text
  try {
    const value: unknown = JSON.parse(text)
    return isTaken(value) ? value : text
  } catch {
    return text
  }
}

async function givenSecrets({ given }: Call): Promise<Record<string, string>> {
  const names = given.list('secret') ?? []
  const secrets: Record<string, string> = {}
  let typed: string[] | null = null
  for (const name of names) {
    const fromEnvironment = process.env[`BLUEWIRE_SECRET_${name.toUpperCase()}`]
    if (fromEnvironment !== undefined && fromEnvironment !== '') secrets[name] = fromEnvironment
    else {
      typed ??= await linesOfStdin(names)
      secrets[name] = typed.shift() ?? ''
    }
    if (secrets[name] === '') throw new Refused(`The credential ${name} is empty.`)
  }
  return secrets
}

/** One line for each, in the order in which they were named. */
async function linesOfStdin(names: readonly string[]): Promise<string[]> {
  if (process.stdin.isTTY) process.stderr.write(`${names.join(', ')}, one a line, then Ctrl-D:\n`)
  let text = ''
  for await (const chunk of process.stdin.setEncoding('utf8')) text += String(chunk)
  return text.split('\n').map((line) => line.replace(/\r$/, ''))
}
