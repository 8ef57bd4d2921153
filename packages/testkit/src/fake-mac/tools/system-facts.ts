/** Tools that say what this Mac is: `sw_vers`, `ioreg`, `sysctl`, `stat`. */
import { statSync } from 'node:fs'
import { PRODUCT_VERSIONS } from '../mac-settings.ts'
import { dateText } from './ps.ts'
import type { ToolProgram } from './tool.ts'
import { readLetters } from './tool.ts'

export const swVers: ToolProgram = ({ settings, out, complain }, args) => {
  const { macos, build } = settings
  const facts = { ProductName: 'macOS', ProductVersion: PRODUCT_VERSIONS[macos], BuildVersion: build }
  const [asked] = args
  if (asked === undefined) {
    const gap = macos === '12' ? '\t' : '\t\t'
    for (const [name, value] of Object.entries(facts)) out(`${name}:${gap}${value}\n`)
    return 0
  }
  const dashes = macos === '12' ? /^-/ : /^--?/ // with two dashes since macOS 13
  const found = Object.entries(facts).find(([name]) => name.toLowerCase() === asked.replace(dashes, '').toLowerCase())
  if (found === undefined) {
    complain(`usage: sw_vers [--help|--productName|--productVersion|--productVersionExtra|--buildVersion]`)
    return 1
  }
  out(`${found[1]}\n`)
  return 0
}

export const ioreg: ToolProgram = ({ settings, out }, args) => {
  const { values } = readLetters(args, 'cdknw')
  if (values.get('c') !== 'IOPlatformExpertDevice') return 0 // nothing of that class
  out(`+-o Mac14,3  <class IOPlatformExpertDevice, id 0x100000274, registered, matched, active, busy 0 (0 ms), retain 40>
    {
      "IOPolledInterface" = "AppleARMWatchdogTimerHibernateHandler is not serializable"
      "#address-cells" = <02000000>
      "serial-number" = <46414b454d4143000000000000>
      "IOPlatformSerialNumber" = "FAKEMAC0001"
      "IOBusyInterest" = "IOCommand is not serializable"
      "platform-name" = <7438313132000000>
      "model" = <"Mac14,3">
      "IOPlatformUUID" = "${settings.platformUuid}"
      "manufacturer" = <"Apple Inc.">
    }

`)
  return 0
}

export const sysctl: ToolProgram = ({ settings, out, complain }, args) => {
  const { flags, rest } = readLetters(args, '')
  const [name = ''] = rest
  const seconds = Math.floor(settings.bootedAtMs / 1000)
  const facts: Readonly<Record<string, string>> = {
    'kern.bootsessionuuid': settings.bootSession,
    'kern.boottime': `{ sec = ${seconds}, usec = 0 } ${dateText(settings.bootedAtMs)}`,
    'kern.osproductversion': PRODUCT_VERSIONS[settings.macos],
    'hw.model': 'Mac14,3',
  }
  const value = facts[name]
  if (value === undefined) {
    complain(`sysctl: unknown oid '${name}'`)
    return 1
  }
  out(flags.has('n') ? `${value}\n` : `${name}: ${value}\n`)
  return 0
}

/** `stat -f FORMAT file...`, with the few formats that say who and how much. */
export const stat: ToolProgram = ({ settings, out, complain }, args) => {
  const { values, rest } = readLetters(args, 'ft')
  for (const path of rest) {
    const isConsole = path === '/dev/console'
    const stats = isConsole ? undefined : statSync(path, { throwIfNoEntry: false })
    if (!isConsole && stats === undefined) {
      complain(`stat: ${path}: stat: No such file or directory`)
      return 1
    }
    const facts: Readonly<Record<string, string>> = {
      '%Su': settings.consoleUser,
      '%u': String(stats?.uid ?? settings.machineUid),
      '%z': String(stats?.size ?? 0),
      '%m': String(Math.floor((stats?.mtimeMs ?? 0) / 1000)),
      '%N': path,
    }
    out(`${(values.get('f') ?? '%N').replace(/%S?[a-zA-Z]/g, (word) => facts[word] ?? word)}\n`)
  }
  return 0
}
