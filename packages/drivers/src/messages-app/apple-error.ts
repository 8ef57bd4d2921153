/**
 * The number of the error that osascript ended with; null when it names none. The words around it are in the language of the Mac
 * (and may quote what was sent), so nothing else of them is read (MACOS 1.4).
 */
export function appleErrorNumber(stderr: string): number | null {
  const last = [...stderr.matchAll(/\((-?\d{1,6})\)/g)].at(-1)?.[1]
  return last === undefined ? null : Number(last)
}

/** macOS does not let this program control Messages, or would have to ask and may not. */
export function isAutomationDenied(number: number | null): boolean {
  return number === -1743 || number === -1744
}
