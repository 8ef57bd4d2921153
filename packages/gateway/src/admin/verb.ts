/** What one admin command is. Each noun has a file that lists its verbs; main.ts finds, runs and prints them. */
import type { GatewayConfig } from '../config/config.ts'
import type { Actor } from '../store/accounts-store.ts'
import type { Store } from '../store/store.ts'

/** The command cannot be carried out. The message is for the person who gave it. */
export class Refused extends Error {
  override name = 'Refused'
}

export type Option = Readonly<{
  /** What stands for its value in the help; null: a flag. */
  value: string | null
  isRepeatable?: boolean
  /** Its value is a name only, and people may give more: what else was typed is repeated in no error. */
  isOfCredential?: boolean
  help: string
}>

export type Options = Readonly<Record<string, Option>>

/** Exactly as given: nothing is defaulted here. */
export type Given = Readonly<{
  positionals: readonly string[]
  flag(name: string): boolean
  text(name: string): string | undefined
  list(name: string): readonly string[] | undefined
}>

export type Call = Readonly<{ store: Store; config: GatewayConfig; actor: Actor; given: Given }>

/** The same answer twice: for programs, and for people. */
export type Answer = Readonly<{ json: unknown; lines: readonly string[] }>

export type Verb = Readonly<{
  /** Empty for a noun that has just one. */
  name: string
  summary: string
  /** Names of what comes after the verb, in this order, all required. */
  takes: readonly string[]
  options: Options
  /** It changes nothing; the audit log still says that it was asked. */
  isReading?: boolean
  /** May be the first thing that is ever done to a data folder. */
  mayCreateStore?: boolean
  run(call: Call): Promise<Answer>
}>

export type Noun = Readonly<{ name: string; summary: string; verbs: readonly Verb[] }>

export const ACCOUNT_OPTION = {
  account: { value: 'ID', help: 'the account, by id or name (default: the instance account)' },
} satisfies Options
