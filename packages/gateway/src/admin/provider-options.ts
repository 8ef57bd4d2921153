/** Settings and credentials of a provider as they are given on the command line, from words to what is stored. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { ProviderId } from '@bluewire/contract/ids'
import type { ProviderKind } from '@bluewire/drivers/provider'
import { nearestName } from '@bluewire/platform/nearest-name'
import { usableSettings } from '../providers/make-provider.ts'
import { keyRing, openSecrets, parseSettings, UnusableProvider } from '../providers/provider-settings.ts'
import type { ProviderRow } from '../store/providers-store.ts'
import { givenSecrets, refuseValue } from './provider-secrets.ts'
import { Refused } from './verb.ts'
import type { Call } from './verb.ts'

type Values = Record<string, unknown>

export type Setting = Readonly<{ name: string; required: boolean; help: string }>

/** What a provider has before: nothing, when it is new. */
export type Before = Readonly<{ id: ProviderId; kind: ProviderKind; row: Pick<ProviderRow, 'settings' | 'secrets'> }>

export const NOTHING: Before['row'] = { settings: {}, secrets: '' }

/** Only what was given. `forgotten`: credentials that could not be read any more are not among them. */
export type Sealed = Readonly<{ settings?: Values; secrets?: string; forgotten: boolean }>

type Schema = {
  properties?: Record<string, { description?: string; default?: unknown; enum?: unknown[] }>
  required?: string[]
}

/** What a schema takes, for people. Null: names are free. */
export function settingsOf(schema: z.ZodType): Setting[] | null {
  const { properties, required } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Schema
  if (properties === undefined) return null
  return Object.entries(properties).map(([name, { description = '', default: byDefault, enum: choices }]) => ({
    name,
    required: required?.includes(name) ?? false,
    help: [
      description,
      choices === undefined ? '' : `(${choices.join(', ')})`,
      byDefault === undefined || /by default/.test(description) ? '' : `(default: ${JSON.stringify(byDefault)})`,
    ]
      .filter((part) => part !== '')
      .join(' '),
  }))
}

/** Checked with the driver's own schemas, and the credentials encrypted. @throws Refused */
export async function sealed(call: Call, before: Before): Promise<Sealed> {
  try {
    refuseUnknown(call, before.kind)
    const settings = settingsAfter(call, before)
    const after = { ...(settings === undefined ? {} : { settings }), ...(await secretsAfter(call, before)) }
    refuseTogether(call, before, after)
    return after
  } catch (error) {
    if (error instanceof UnusableProvider) throw new Refused(error.message)
    throw error
  }
}

/** Each may be right by itself. Credentials that cannot be read now are looked at when their key is back. */
function refuseTogether(call: Call, { id, kind, row }: Before, after: Sealed): void {
  const { settings, secrets } = { ...row, ...after }
  let opened: Record<string, string>
  try {
    opened = openSecrets(keyRing(call.config), { id, secrets })
  } catch (error) {
    if (error instanceof UnusableProvider) return
    throw error
  }
  usableSettings(kind, settings, opened)
}

/** Before anything is asked for. In the errors stands what was before `=` at most: the rest may be a credential. */
function refuseUnknown({ given }: Call, kind: ProviderKind): void {
  const secrets = settingsOf(kind.secrets)?.map((s) => s.name) ?? null
  const settings = settingsOf(kind.settings)?.map((s) => s.name) ?? null
  for (const name of given.list('secret') ?? []) {
    refuseValue(name)
    refuseUnlessIn(secrets, 'credential', name)
  }
  for (const pair of given.list('set') ?? []) {
    const [name = ''] = pair.split('=', 1)
    if (!pair.includes('=')) throw new Refused('--set takes NAME=VALUE.')
    if (secrets?.includes(name))
      throw new Refused(
        `${name} is a credential: give its name alone, --secret ${name}. What was typed here may have been seen by others: better change it.`,
      )
    refuseUnlessIn(settings, 'setting', name)
  }
  for (const name of given.list('secret') ?? []) if (!name.includes('=')) refuseUnlessIn(secrets, 'credential', name)
  for (const name of given.list('unset') ?? [])
    if (secrets !== null) refuseUnlessIn([...(settings ?? []), ...secrets], 'setting or credential', name)
}

