/** What really left one Mac's Messages: the ground truth that chat.db may or may not show. */
import { appendFileSync, readFileSync } from 'node:fs'
import type { Service } from './mac-settings.ts'
import { macPaths } from './mac-folder.ts'

export type Arrival = Readonly<{
  service: Service
  /** One to one: the address. */
  to?: string
  /** A group: the chat's guid. */
  chat?: string
  text?: string
  /** Base name of a file, with what was in it. */
  file?: string
  bytes?: number
  sha256?: string
  /** Of the row in chat.db. */
  guid: string
  atMs: number
}>

/** In the order in which they left. */
export function arrivals(folder: string): Arrival[] {
  let text: string
  try {
    text = readFileSync(macPaths(folder).phones, 'utf8')
  } catch {
    return []
  }
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Arrival)
}

export function addArrival(folder: string, arrival: Arrival): void {
  appendFileSync(macPaths(folder).phones, `${JSON.stringify(arrival)}\n`)
}
