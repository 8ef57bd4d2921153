/** What a LaunchAgent asks of launchd. */
import { readFileSync } from 'node:fs'
import type { Plist } from './plist.ts'
import { parsePlist } from './plist.ts'

export type LaunchAgent = Readonly<{
  path: string
  label: string
  /** The program and its arguments. */
  words: readonly string[]
  environment: Readonly<Record<string, string>>
  workingDirectory?: string
  stdoutPath?: string
  stderrPath?: string
  runAtLoad: boolean
  /** Which ends make it start again. */
  keepAlive: Readonly<{ afterSuccess: boolean; afterFailure: boolean }>
  /** Seconds between two starts. */
  throttleInterval: number
  /** Seconds from SIGTERM to SIGKILL. */
  exitTimeOut: number
  processType: string
  sessionType: string
}>

const THROTTLE_S = 10
const EXIT_TIMEOUT_S = 5

/** Throws when launchd would not take it. */
export function readLaunchAgent(path: string): LaunchAgent {
  const plist = parsePlist(readFileSync(path, 'utf8'))
  if (typeof plist !== 'object' || Array.isArray(plist)) throw new Error('It is no dictionary.')
  const keys = plist as Readonly<Record<string, Plist>>
  const label = stringOf(keys['Label'])
  const words = (keys['ProgramArguments'] ?? (keys['Program'] === undefined ? [] : [keys['Program']])) as string[]
  if (label === undefined || words.length === 0) throw new Error('It has no label or no program.')
  const workingDirectory = stringOf(keys['WorkingDirectory'])
  const stdoutPath = stringOf(keys['StandardOutPath'])
  const stderrPath = stringOf(keys['StandardErrorPath'])
  return {
    path,
    label,
    words: [stringOf(keys['Program']) ?? words[0] ?? '', ...words.slice(1)],
    environment: (keys['EnvironmentVariables'] ?? {}) as Record<string, string>,
    ...(workingDirectory === undefined ? {} : { workingDirectory }),
    ...(stdoutPath === undefined ? {} : { stdoutPath }),
    ...(stderrPath === undefined ? {} : { stderrPath }),
    runAtLoad: keys['RunAtLoad'] === true,
    keepAlive: keepAliveOf(keys['KeepAlive']),
    throttleInterval: numberOf(keys['ThrottleInterval']) ?? THROTTLE_S,
    exitTimeOut: numberOf(keys['ExitTimeOut']) ?? EXIT_TIMEOUT_S,
    processType: stringOf(keys['ProcessType']) ?? 'Standard',
    sessionType: stringOf(keys['LimitLoadToSessionType']) ?? 'Aqua',
  }
}

function keepAliveOf(value: Plist | undefined): LaunchAgent['keepAlive'] {
  if (typeof value !== 'object') return { afterSuccess: value === true, afterFailure: value === true }
  const { SuccessfulExit: success, Crashed: crashed } = value as Readonly<Record<string, Plist>>
  if (success !== undefined) return { afterSuccess: success === true, afterFailure: success === false }
  return { afterSuccess: crashed === false, afterFailure: crashed === true }
}

function stringOf(value: Plist | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function numberOf(value: Plist | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined
}
