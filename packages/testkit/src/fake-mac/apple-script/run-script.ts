/** A script from source to what osascript prints of it. */
import { AppleEvents } from './apple-events.ts'
import { messagesDictionary } from './dictionary.ts'
import { textOf } from './fault-texts.ts'
import type { Language } from './fault-texts.ts'
import { ScriptError } from './faults.ts'
import { Interpreter } from './interpreter.ts'
import type { OsascriptSettings } from './osascript-settings.ts'
import { MessagesApp } from './messages-app.ts'
import { printed } from './printing.ts'
import type { Form } from './printing.ts'
import { parseScript } from './statement-parser.ts'

export type ScriptRun = Readonly<{
  /** The fake Mac's. */
  folder: string
  settings: OsascriptSettings
  argv: readonly string[]
  form: Form
  /** Takes the lines of `log`. */
  log: (line: string) => void
}>

export type ScriptOutcome =
  /** Null: no result, and nothing is printed. */
  Readonly<{ kind: 'result'; text: string | null }> | Readonly<{ kind: 'error'; line: string }>

/** Throws UnsupportedError for what the fake Mac does not know. */
export async function runScript(
  source: string,
  { folder, settings, argv, form, log }: ScriptRun,
): Promise<ScriptOutcome> {
  const { language, words } = settings
  try {
    const script = parseScript(source, words === null ? null : messagesDictionary(words))
    const messages = new MessagesApp(new AppleEvents(folder, settings))
    const result = await new Interpreter(script, { messages, language, log }).run(argv)
    return { kind: 'result', text: result === null ? null : printed(result, form) }
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error
    return { kind: 'error', line: errorLine(error, language) }
  }
}

/** `120:155: execution error: Messages got an error: Can’t get chat id "x". (-1728)` */
function errorLine(error: ScriptError, language: Language): string {
  const range = error.range === undefined ? '' : `${error.range.start}:${error.range.end}: `
  const kind = error.isSyntax ? 'syntax error' : 'execution error'
  return `${range}${kind}: ${textOf(error, language)} (${error.number})`
}
