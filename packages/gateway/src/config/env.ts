/** Reads the environment: nothing is decided here, and nothing is refused before everything was read. */
import { nearestName } from '@bluewire/platform/nearest-name'
import { allowedValues, parseValue } from './values.ts'
import { SETTINGS } from './settings.ts'
import type { Setting } from './settings.ts'

const PREFIX = 'BLUEWIRE_'
/** How a credential of a provider is handed to the admin command: not a setting. */
const CREDENTIAL_PREFIX = 'BLUEWIRE_SECRET_'

/** One or more settings that cannot be used. The message is for the person who set them: one line each. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

type TypeOf<S extends Setting> = S extends { choices: readonly (infer Choice)[] }
  ? Choice
  : S['kind'] extends 'count' | 'duration' | 'size'
    ? number
    : S['kind'] extends 'rate'
      ? number | 'unlimited'
      : S['kind'] extends 'proxies'
        ? readonly string[]
        : string

/** What each setting was set to, or its default. */
export type RawEnv = {
  readonly [S in (typeof SETTINGS)[number] as S['name']]: S['default'] extends null ? TypeOf<S> | undefined : TypeOf<S>
}

/** `env` holds the defaults where something is wrong; use it only when `problems` is empty. */
export function readEnv(variables: Readonly<Record<string, string | undefined>>): { env: RawEnv; problems: string[] } {
  const values: Record<string, unknown> = {}
  const problems = unknownNames(Object.keys(variables))
  for (const setting of SETTINGS) {
    const { name, text } = given(setting, variables)
    const fallback = setting.default === null ? undefined : parseValue(setting, setting.default)
    if (text === undefined) {
      values[setting.name] = fallback
      continue
    }
    const value = parseValue(setting, text)
    // A key that was mistyped is a key all the same: it is not repeated.
    const shown = setting.kind === 'key' ? 'set' : quoted(text)
    if (value === undefined) problems.push(`${name} is ${shown}, but it must be ${allowedValues(setting)}.`)
    values[setting.name] = value ?? fallback
  }
  return { env: values as RawEnv, problems }
}

/** An empty variable counts as not set, except where an empty text means something. */
function given(
  setting: Setting,
  variables: Readonly<Record<string, string | undefined>>,
): { name: string; text: string | undefined } {
  for (const name of setting.otherwise === undefined ? [setting.name] : [setting.name, setting.otherwise]) {
    const text = variables[name]?.trim()
    if (text !== undefined && (text !== '' || setting.kind === 'line')) return { name, text }
  }
  return { name: setting.name, text: undefined }
}

function unknownNames(names: readonly string[]): string[] {
  const known: readonly string[] = SETTINGS.map((setting) => setting.name)
  const offered = SETTINGS.filter((setting) => setting.for !== 'internal').map((setting) => withoutPrefix(setting.name))
  return names
    .filter((name) => name.startsWith(PREFIX) && !known.includes(name) && !name.startsWith(CREDENTIAL_PREFIX))
    .map((name) => {
      const nearest = nearestName(withoutPrefix(name), offered)
      const advice =
        nearest === null ? 'All settings are in docs/configuration.md.' : `Did you mean ${PREFIX}${nearest}?`
      return `${name} is not a setting. ${advice}`
    })
}

/**
 * Sentences about names that are settings but for their case. They are no settings, and other programs may have names in small letters;
 * but more likely somebody wonders why nothing changes.
 */
export function namesInWrongCase(variables: Readonly<Record<string, string | undefined>>): string[] {
  const known: readonly string[] = SETTINGS.map((setting) => setting.name)
  return Object.keys(variables)
    .filter((name) => !name.startsWith(PREFIX) && known.includes(name.toUpperCase()))
    .map((name) => `${name} is not read: names of settings are in capitals. Did you mean ${name.toUpperCase()}?`)
}

function withoutPrefix(name: string): string {
  return name.slice(PREFIX.length)
}

function quoted(text: string): string {
  const short = text.length > 60 ? `${text.slice(0, 60)}…` : text
  return JSON.stringify(short)
}
