/** A macOS user who has nothing but a Terminal, Node.js and what every Mac has: an empty home, a PATH of basic programs, a graphical session. */
import {
  accessSync,
  chmodSync,
  constants,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterEach } from 'vitest'
import { expectGone, newFolder, run } from '../start/command.ts'

const LAUNCHCTL = join(import.meta.dirname, 'launchctl.ts')
/** Until the agent has the command `install` of its own. */
const INSTALL_STAND_IN = join(import.meta.dirname, 'install-stand-in.ts')
const BASIC = ['cat', 'chmod', 'curl', 'cut', 'dash', 'mkdir', 'mktemp', 'mv', 'rm', 'sed', 'tr', 'uname']
export const CHECKERS = ['shasum', 'sha256sum', 'openssl']

export type Found = Readonly<{ code: number | null; stdout: string; stderr: string }>

const users: MacUser[] = []
/** What launchd started survives nothing. */
afterEach(async () => {
  for (const user of users.splice(0)) await user.logOut()
})

export class MacUser {
  readonly home: string
  readonly bin: string
  readonly tools: string
  readonly #state: string

  /** `checkers`: which programs for checksums there are. */
  constructor({ checkers = CHECKERS }: { checkers?: readonly string[] } = {}) {
    const folder = newFolder()
    this.home = join(folder, `home of Ann's & "co"`)
    this.bin = join(folder, 'bin')
    this.tools = join(folder, 'tools')
    this.#state = join(folder, 'state')
    for (const path of [this.home, this.bin, this.tools, this.#state]) mkdirSync(path)
    for (const name of [...BASIC, ...checkers]) symlinkSync(programHere(name), join(this.bin, name))
    symlinkSync(programHere('bash'), join(this.bin, 'sh')) // by that name it behaves as macOS's does
    symlinkSync(process.execPath, join(this.bin, 'node'))
    this.tool('id', 'echo 501')
    this.logInAs('Aqua')
    const session = `case $1 in managername) exec cat '${join(this.#state, 'session')}' ;; esac`
    this.tool('launchctl', `${session}\nexec '${process.execPath}' '${LAUNCHCTL}' '${this.#state}' "$@"`)
    users.push(this)
  }

  get root(): string {
    return join(this.home, 'Library/Application Support/Bluewire')
  }

  /** A program of macOS, as a script for sh. */
  tool(name: string, script: string): void {
    this.#script(join(this.tools, name), script)
  }

  /** What `node` in the PATH is. */
  putNode(script: string): void {
    this.#script(join(this.bin, 'node'), script)
  }

  /** The kind of session, as launchctl calls it. */
  logInAs(session: string): void {
    writeFileSync(join(this.#state, 'session'), `${session}\n`)
  }

  /** Types a line into a shell. */
  type(line: string, env: Record<string, string> = {}): Promise<Found> {
    return run([join(this.bin, 'sh'), '-c', line], {
      cwd: this.home,
      env: {
        HOME: this.home,
        PATH: this.bin,
        BLUEWIRE_MAC_TOOLS: this.tools,
        NODE_OPTIONS: `--import ${INSTALL_STAND_IN}`,
        ...env,
      },
    })
  }

  /** Everything in the home, but for what is in the folder of the node. */
  files(): string[] {
    return readdirSync(this.home, { recursive: true, encoding: 'utf8' }).sort()
  }

  /** Ends what launchd runs. */
  async logOut(): Promise<void> {
    const files = readdirSync(this.#state).filter((name) => name.endsWith('.pid'))
    const pids = files.map((name) => Number(readFileSync(join(this.#state, name), 'utf8')))
    for (const name of files) rmSync(join(this.#state, name))
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // it has ended
      }
    }
    await expectGone(pids, 5000)
  }

  #script(path: string, script: string): void {
    // `writeFileSync` would write through the link.
    const draft = `${path}.new`
    writeFileSync(draft, `#!${programHere('sh')}\n${script}\n`)
    chmodSync(draft, 0o755)
    renameSync(draft, path)
  }
}

function programHere(name: string): string {
  const found = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable)
  if (found === undefined) throw new Error(`There is no ${name} on this machine.`)
  return found
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
