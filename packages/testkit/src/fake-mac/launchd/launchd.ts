/** The launchd of one user's graphical session: the domain `gui/UID`. */
import type { MacSettings } from '../mac-settings.ts'
import { readSettings } from '../mac-settings.ts'
import { macPaths } from '../mac-folder.ts'
import { readLaunchAgent } from './launch-agent.ts'
import { printService } from './print-service.ts'
import { endedWithin, Service } from './service.ts'

export type LaunchdQuestion =
  | Readonly<{ verb: 'bootstrap'; path: string }>
  | Readonly<{ verb: 'bootout' | 'print'; label: string }>
  | Readonly<{ verb: 'bootout_path'; path: string }>
  | Readonly<{ verb: 'kickstart'; label: string; kill: boolean }>
  | Readonly<{ verb: 'kill'; label: string; signal: NodeJS.Signals }>
  | Readonly<{ verb: 'enable' | 'disable'; label: string }>
  | Readonly<{ verb: 'setenv'; name: string; value: string | null }>
  | Readonly<{ verb: 'getenv'; name: string }>
  | Readonly<{ verb: 'list' | 'print_disabled' }>

export type LaunchdAnswer = Readonly<{ code: number; out?: string; complaint?: string }>

export const NOT_FOUND = 113
const INPUT_OUTPUT = 5
const NO_PROCESS = 3
const IN_PROGRESS = 36
/** `launchctl bootout` comes back before a slow program has ended. */
const BOOTOUT_WAITS_MS = 1000
const OK: LaunchdAnswer = { code: 0 }

export class Launchd {
  readonly #folder: string
  readonly #services = new Map<string, Service>()
  readonly #disabled = new Map<string, boolean>()
  readonly #environment = new Map<string, string>()

  constructor(folder: string) {
    this.#folder = folder
  }

  killAll(): void {
    for (const service of this.#services.values()) service.killNow()
  }

  async answer(question: LaunchdQuestion): Promise<LaunchdAnswer> {
    switch (question.verb) {
      case 'bootstrap':
        return this.#bootstrap(question.path)
      case 'bootout':
        return this.#bootout(question.label)
      case 'bootout_path':
        return this.#bootout(
          [...this.#services.values()].find(({ agent }) => agent.path === question.path)?.agent.label ?? '',
        )
      case 'kickstart':
        return this.#kickstart(question)
      case 'kill':
        return this.#found(question.label, (service) => service.signal(question.signal))
      case 'print':
        return this.#print(question.label)
      case 'list':
        return { code: 0, out: this.#list() }
      case 'enable':
      case 'disable':
        this.#disabled.set(question.label, question.verb === 'disable')
        return OK
      case 'print_disabled':
        return { code: 0, out: this.#printDisabled() }
      case 'setenv':
        if (question.value === null) this.#environment.delete(question.name)
        else this.#environment.set(question.name, question.value)
        return OK
      case 'getenv': {
        const value = this.#environment.get(question.name)
        return value === undefined ? { code: 1 } : { code: 0, out: `${value}\n` }
      }
      default:
        return question satisfies never
    }
  }

  #bootstrap(path: string): LaunchdAnswer {
    const failed = {
      code: INPUT_OUTPUT,
      complaint: 'Bootstrap failed: 5: Input/output error\nTry re-running the command as root for richer errors.',
    }
    try {
      const agent = readLaunchAgent(path)
      if (this.#services.has(agent.label) || this.#disabled.get(agent.label) === true) return failed
      const service = new Service(agent, { folder: this.#folder, environment: () => this.#sessionEnvironment() })
      this.#services.set(agent.label, service)
      if (agent.runAtLoad || agent.keepAlive.afterSuccess || agent.keepAlive.afterFailure) service.start()
      return OK
    } catch {
      return failed
    }
  }

  async #bootout(label: string): Promise<LaunchdAnswer> {
    const service = this.#services.get(label)
    if (service === undefined) return { code: NO_PROCESS, complaint: 'Boot-out failed: 3: No such process' }
    const ended = service.remove().then(() => void this.#services.delete(label)) // until then its label is taken
    if (await endedWithin(ended, BOOTOUT_WAITS_MS)) return OK
    return { code: IN_PROGRESS, complaint: 'Boot-out failed: 36: Operation now in progress' }
  }

  async #kickstart({ label, kill }: { label: string; kill: boolean }): Promise<LaunchdAnswer> {
    const service = this.#services.get(label)
    if (service === undefined) return { code: NOT_FOUND, complaint: this.#notFound(label) }
    if (kill) await service.restart()
    else service.start()
    return { code: 0, ...(service.pid === undefined ? {} : { out: String(service.pid) }) }
  }

  #print(label: string): LaunchdAnswer {
    const service = this.#services.get(label)
    if (service === undefined) return { code: NOT_FOUND, complaint: `Bad request.\n${this.#notFound(label)}` }
    return { code: 0, out: printService(service, this.#settings.machineUid) }
  }

  #found(label: string, what: (service: Service) => void): LaunchdAnswer {
    const service = this.#services.get(label)
    if (service === undefined) return { code: NOT_FOUND, complaint: this.#notFound(label) }
    what(service)
    return OK
  }

  #notFound(label: string): string {
    return `Could not find service "${label}" in domain for user gui: ${this.#settings.machineUid}`
  }

  #list(): string {
    const lines = [...this.#services.values()].map(({ agent, pid, lastExit }) => {
      const status =
        lastExit === null ? 0 : 'code' in lastExit ? lastExit.code : -(SIGNAL_NUMBERS[lastExit.signal] ?? 1)
      return `${pid ?? '-'}\t${status}\t${agent.label}\n`
    })
    return `PID\tStatus\tLabel\n${lines.join('')}`
  }

  #printDisabled(): string {
    const lines = [...this.#disabled].map(
      ([label, isDisabled]) => `\t\t"${label}" => ${isDisabled ? 'disabled' : 'enabled'}\n`,
    )
    return `\n\tdisabled services = {\n${lines.join('')}\t}\n\n`
  }

  /** Nothing of whoever started launchd, and nothing of a shell. BLUEWIRE_MAC_TOOLS stands for where macOS has its tools. */
  #sessionEnvironment(): Record<string, string> {
    const { home, bin, state } = macPaths(this.#folder)
    const { consoleUser } = this.#settings
    return {
      PATH: '/usr/bin:/bin:/usr/sbin:/sbin',
      HOME: home,
      USER: consoleUser,
      LOGNAME: consoleUser,
      SHELL: '/bin/zsh',
      TMPDIR: state,
      BLUEWIRE_MAC_TOOLS: bin,
      ...Object.fromEntries(this.#environment),
    }
  }

  get #settings(): MacSettings {
    return readSettings(this.#folder)
  }
}

const SIGNAL_NUMBERS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
}
