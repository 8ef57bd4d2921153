/** The table of docs/configuration.md, made from the settings themselves. */
import { SETTINGS } from '../../src/config/settings.ts'
import type { Setting } from '../../src/config/settings.ts'
import { allowedValues } from '../../src/config/values.ts'

export function settingsTable(): string {
  const settings: readonly Setting[] = SETTINGS
  const rows = settings.filter((setting) => setting.for !== 'internal').map(rowOf)
  return ['| setting | default | what it may be | what it does |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

function rowOf(setting: Setting): string {
  const byDefault = setting.default === null ? (setting.defaultNote ?? 'not set') : `\`${setting.default}\``
  const allowed = allowedValues(setting).replaceAll('|', '\\|')
  return `| \`${setting.name}\` | ${byDefault} | ${allowed} | ${setting.description} |`
}
