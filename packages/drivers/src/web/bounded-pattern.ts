/**
 * An operator's regular expression on a stranger's text, for a bounded time: there are patterns that take years for a line of forty
 * characters, and the whole gateway would wait.
 */
import { createContext, Script } from 'node:vm'

const WITHIN_MS = 50

/** The message is for the operator. */
export class PatternTooSlow extends Error {
  override name = 'PatternTooSlow'
  constructor(pattern: string) {
    super(
      `The pattern ${pattern.slice(0, 60)} takes too long on the answer: write it without repeats inside of repeats`,
    )
  }
}

const context = createContext({})
const script = new Script('pattern.exec(text)')

/** @throws PatternTooSlow */
export function execWithin(pattern: string, text: string): readonly string[] | null {
  Object.assign(context, { pattern: new RegExp(pattern), text })
  try {
    return script.runInContext(context, { timeout: WITHIN_MS }) as RegExpExecArray | null
  } catch {
    throw new PatternTooSlow(pattern) // nothing else can be thrown there
  }
}
