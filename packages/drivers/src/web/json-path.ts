/** Reading a stranger's JSON: a path like `messages.0.id`, and conditions like `status=sent|queued`. Nothing here throws on any input. */

const DEPTH_MAX = 50

/** Undefined when it is no JSON, or nested so deeply that it is nobody's answer. Numbers that a double cannot hold stay as they were written. */
export function parseJson(text: string): unknown {
  if (isDeep(text)) return undefined
  try {
    return JSON.parse(text, exactNumbers as (key: string, value: unknown) => unknown)
  } catch {
    return undefined
  }
}

/** A megabyte of brackets would keep the parser, and with it every other line, for half a second. */
function isDeep(text: string): boolean {
  let depth = 0
  let isInText = false
  for (let i = 0; i < text.length; i++) {
    const sign = text[i]
    if (isInText && sign === '\\') i++
    else if (sign === '"') isInText = !isInText
    else if (!isInText && (sign === '[' || sign === '{')) depth++
    else if (!isInText && (sign === ']' || sign === '}')) depth--
    if (depth > DEPTH_MAX) return true
  }
  return false
}

function exactNumbers(_key: string, value: unknown, context: { source?: string }): unknown {
  const isExact = typeof value !== 'number' || Number.isSafeInteger(value) || !Number.isInteger(value)
  return isExact ? value : (context.source ?? value)
}

/** Own properties and indices only. Undefined: there is no such thing. */
export function valueAt(json: unknown, path: string): unknown {
  let value = json
  for (const step of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<string, unknown>)[step]
  }
  return value
}

/** What is there as text; null where it is no text, number or boolean. */
export function textAt(json: unknown, path: string | undefined): string | null {
  if (path === undefined) return null
  const value = valueAt(json, path)
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null
}

export type Condition = Readonly<{ path: string; values: readonly string[] }>

const CONDITION = /^([^=\s]+)=(.+)$/

/** `path=value` or `path=one|other`; null when it is none. */
export function parseCondition(text: string): Condition | null {
  const [, path, values] = CONDITION.exec(text.trim()) ?? []
  return path !== undefined && values !== undefined ? { path, values: values.split('|') } : null
}

/** `absent`: nothing can be said, because there is no such value. */
export function check(json: unknown, { path, values }: Condition): 'yes' | 'no' | 'absent' {
  const value = textAt(json, path)
  if (value === null) return 'absent'
  return values.includes(value) ? 'yes' : 'no'
}
