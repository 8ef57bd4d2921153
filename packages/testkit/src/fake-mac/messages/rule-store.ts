/**
 * The rules that are in force, as files: they outlive Messages. Whoever makes the rules writes the files, and only Messages counts how often
 * each was used, so neither has to wait for the other.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { macPaths } from '../mac-folder.ts'
import type { AppleEvent } from './apple-events.ts'
import type { SendRule } from './send-rule.ts'

const RULE = '.rule.json'
const USED = '.used'

export class RuleStore {
  readonly #folder: string

  constructor(macFolder: string) {
    this.#folder = macPaths(macFolder).rules
    mkdirSync(this.#folder, { recursive: true })
  }

  /** Returns its name. */
  add(rule: SendRule): string {
    const name = String(this.#files().length + 1).padStart(6, '0')
    const path = join(this.#folder, `${name}${RULE}`)
    writeFileSync(`${path}.new`, JSON.stringify(rule))
    renameSync(`${path}.new`, path)
    return name
  }

  /** How often it was used. */
  used(name: string): number {
    try {
      return Number(readFileSync(join(this.#folder, `${name}${USED}`), 'utf8'))
    } catch {
      return 0
    }
  }

  /** The file stays, so that names go on. */
  end(name: string): void {
    writeFileSync(join(this.#folder, `${name}${RULE}`), JSON.stringify({ times: 0 } satisfies SendRule))
  }

  endAll(): void {
    for (const file of this.#files()) this.end(file.slice(0, -RULE.length))
  }

  /** The first that fits, which counts as used once more; `{}` when there is none. */
  take(event: AppleEvent): SendRule {
    for (const file of this.#files()) {
      const name = file.slice(0, -RULE.length)
      const rule = JSON.parse(readFileSync(join(this.#folder, file), 'utf8')) as SendRule
      const used = this.used(name)
      if (used >= (rule.times ?? 1) || !fits(rule, event)) continue
      const path = join(this.#folder, `${name}${USED}`)
      writeFileSync(`${path}.new`, String(used + 1))
      renameSync(`${path}.new`, path)
      return rule
    }
    return {}
  }

  #files(): string[] {
    return readdirSync(this.#folder)
      .filter((file) => file.endsWith(RULE))
      .sort()
  }
}

function fits(rule: SendRule, event: AppleEvent): boolean {
  const wanted = rule.event ?? 'send'
  if (wanted !== 'any' && wanted !== event.event) return false
  if (rule.to !== undefined && rule.to !== addressIn(event)) return false
  return rule.text === undefined || rule.text === contentIn(event)
}

function addressIn(event: AppleEvent): string | undefined {
  if (!('to' in event)) return undefined
  return 'chat' in event.to ? event.to.chat : event.to.participant
}

function contentIn(event: AppleEvent): string | undefined {
  if (event.event !== 'send') return undefined
  return 'text' in event ? event.text : basename(event.file)
}
