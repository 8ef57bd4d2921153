/** What a check says: what was found and what it means, in a sentence, and the one thing to do about it. */
export const CHECK_NAMES = [
  'macos_version',
  'session',
  'console_user',
  'node_binary',
  'launch_agent',
  'gateway_reachable',
  'clock',
  'disk',
  'awake',
  'messages_running',
  'automation',
  'imessage_account',
  'sms_account',
  'full_disk_access',
  'db_readable',
  'db_fresh',
  'send_recent',
  'driver_health',
  'downgrade',
  'message_retention',
  'own_address',
] as const
export type CheckName = (typeof CHECK_NAMES)[number]

export type Verdict = Readonly<{
  state: 'ok' | 'problem' | 'cannot_tell'
  meaning: string
  /** Always there with a problem. */
  next?: string
  /** A word for programs, where several things lead to one check. */
  reason?: string
}>

export function ok(meaning: string): Verdict {
  return { state: 'ok', meaning }
}

export function problem(meaning: string, next: string, reason?: string): Verdict {
  return { state: 'problem', meaning, next, ...(reason === undefined ? {} : { reason }) }
}

export function cannotTell(meaning: string, next?: string): Verdict {
  return { state: 'cannot_tell', meaning, ...(next === undefined ? {} : { next }) }
}

const PRIVACY = 'open "x-apple.systempreferences:com.apple.preference.security?'

/** How to open a list of System Settings; the words are those of the menus in English. */
export const PANES = {
  automation: `System Settings > Privacy & Security > Automation (${PRIVACY}Privacy_Automation")`,
  fullDiskAccess: `System Settings > Privacy & Security > Full Disk Access (${PRIVACY}Privacy_AllFiles")`,
} as const

/** `1 message`, `2 messages`. */
export function countOf(many: number, noun: string): string {
  return `${many} ${noun}${many === 1 ? '' : 's'}`
}

/** `less than a minute`, `3 minutes`, `2 hours`, `5 days`. */
export function durationOf(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / 60_000))
  if (minutes === 0) return 'less than a minute'
  if (minutes < 120) return countOf(minutes, 'minute')
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`
}
