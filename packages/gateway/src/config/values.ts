/** How each kind of setting is written, read, and described to somebody who wrote it wrongly. */
import { isIP } from 'node:net'
import type { NumberSetting, Setting } from './settings.ts'

const DURATION_UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const SIZE_UNITS = { b: 1, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30, tib: 2 ** 40, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 }

/** Networks that a proxy list may name in words. */
const NETWORK_NAMES = ['loopback', 'linklocal', 'uniquelocal']

/** The value of a setting; undefined: it cannot be written so, or is out of range. */
export function parseValue(setting: Setting, text: string): unknown {
  switch (setting.kind) {
    case 'count':
      return inRange(setting, /^\d+$/.test(text) ? Number(text) : undefined)
    case 'duration':
      return inRange(setting, withUnit(text, DURATION_UNITS, DURATION_UNITS.s))
    case 'size':
      return inRange(setting, withUnit(text, SIZE_UNITS, 1))
    case 'rate':
      return text === 'unlimited' ? text : inRange(setting, withUnit(text, {}, 1))
    case 'choice':
      return setting.choices.includes(text) ? text : undefined
    case 'host':
      return /^[\w.:%-]+$/.test(text) ? text : undefined
    case 'path':
    case 'file':
      return text.includes('\0') ? undefined : text
    case 'line':
      // eslint-disable-next-line no-control-regex -- a control character would reach every recipient
      return text.length <= 200 && !/[\u0000-\u001f\u007f]/.test(text) ? text : undefined
    case 'key':
      return /^[0-9a-f]{64}$/i.test(text) ? text.toLowerCase() : undefined
    case 'url':
      return parsePublicUrl(text)
    case 'proxies':
      return parseProxies(text)
    default:
      return setting satisfies never
  }
}

/** What may stand there, to be read after "it must be". */
export function allowedValues(setting: Setting): string {
  switch (setting.kind) {
    case 'count':
      return `a whole number from ${setting.min} to ${setting.max}`
    case 'duration':
      return `a duration from ${durationText(setting.min)} to ${durationText(setting.max)}, written like 500ms, 4s, 5m, 4h or 90d (a bare number is seconds)`
    case 'size':
      return `a size from ${sizeText(setting.min)} to ${sizeText(setting.max)}, written like 32MiB or 1GiB (a bare number is bytes)`
    case 'rate':
      return `a number from ${setting.min} to ${setting.max}, or unlimited`
    case 'choice':
      return `one of ${setting.choices.join(', ')}`
    case 'host':
      return 'an IP address or host name'
    case 'path':
      return 'the path of a folder'
    case 'file':
      return 'the path of a file'
    case 'key':
      return '64 hexadecimal digits'
    case 'line':
      return 'one line of at most 200 characters'
    case 'url':
      return 'an address like https://bluewire.example.com: http or https, without user, query or fragment'
    case 'proxies':
      return `none, or a list of IP addresses, networks (10.0.0.0/8) and the words ${NETWORK_NAMES.join(', ')}, separated by commas`
    default:
      return setting satisfies never
  }
}

/** The longest unit in which the duration is a whole number: `90d`, `5m`, `0s`. */
export function durationText(ms: number): string {
  const units = Object.entries(DURATION_UNITS).reverse()
  const [unit, size] = (ms === 0 ? undefined : units.find(([, unitMs]) => ms % unitMs === 0)) ?? ['s', 1000]
  return `${ms / size}${unit}`
}

/** `256MiB`. */
export function sizeText(bytes: number): string {
  const units = [
    ['TiB', 2 ** 40],
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
    ['KiB', 2 ** 10],
  ] as const
  const unit = units.find(([, size]) => bytes >= size)
  return unit === undefined ? `${bytes}` : `${Math.round((bytes / unit[1]) * 10) / 10}${unit[0]}`
}

function withUnit(text: string, units: Readonly<Record<string, number>>, bare: number): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text)
  if (match === null) return undefined
  const unit = (match[2] ?? '').toLowerCase()
  const size = unit === '' ? bare : Object.hasOwn(units, unit) ? units[unit] : undefined
  return size === undefined ? undefined : Number(match[1]) * size
}

function inRange(setting: NumberSetting, value: number | undefined): number | undefined {
  if (value === undefined || !(value >= setting.min && value <= setting.max)) return undefined
  return setting.kind === 'rate' ? value : Math.round(value)
}

function parsePublicUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  // It is pasted into shells: nothing in it may need quoting.
  const isPlain = /^[\w.:[\]-]+$/.test(url.host) && /^[\w./~%-]*$/.test(url.pathname)
  const isMore = url.username + url.password + url.search + url.hash !== ''
  if (!isPlain || isMore || !['http:', 'https:'].includes(url.protocol)) return undefined
  return url.href.replace(/\/+$/, '')
}

function parseProxies(text: string): readonly string[] | undefined {
  if (text === 'none') return []
  const entries = text.split(',').map((entry) => entry.trim())
  return entries.every((entry) => NETWORK_NAMES.includes(entry) || isAddressOrNetwork(entry)) ? entries : undefined
}

function isAddressOrNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
}
