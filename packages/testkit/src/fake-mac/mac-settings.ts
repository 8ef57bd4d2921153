/** What a fake Mac is like, in `state/mac.json`: written by whoever set it up, read by its processes each time it matters. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { macPaths } from './mac-folder.ts'

export const MACOS_VERSIONS = ['12', '13', '14', '15', '26.0', '26.5'] as const
export type MacosVersion = (typeof MACOS_VERSIONS)[number]
export type Language = 'en' | 'fr' | 'zh' | 'de'
export type Service = 'iMessage' | 'SMS' | 'RCS'

export type Account = Readonly<{
  id: string
  description: string
  enabled: boolean
  connection: 'connected' | 'connecting' | 'disconnecting' | 'disconnected'
  service: Service
}>

/** How Messages paces itself, in milliseconds. All are multiplied by `timeScale`. */
export type Timing = Readonly<{
  /** From an Apple event to its answer. */
  answerMs: number
  /** From the answer to the row (MACOS 1.5: about 26 ms). */
  rowMs: number
  /** From the row to its place in the chat (MACOS 2.5: 50-400 ms). */
  joinMs: number
  /** From the row to is_sent. */
  sentMs: number
  /** From is_sent to the receipt. */
  deliveredMs: number
  /** From the row to error 22, for who is not on iMessage (MACOS 2.7: usually within seconds). */
  refusedMs: number
  /** Each step of a file transfer. */
  transferMs: number
  /** From `open` to a Messages that takes events, and the same when an Apple event starts it. */
  launchMs: number
  slowLaunchMs: number
}>

/** What is known at Apple and at the phone company about an address. */
export type Person = Readonly<{
  /** [true] */
  onImessage?: boolean
  /** Shares read receipts: the row gets date_read so long after the delivery. [never] */
  readsAfterMs?: number
  /** [true] False: about a third of good sends never get a receipt (MACOS 2.4). */
  givesReceipts?: boolean
}>

export type MacSettings = Readonly<{
  home: string
  automation: 'granted' | 'denied' | 'prompt'
  fullDiskAccess: boolean
  /** What `launchctl managername` prints. */
  session: string
  consoleUser: string
  language: Language
  macos: MacosVersion
  build: string
  accounts: readonly Account[]
  bootSession: string
  bootedAtMs: number
  platformUuid: string
  machineUid: number
  /** Null: as much as there is. With 0 the disk is full, and what is sent leaves no row. */
  freeBytes: number | null
  osascript: Readonly<Record<string, unknown>>

  timing: Timing
  timeScale: number
  /** Own addresses; the first is the one that messages come from. */
  ownAddresses: readonly string[]
  /** By address as sent to. */
  people: Readonly<Record<string, Person>>
  /** Whether the iPhone that sends the SMS can be reached; if not, they fail with error 4 (MACOS 2.4). */
  phoneReachable: boolean
  /** Signed out: every iMessage fails so, whatever the accounts say (MACOS 5.4: they may go on saying connected). */
  signedOut: Readonly<{ error: number }> | null
  /** The user's setting: straight quotes and dashes are replaced in what is sent. */
  smartQuotes: boolean
  /** Chats of chat.db that Messages has not loaded: -1728 (MACOS 1.3). */
  unloadedChats: readonly string[]
  /** On 26, how Messages' own collection names groups; with `any;-;` a send to one is a ghost (MACOS 1.3). */
  groupPrefix: 'any;+;' | 'any;-;'
  /** On 26, what a message to an own address does (MACOS 1.3: error 22 on some setups). */
  selfSend: 'refused' | 'delivered'
  /** What comes in waits until something is sent or Messages is asked something (MACOS 5.3, App Nap). */
  napping: boolean
}>

const BUILDS: Record<MacosVersion, string> = {
  '12': '21H1320',
  '13': '22H730',
  '14': '23J126',
  '15': '24G325',
  '26.0': '25A354',
  '26.5': '25F84',
}

/** As `sw_vers` names them. */
export const PRODUCT_VERSIONS: Record<MacosVersion, string> = {
  '12': '12.7.6',
  '13': '13.7.8',
  '14': '14.8.3',
  '15': '15.7.3',
  '26.0': '26.0',
  '26.5': '26.5.2',
}

export const IMESSAGE_ACCOUNT: Account = {
  id: '3C5F11A9-2B57-4A0B-9A0E-0D4F6C6A1E01',
  description: 'iMessage',
  enabled: true,
  connection: 'connected',
  service: 'iMessage',
}

/** There when Text Message Forwarding is on. */
export const SMS_ACCOUNT: Account = {
  id: '7E2B90D4-63C1-4F6E-8B27-5A1D9E7C2F02',
  description: 'SMS',
  enabled: true,
  connection: 'connected',
  service: 'SMS',
}

export const RCS_ACCOUNT: Account = {
  ...SMS_ACCOUNT,
  id: 'B8D0C7F3-1E94-4D55-A6C2-9F3E8A4B7D03',
  description: 'RCS',
  service: 'RCS',
}

const TIMING: Timing = {
  answerMs: 20,
  rowMs: 26,
  joinMs: 50,
  sentMs: 300,
  deliveredMs: 400,
  refusedMs: 2000,
  transferMs: 150,
  launchMs: 300,
  slowLaunchMs: 2000,
}

export function defaultSettings(
  folder: string,
  { macos, language }: Pick<MacSettings, 'macos' | 'language'>,
): MacSettings {
  return {
    home: macPaths(folder).home,
    automation: 'granted',
    fullDiskAccess: true,
    session: 'Aqua',
    consoleUser: 'mac',
    language,
    macos,
    build: BUILDS[macos],
    accounts: [IMESSAGE_ACCOUNT],
    bootSession: 'A2C9E1D0-5B7F-4C3E-8D16-7F0B92E4A635',
    bootedAtMs: Date.now() - process.uptime() * 1000,
    platformUuid: '5D1B7F60-9C2E-5A4D-B3F8-6E07A1C4D952',
    machineUid: process.getuid?.() ?? 501,
    freeBytes: null,
    osascript: {},
    timing: TIMING,
    timeScale: 1,
    ownAddresses: ['+14155550100', 'mac@example.com'],
    people: {},
    phoneReachable: true,
    signedOut: null,
    smartQuotes: false,
    unloadedChats: [],
    groupPrefix: 'any;+;',
    selfSend: 'refused',
    napping: false,
  }
}

export function readSettings(folder: string): MacSettings {
  return JSON.parse(readFileSync(macPaths(folder).settings, 'utf8')) as MacSettings
}

export function writeSettings(folder: string, settings: MacSettings): void {
  const path = macPaths(folder).settings
  writeFileSync(`${path}.new`, JSON.stringify(settings, null, 2))
  renameSync(`${path}.new`, path) // a reader sees the old ones or the new ones, never half
}

/** In this Mac's time. */
export function scaled({ timing, timeScale }: MacSettings, which: keyof Timing): number {
  return timing[which] * timeScale
}

/** Chats are `any;…` and a sent row's text is only in its attributedBody (MACOS 1.3). */
export function isMacos26(macos: MacosVersion): boolean {
  return macos === '26.0' || macos === '26.5'
}
