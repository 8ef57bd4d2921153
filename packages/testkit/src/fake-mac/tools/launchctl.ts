import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as passed } from 'node:timers/promises'
import { askJsonLine, isNobodyThere } from '../json-lines.ts'
import type { LaunchdAnswer, LaunchdQuestion } from '../launchd/launchd.ts'
import { programEnv } from '../program.ts'
import type { ToolContext, ToolProgram } from './tool.ts'

const UNSUPPORTED = 125
const USAGE = 64
const STARTS_WITHIN_MS = 20_000
const LOOK_AGAIN_MS = 20

export const launchctl: ToolProgram = async (context, args) => {
  const { settings, out, complain } = context
  const [verb = '', ...words] = args
  if (verb === 'managername') {
    out(`${settings.session}\n`)
    return 0
  }
  if (verb === 'manageruid') {
    out(`${settings.machineUid}\n`)
    return 0
  }
  const question = questionOf(verb, words)
  if (question === undefined) {
    complain(`Unrecognized subcommand: ${verb}`)
    return USAGE
  }
  const domain = domainIn(words)
  if (domain !== undefined && !(settings.session === 'Aqua' && domain === `gui/${settings.machineUid}`)) {
    const what = { bootstrap: 'Bootstrap failed', bootout: 'Boot-out failed' }[verb] ?? `Could not ${verb} service`
    complain(`${what}: 125: Domain does not support specified action`)
    return UNSUPPORTED
  }
  const answer = await ask(context, question)
  if (answer.complaint !== undefined) complain(answer.complaint)
  if (verb === 'kickstart') {
    if (words.some((word) => /^-[a-z]*p/.test(word)) && answer.out !== undefined)
      out(`service spawned with pid: ${answer.out}\n`)
  } else if (answer.out !== undefined) {
    out(verb === 'list' && words[0] !== undefined ? listed(answer.out, words[0]) : answer.out)
  }
  return answer.code
}

function questionOf(verb: string, words: readonly string[]): LaunchdQuestion | undefined {
  const target = words.find((word) => word.startsWith('gui/') || word.startsWith('user/')) ?? ''
  const label = target.split('/').slice(2).join('/')
  const path = words.find((word) => word.endsWith('.plist'))
  switch (verb) {
    case 'bootstrap':
      return path === undefined ? undefined : { verb, path: resolve(path) }
    case 'bootout':
      return path === undefined ? { verb, label } : { verb: 'bootout_path', path: resolve(path) }
    case 'kickstart':
      return { verb, label, kill: words.some((word) => /^-[a-z]*k/.test(word)) }
    case 'kill':
      return { verb, label, signal: `SIG${(words[0] ?? 'TERM').replace(/^SIG/, '')}` as NodeJS.Signals }
    case 'print':
    case 'enable':
    case 'disable':
      return { verb, label }
    case 'print-disabled':
      return { verb: 'print_disabled' }
    case 'list':
      return { verb }
    case 'setenv':
      return { verb, name: words[0] ?? '', value: words[1] ?? '' }
    case 'unsetenv':
      return { verb: 'setenv', name: words[0] ?? '', value: null }
    case 'getenv':
      return { verb, name: words[0] ?? '' }
    default:
      return undefined
  }
}

function domainIn(words: readonly string[]): string | undefined {
  return words
    .find((word) => /^(?:gui|user|system)\b/.test(word))
    ?.split('/')
    .slice(0, 2)
    .join('/')
}

/** `launchctl list LABEL`. */
function listed(list: string, label: string): string {
  const line = list.split('\n').find((one) => one.endsWith(`\t${label}`))
  const [pid, status] = line?.split('\t') ?? []
  const running = pid === undefined || pid === '-' ? '' : `\t"PID" = ${pid};\n`
  return `{\n\t"LimitLoadToSessionType" = "Aqua";\n\t"Label" = "${label}";\n\t"OnDemand" = false;\n\t"LastExitStatus" = ${status ?? 0};\n${running}};\n`
}

async function ask(context: ToolContext, question: LaunchdQuestion): Promise<LaunchdAnswer> {
  const { launchdSocket, stopped } = context.paths
  const deadlineMs = performance.now() + STARTS_WITHIN_MS
  let isStarted = false
  for (;;) {
    try {
      return ((await askJsonLine(launchdSocket, question)) ?? { code: 1 }) as LaunchdAnswer
    } catch (error) {
      if (!isNobodyThere(error) || existsSync(stopped) || performance.now() > deadlineMs) throw error
    }
    if (!isStarted) startLaunchd(context)
    isStarted = true
    await passed(LOOK_AGAIN_MS)
  }
}

function startLaunchd({ folder, paths }: ToolContext): void {
  const log = openSync(paths.log, 'a')
  spawn(process.execPath, [join(import.meta.dirname, '..', 'launchd-main.ts'), folder], {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: folder,
    env: programEnv(),
  }).unref()
  closeSync(log)
}
