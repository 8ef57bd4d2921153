/** Tools that keep something: `defaults`, `pmset`, `tmutil`. What they keep is in `state`. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Language } from '../mac-settings.ts'
import { liveProcesses } from '../processes.ts'
import type { ToolContext, ToolProgram } from './tool.ts'

type Domains = Record<string, Record<string, string>>

const GLOBAL = ['-g', '-globalDomain', 'NSGlobalDomain']
const LANGUAGES: Readonly<Record<Language, string>> = { en: 'en-US', fr: 'fr-FR', zh: 'zh-Hans-CN', de: 'de-DE' }

export const defaults: ToolProgram = (context, args) => {
  const [verb, said = '', key, ...value] = args
  const domain = GLOBAL.includes(said) ? 'NSGlobalDomain' : said
  const domains: Domains = read(context, 'defaults.json') ?? {
    NSGlobalDomain: { AppleLanguages: `(\n    "${LANGUAGES[context.settings.language]}"\n)` },
  }
  const known = domains[domain]
  switch (verb) {
    case 'read': {
      const found = key === undefined ? known && printed(known) : known?.[key]
      if (found === undefined) return absent(context, key === undefined ? `Domain ${domain}` : pair(domain, key))
      context.out(`${found}\n`)
      return 0
    }
    case 'write':
      if (key === undefined) return usage(context)
      keep(context, 'defaults.json', { ...domains, [domain]: { ...known, [key]: stored(value) } })
      return 0
    case 'delete': {
      if (key === undefined || known?.[key] === undefined) return absent(context, pair(domain, key ?? ''))
      const { [key]: _, ...others } = known
      keep(context, 'defaults.json', { ...domains, [domain]: others })
      return 0
    }
    default:
      return usage(context)
  }
}

/** As `defaults read` prints it. */
function stored([type, ...values]: readonly string[]): string {
  const [value = ''] = values
  if (type === '-bool' || type === '-boolean') return /^(?:yes|true|1)$/i.test(value) ? '1' : '0'
  if (type?.startsWith('-') === true) return value
  return type ?? ''
}

function printed(domain: Readonly<Record<string, string>>): string {
  return `{\n${Object.entries(domain)
    .map(([key, value]) => `    ${key} = ${value};\n`)
    .join('')}}`
}

function pair(domain: string, key: string): string {
  return `The domain/default pair of (${domain}, ${key})`
}

function absent({ complain }: ToolContext, what: string): number {
  const stamp = new Date().toISOString().replace('T', ' ').replace('Z', '')
  complain(`${stamp} defaults[${process.pid}:${process.pid * 7}] \n${what} does not exist`)
  return 1
}

function usage({ complain }: ToolContext): number {
  complain(
    "Command line interface to a user's defaults.\nSyntax:\n\n'defaults' [-currentHost | -host <hostname>] followed by one of the following:",
  )
  return 255
}

const POWER: Readonly<Record<string, string>> = {
  standby: '1',
  powernap: '1',
  networkoversleep: '0',
  disksleep: '10',
  sleep: '1',
  hibernatemode: '3',
  ttyskeepawake: '1',
  displaysleep: '10',
  tcpkeepalive: '1',
  womp: '1',
  autorestart: '0',
}
const ASSERTIONS = {
  d: 'PreventUserIdleDisplaySleep',
  i: 'PreventUserIdleSystemSleep',
  m: 'PreventDiskIdle',
  s: 'PreventSystemSleep',
  u: 'UserIsActive',
}

export const pmset: ToolProgram = (context, args) => {
  const [first, second] = args
  if (first === '-g') return second === 'assertions' ? assertions(context) : showPower(context)
  if (process.env['FAKE_MAC_ROOT'] !== '1') {
    context.complain("'pmset' must be run as root...") // nobody is, unless a test says so
    return 1
  }
  const power = { ...(read<Record<string, string>>(context, 'pmset.json') ?? POWER) }
  for (let i = 1; i + 1 < args.length; i += 2) power[args[i] ?? ''] = args[i + 1] ?? ''
  keep(context, 'pmset.json', power)
  return 0
}

function showPower(context: ToolContext): number {
  const power = read<Record<string, string>>(context, 'pmset.json') ?? POWER
  const isAwake = liveProcesses(context.folder).some(({ name }) => name === 'caffeinate')
  context.out('System-wide power settings:\nCurrently in use:\n')
  for (const [name, value] of Object.entries(power)) {
    const note = name === 'sleep' && isAwake ? ' (sleep prevented by caffeinate)' : ''
    context.out(` ${name.padEnd(20)} ${value}${note}\n`)
  }
  return 0
}

function assertions({ folder, out }: ToolContext): number {
  const running = liveProcesses(folder).filter(({ name }) => name === 'caffeinate')
  const letters = new Set(running.flatMap(({ command }) => [...(/ -([dimsu]+)/.exec(command)?.[1] ?? 'i')]))
  const at = new Date().toISOString().slice(0, 19).replace('T', ' ')
  out(`${at} +0000 \nAssertion status system-wide:\n`)
  for (const [letter, name] of Object.entries(ASSERTIONS)) out(`   ${name.padEnd(30)} ${letters.has(letter) ? 1 : 0}\n`)
  out('Listed by owning process:\n')
  for (const { pid } of running) {
    out(
      `   pid ${pid}(caffeinate): [0x0000000100018f8d] 00:00:01 PreventUserIdleSystemSleep named: "caffeinate command-line tool" \n`,
    )
  }
  return 0
}

export const tmutil: ToolProgram = (context, args) => {
  const [verb, ...words] = args
  const path = resolve(words.find((word) => !word.startsWith('-')) ?? '')
  const excluded = read<string[]>(context, 'time-machine.json') ?? []
  const { complain, out } = context
  switch (verb) {
    case 'addexclusion':
      if (words.includes('-p')) {
        complain('tmutil: addexclusion with the -p or -v option must be run as root.') // a fixed path belongs to the whole machine
        return 80
      }
      if (!existsSync(path)) {
        complain(`${path}: The operation couldn’t be completed. (OSStatus error -43.)`)
        return 1
      }
      keep(context, 'time-machine.json', [...new Set([...excluded, path])])
      return 0
    case 'removeexclusion':
      keep(
        context,
        'time-machine.json',
        excluded.filter((one) => one !== path),
      )
      return 0
    case 'isexcluded':
      out(`[${excluded.includes(path) ? 'Excluded' : 'Included'}]    ${path}\n`)
      return 0
    default:
      complain(`tmutil: Unrecognized verb '${verb ?? ''}'.`)
      return 1
  }
}

function read<T>({ paths }: ToolContext, file: string): T | undefined {
  const path = join(paths.state, file)
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : undefined
}

function keep({ paths }: ToolContext, file: string, value: unknown): void {
  writeFileSync(join(paths.state, file), JSON.stringify(value))
}
