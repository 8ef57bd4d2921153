/** What the agent says about itself. Fields hold ids and counts: never a text, a full number or a credential. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>

export interface AgentLog {
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
}

export const silentLog: AgentLog = { info: () => {}, warn: () => {}, error: () => {} }

/** An error as a word that can be logged: messages of foreign errors may quote what they were given. */
export function errorWord(error: unknown): string {
  if (!(error instanceof Error)) return 'not_an_error'
  const code = 'code' in error && typeof error.code === 'string' ? ` ${error.code}` : ''
  const errcode = 'errcode' in error && typeof error.errcode === 'number' ? ` ${error.errcode}` : ''
  return `${error.name}${code}${errcode}`
}
