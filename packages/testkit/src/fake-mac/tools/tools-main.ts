/** All tools of the fake Mac but osascript, in one program: `tools-main.ts <folder> <tool> [arguments of the tool]`. */
import { caffeinate } from './caffeinate.ts'
import { pgrep, pkill } from './find-processes.ts'
import type { Tool } from './install-tools.ts'
import { launchctl } from './launchctl.ts'
import { open } from './open.ts'
import { ps } from './ps.ts'
import { ioreg, stat, swVers, sysctl } from './system-facts.ts'
import type { ToolProgram } from './tool.ts'
import { noteCall, toolContext } from './tool.ts'
import { defaults, pmset, tmutil } from './user-settings.ts'

const PROGRAMS: Readonly<Record<Tool, ToolProgram>> = {
  caffeinate,
  defaults,
  ioreg,
  launchctl,
  open,
  pgrep,
  pkill,
  pmset,
  ps,
  stat,
  sw_vers: swVers,
  sysctl,
  tmutil,
}

const [folder = '', tool = '', ...args] = process.argv.slice(2)
// What a tool starts is not a program of ours.
delete process.env['NODE_COMPILE_CACHE']
noteCall(folder, { tool, args })
process.exitCode = await PROGRAMS[tool as Tool](toolContext(folder), args)