function refuseUnlessIn(known: readonly string[] | null, what: string, name: string): void {
  if (known === null || known.includes(name)) return
  const nearest = nearestName(name, known)
  const all = known.length === 0 ? 'The driver has none.' : `There are: ${known.join(', ')}.`
  throw new Refused(`There is no ${what} ${name}. ${nearest === null ? all : `Did you mean ${nearest}?`}`)
}

/** Undefined: they stay as they are. */
function settingsAfter(call: Call, { kind, row }: Before): Values | undefined {
  const given = { ...fileSettings(call, kind), ...givenSettings(call, kind) }
  const kept = withoutUnset(call, row.settings)
  if (
    row !== NOTHING &&
    Object.keys(given).length === 0 &&
    Object.keys(kept).length === Object.keys(row.settings).length
  )
    return undefined
  const settings = { ...kept, ...given }
  parseSettings(kind.settings, settings)
  return settings
}

async function secretsAfter(call: Call, before: Before): Promise<Omit<Sealed, 'settings'>> {
  const { id, kind, row } = before
  const settings = settingsOf(kind.settings)?.map((s) => s.name) ?? []
  const isAsked =
    call.given.list('secret') !== undefined || call.given.list('unset')?.some((name) => !settings.includes(name))
  if (row !== NOTHING && isAsked !== true) return { forgotten: false }
  const { known, forgotten } = knownSecrets(call, before)
  const kept = withoutUnset(call, known)
  const secrets = { ...kept, ...(await givenSecrets(call)) }
  parseSettings(kind.secrets, secrets, 'credentials')
  if (Object.keys(secrets).length === 0) return { secrets: '', forgotten }
  const keys = keyRing(call.config)
  const opened = keys.read()
  if (opened === null) throw new Refused(keys.missing)
  return { secrets: opened.box.seal(id, secrets), forgotten }
}

/** Credentials that are set anew need not be read first: so a lost key can be got over. */
function knownSecrets(call: Call, { id, row }: Before): { known: Record<string, string>; forgotten: boolean } {
  if (row.secrets === '') return { known: {}, forgotten: false }
  try {
    return { known: openSecrets(keyRing(call.config), { id, secrets: row.secrets }), forgotten: false }
  } catch (error) {
    if (error instanceof UnusableProvider && call.given.list('secret') !== undefined)
      return { known: {}, forgotten: true }
    throw error
  }
}

function withoutUnset<T>({ given }: Call, values: Readonly<Record<string, T>>): Record<string, T> {
  const unset = given.list('unset') ?? []
  return Object.fromEntries(Object.entries(values).filter(([name]) => !unset.includes(name)))
}

function fileSettings({ given }: Call, kind: ProviderKind): Values {
  const path = given.text('file')
  if (path === undefined) return {}
  const values = objectIn(path)
  const known = settingsOf(kind.settings)?.map((s) => s.name) ?? null
  for (const name of Object.keys(values)) refuseUnlessIn(known, 'setting', name)
  return values
}

/** What JSON.parse says would repeat a piece of the file. */
function objectIn(path: string): Values {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new Refused(`The settings file ${path} cannot be read (${why}).`)
  }
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Values
  } catch {
    // refused below
  }
  throw new Refused(`The settings file ${path} must hold one JSON object.`)
}

function givenSettings({ given }: Call, kind: ProviderKind): Values {
  const pairs = (given.list('set') ?? []).map((pair) => {
    const at = pair.indexOf('=')
    return [pair.slice(0, at), pair.slice(at + 1)] as const
  })
  const twice = pairs.find(([name], i) => pairs.findIndex(([other]) => other === name) !== i)
  if (twice !== undefined) throw new Refused(`--set names ${twice[0]} twice.`)
  return Object.fromEntries(pairs.map(([name, text]) => [name, valueOf(kind, name, text)]))
}

/**
 * The driver's schema decides how the text is read: a text that looks like a number stays one where text is wanted; otherwise
 * `port=2775` is a number, `tls=true` a flag, and `{…}` an object.
 */
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
