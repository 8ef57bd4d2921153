/** launchd of a fake Mac's user: `launchd-main.ts <folder>`. `launchctl` starts it; what it keeps ends with it. */
import { flushCompileCache } from 'node:module'
import { takeExclusiveLock } from '@bluewire/platform/exclusive-lock'
import { serveJsonLines } from './json-lines.ts'
import type { LaunchdQuestion } from './launchd/launchd.ts'
import { Launchd } from './launchd/launchd.ts'
import { macPaths } from './mac-folder.ts'
import { endWithOwner, registerProcess } from './processes.ts'

const folder = process.argv[2] ?? ''

function isFirst(): boolean {
  try {
    takeExclusiveLock(macPaths(folder).state, 'launchd')
    return true
  } catch {
    return false
  }
}

if (isFirst()) {
  registerProcess(folder, { name: 'launchd', command: '/sbin/launchd' })
  const launchd = new Launchd(folder)
  const end = () => {
    launchd.killAll()
    process.exit(0)
  }
  process.on('SIGTERM', end)
  endWithOwner(folder, end)
  await serveJsonLines(macPaths(folder).launchdSocket, (question) => launchd.answer(question as LaunchdQuestion))
  flushCompileCache()
} else {
  process.exit(0)
}
