/** Where a text stops being JSON. */

/**
 * The engine names a position only in some of its messages, and quotes the text in others. So the longest beginning that could
 * still become JSON is searched for: a beginning that only lacks its end fails at its end, a broken one before it.
 * `position` counts UTF-16 units from 0, `line` and `column` from 1.
 */
export function jsonErrorAt(text: string): { position: number; line: number; column: number } {
  let good = 0
  let bad = text.length + 1
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (canBecomeJson(text.slice(0, middle))) good = middle
    else bad = middle
  }
  const before = text.slice(0, good)
  const lineStart = before.lastIndexOf('\n') + 1
  return { position: good, line: before.split('\n').length, column: good - lineStart + 1 }
}

function canBecomeJson(beginning: string): boolean {
  try {
    JSON.parse(beginning)
    return true
  } catch (error) {
    const message = error instanceof Error ? error.message : ''
    const position = / at position (\d+)/.exec(message)?.[1]
    return position === undefined ? /unexpected end/i.test(message) : Number(position) >= beginning.length
  }
}
