import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { launchMessages } from '../launch-messages.ts'
import type { ToolContext, ToolProgram } from './tool.ts'
import { readLetters } from './tool.ts'

const MESSAGES = 'com.apple.MobileSMS'

/** `open -gjb com.apple.MobileSMS`, `open -a Messages`, `open x-apple.systempreferences:…`. Hidden is quick, in the foreground slow. */
export const open: ToolProgram = async (context, args) => {
  const { flags, values, rest } = readLetters(args, 'ab')
  const bundle = values.get('b')
  const name = values.get('a')
  if (bundle === undefined && name === undefined) return openAll(context, rest)
  if (bundle !== undefined && bundle !== MESSAGES) {
    const question =
      'LSCopyApplicationURLsForBundleIdentifier() failed while trying to determine the application with bundle identifier'
    context.complain(`${question} ${bundle}.`)
    return 1
  }
  if (name !== undefined && name !== 'Messages') {
    context.complain(`Unable to find application named '${name}'`)
    return 1
  }
  return openMessages(context, { slowly: !flags.has('j') })
}

async function openMessages(context: ToolContext, how: { slowly: boolean }): Promise<number> {
  if (context.settings.session === 'Aqua' && (await launchMessages(context.folder, how))) return 0
  context.complain('LSOpenURLsWithRole() failed with error -10810 for the file /System/Applications/Messages.app.')
  return 1
}

function openAll({ paths, complain }: ToolContext, urls: readonly string[]): number {
  for (const url of urls) {
    if (!/^[a-z][a-z0-9.+-]*:/i.test(url)) {
      complain(`The file ${join(process.cwd(), url)} does not exist.`)
      return 1
    }
    appendFileSync(join(paths.state, 'opened-urls'), `${url}\n`)
  }
  return 0
}
