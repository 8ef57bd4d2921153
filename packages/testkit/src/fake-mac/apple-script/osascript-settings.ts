/** What the fake Mac's folder says of its user: the part of `state/mac.json` that osascript shows. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MessagesWords } from './dictionary.ts'
import { LANGUAGES } from './fault-texts.ts'
import type { Language } from './fault-texts.ts'

export type OsascriptSettings = Readonly<{
  /** `prompt`: nobody clicks, and the first Apple event never comes back (MACOS 5.2). */
  automation: 'granted' | 'denied' | 'prompt'
  language: Language
  /** What `launchctl managername` says: only in `Aqua` can an app be started. */
  session: string
  /** Null: the dictionary of Messages is not found, and a script that uses its words does not compile. */
  words: MessagesWords | null
  osascript: OsascriptBehaviour
}>

export type OsascriptBehaviour = Readonly<{
  /** Each Apple event fails with this number before it leaves: -10004, -1744, ... */
  fails?: number
  /** Before the first Apple event leaves, or after the answer came: it ends only when it is killed. */
  hangs?: 'before' | 'after'
  /** From the start to when the event leaves. */
  delayMs: number
  /** A line for stderr, as system libraries write there of their own. */
  noise?: string
}>

type MacFile = Partial<Omit<OsascriptSettings, 'words' | 'osascript'>> &
  Readonly<{
    macos?: string
    osascript?: Partial<OsascriptBehaviour> & Readonly<{ dictionary?: 'missing' | 'old' }>
  }>

/** A Mac without `mac.json` is one where all is well. */
export function readOsascriptSettings(folder: string): OsascriptSettings {
  const { automation, language, session, macos, osascript } = readMacFile(folder)
  if (language !== undefined && !LANGUAGES.includes(language)) {
    throw new Error(`The fake Mac speaks ${LANGUAGES.join(', ')}; its mac.json says "${String(language)}".`)
  }
  return {
    automation: automation ?? 'granted',
    language: language ?? 'en',
    session: session ?? 'Aqua',
    words: messagesWords(macos, osascript?.dictionary),
    osascript: { delayMs: 0, ...osascript },
  }
}

function readMacFile(folder: string): MacFile {
  try {
    return JSON.parse(readFileSync(join(folder, 'state', 'mac.json'), 'utf8')) as MacFile
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw error
  }
}

function messagesWords(macos: string | undefined, dictionary: 'missing' | 'old' | undefined): MessagesWords | null {
  if (dictionary === 'missing') return null
  if (dictionary === 'old') return 'before_accounts'
  return macos !== undefined && Number.parseInt(macos, 10) < 15 ? 'before_rcs' : 'current'
}
