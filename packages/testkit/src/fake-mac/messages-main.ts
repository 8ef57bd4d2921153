/** Messages, as a process: `messages-main.ts <folder>`. One for each fake Mac; a second one ends at once, like `open` of an app that runs. */
import { flushCompileCache } from 'node:module'
import { takeExclusiveLock } from '@bluewire/platform/exclusive-lock'
import { macPaths } from './mac-folder.ts'
import { Messages } from './messages/messages.ts'
import { endWithOwner, registerProcess } from './processes.ts'

/** As `ps` shows it on macOS. */
export const MESSAGES_COMMAND = '/System/Applications/Messages.app/Contents/MacOS/Messages'

const folder = process.argv[2] ?? ''

function isFirst(): boolean {
  try {
    takeExclusiveLock(macPaths(folder).state, 'messages') // held until the process ends, however it does
    return true
  } catch {
    return false
  }
}

if (isFirst()) {
  registerProcess(folder, { name: 'Messages', command: MESSAGES_COMMAND })
  endWithOwner(folder)
  await new Messages(folder).start()
  flushCompileCache() // it is killed, and would not come to write it
} else {
  process.exit(0)
}
