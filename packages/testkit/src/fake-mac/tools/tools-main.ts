/** All tools of the fake Mac but osascript, in one program: `tools-main.ts <folder> <tool> [arguments of the tool]`. */
import type { Tool } from './install-tools.ts'
import type { ToolProgram } from './tool.ts'
import { noteCall, toolContext } from './tool.ts'

/** Each loads what it needs when it is the one: they are started often. */
const PROGRAMS: Readonly<Record<Tool, () => Promise<ToolProgram>>> = {
  caffeinate: () => import('./caffeinate.ts').then(({ caffeinate }) => caffeinate),
  defaults: () => import('./user-settings.ts').then(({ defaults }) => defaults),
  ioreg: () => import('./system-facts.ts').then(({ ioreg }) => ioreg),
  launchctl: () => import('./launchctl.ts').then(({ launchctl }) => launchctl),
  open: () => import('./open.ts').then(({ open }) => open),
  pgrep: () => import('./find-processes.ts').then(({ pgrep }) => pgrep),
  pkill: () => import('./find-processes.ts').then(({ pkill }) => pkill),
  pmset: () => import('./user-settings.ts').then(({ pmset }) => pmset),
  ps: () => import('./ps.ts').then(({ ps }) => ps),
  stat: () => import('./system-facts.ts').then(({ stat }) => stat),
  sw_vers: () => import('./system-facts.ts').then(({ swVers }) => swVers),
  sysctl: () => import('./system-facts.ts').then(({ sysctl }) => sysctl),
  tmutil: () => import('./user-settings.ts').then(({ tmutil }) => tmutil),
}

const [folder = '', tool = '', ...args] = process.argv.slice(2)
// What a tool starts is not a program of ours.
delete process.env['NODE_COMPILE_CACHE']
noteCall(folder, { tool, args })
const program = await PROGRAMS[tool as Tool]()
process.exitCode = await program(toolContext(folder), args)
