/** `launchctl print gui/UID/LABEL`, as read on a Mac: one tab in, and blocks one tab deeper that have a `state` and a `pid` of their own. */
import type { LastExit, Service } from './service.ts'

const SIGNAL_TEXTS: Readonly<Record<string, string>> = {
  SIGHUP: 'Hangup: 1',
  SIGINT: 'Interrupt: 2',
  SIGABRT: 'Abort trap: 6',
  SIGKILL: 'Killed: 9',
  SIGSEGV: 'Segmentation fault: 11',
  SIGTERM: 'Terminated: 15',
}
const SPAWN_TYPES: Readonly<Record<string, string>> = {
  Standard: 'daemon (3)',
  Interactive: 'interactive (4)',
  Adaptive: 'adaptive (6)',
  Background: 'background (5)',
}

export function printService(service: Service, uid: number): string {
  const { agent, pid, state, runs, lastExit } = service
  const lines = [
    `active count = ${pid === undefined ? 0 : 1}`,
    `path = ${agent.path}`,
    'type = LaunchAgent',
    `state = ${state}`,
    '',
    `program = ${agent.words[0] ?? ''}`,
    ...block('arguments', agent.words),
    ...(agent.workingDirectory === undefined ? [] : [`working directory = ${agent.workingDirectory}`, '']),
    ...(agent.stdoutPath === undefined ? [] : [`stdout path = ${agent.stdoutPath}`]),
    ...(agent.stderrPath === undefined ? [] : [`stderr path = ${agent.stderrPath}`]),
    ...block('inherited environment', ['SSH_AUTH_SOCK => /private/tmp/com.apple.launchd.fake/Listeners']),
    ...block('default environment', ['PATH => /usr/bin:/bin:/usr/sbin:/sbin']),
    ...block(
      'environment',
      Object.entries({ ...agent.environment, XPC_SERVICE_NAME: agent.label }).map(
        ([name, value]) => `${name} => ${value}`,
      ),
    ),
    `domain = gui/${uid} [100005]`,
    'asid = 100005',
    `minimum runtime = ${agent.throttleInterval}`,
    `exit timeout = ${agent.exitTimeOut}`,
    `runs = ${runs}`,
    ...(pid === undefined ? [] : [`pid = ${pid}`]),
    `immediate reason = ${agent.runAtLoad ? 'speculative' : 'inefficient'}`,
    'forks = 0',
    `execs = ${pid === undefined ? 0 : 1}`,
    ...exitLines(lastExit),
    '',
    ...block('jetsam coalition', ['ID = 1235', 'type = jetsam', 'state = active', 'active count = 1', 'name = fake']),
    `spawn type = ${SPAWN_TYPES[agent.processType] ?? 'daemon (3)'}`,
    `properties = ${properties(service)}`,
  ]
  const text = lines.map((line) => (line === '' ? '' : `\t${line}`)).join('\n')
  return `gui/${uid}/${agent.label} = {\n${text}\n}\n`
}

function block(name: string, lines: readonly string[]): string[] {
  return [`${name} = {`, ...lines.map((line) => `\t${line}`), '}', '']
}

function exitLines(lastExit: LastExit): string[] {
  if (lastExit === null) return ['last exit code = (never exited)']
  if ('signal' in lastExit) return [`last terminating signal = ${SIGNAL_TEXTS[lastExit.signal] ?? lastExit.signal}`]
  if (lastExit.code === 78) return ['last exit code = 78: EX_CONFIG', '', 'job state = spawn failed']
  return [`last exit code = ${lastExit.code}`]
}

function properties({ agent }: Service): string {
  const keepsAlive = agent.keepAlive.afterSuccess || agent.keepAlive.afterFailure
  const words = [...(keepsAlive ? ['keepalive'] : []), ...(agent.runAtLoad ? ['runatload'] : []), 'inferred program']
  return words.join(' | ')
}
