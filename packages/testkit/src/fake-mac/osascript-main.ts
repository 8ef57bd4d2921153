/**
 * `osascript` of the fake Mac: `node osascript-main.ts FOLDER [osascript's own arguments]`, where FOLDER is the fake Mac's. It prints what the
 * real one prints, also its errors (MACOS 1.4), and ends with 1 after an error. It is one process for each send: NODE_COMPILE_CACHE makes its
 * start three times as quick.
 */
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { UnsupportedError } from './apple-script/faults.ts'
import { readOsascriptSettings } from './apple-script/osascript-settings.ts'
import { parseOptions, UsageError } from './apple-script/options.ts'
import type { Options } from './apple-script/options.ts'
import { runScript } from './apple-script/run-script.ts'

/** What the shell gets when a script fails, whatever the failure. */
const FAILED = 1

async function main([folder, ...args]: readonly string[]): Promise<void> {
  if (folder === undefined)
    throw new UsageError('osascript-main.ts needs the folder of its fake Mac as first argument.')
  const settings = readOsascriptSettings(folder)
  const { source, errors, form, arguments: argv } = parseOptions(args)
  const { noise } = settings.osascript
  if (noise !== undefined) process.stderr.write(`${noise}\n`)
  const log = (line: string) => void process.stderr.write(`${line}\n`)
  const outcome = await runScript(await textOf(source), { folder, settings, argv, form, log })
  if (outcome.kind === 'result') {
    if (outcome.text !== null) process.stdout.write(`${outcome.text}\n`)
    return
  }
  const file = source.from === 'file' ? `${source.path}:` : ''
  process[errors].write(`${file}${outcome.line}\n`)
  process.exitCode = FAILED
}

async function textOf(source: Options['source']): Promise<string> {
  switch (source.from) {
    case 'statements':
      return source.statements.join('\n')
    case 'stdin':
      return text(process.stdin)
    case 'file':
      return readFileSync(source.path, 'utf8')
  }
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof Error)) throw error
  const isMissingFile = 'code' in error && error.code === 'ENOENT'
  if (!(error instanceof UsageError || error instanceof UnsupportedError || isMissingFile)) throw error
  process.stderr.write(`osascript: ${error.message}\n`)
  process.exitCode = FAILED
}
