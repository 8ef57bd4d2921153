/**
 * The number of an AppleScript error. Its text is in the Mac's language, with typographic quotes, and may quote anything: only the last
 * number in parentheses is one (MACOS 1.4). Null: there is none.
 */
export function appleErrorNumber(stderr: string): number | null {
  const numbers = [...stderr.matchAll(/\((-?\d{1,6})\)/g)]
  const last = numbers.at(-1)?.[1]
  return last === undefined ? null : Number(last)
}
