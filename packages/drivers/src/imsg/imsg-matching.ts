/** Which rows can be a message whose answer was lost. Pure. */
import type { Message } from './imsg-answers.ts'
import { chatName, isGroup, plainAddress } from './imsg-words.ts'

export type Wanted = Readonly<{
  to: string
  content: Readonly<{ kind: 'text'; text: string }> | Readonly<{ kind: 'file'; name: string }>
  /** Only rows after this one. */
  mark: number
  /** And up to this one; absent: without end. */
  until?: number
}>

/** Oldest first. */
export function matching(messages: readonly Message[], wanted: Wanted): Message[] {
  return messages.filter((message) => isMatch(message, wanted)).sort((a, b) => a.id - b.id)
}

function isMatch(message: Message, { to, content, mark, until }: Wanted): boolean {
  if (!message.is_from_me || message.is_reaction) return false
  if (message.id <= mark || (until !== undefined && message.id > until)) return false
  if (!isTo(message, to)) return false
  if (content.kind === 'text') return sameText(message.text, content.text)
  return message.attachments.some(
    ({ filename, transfer_name }) => isNamed(transfer_name, content.name) || isNamed(filename, content.name),
  )
}

export function isTo(message: Pick<Message, 'chat_guid' | 'chat_identifier' | 'participants'>, to: string): boolean {
  const { chat_guid, chat_identifier, participants } = message
  if (isGroup(to)) return chatName(chat_guid) === chatName(to) || `;+;${chat_identifier}` === to.replace(/^[^;]*/, '')
  if (isGroup(chat_guid)) return false
  const wanted = plainAddress(to)
  const names = [chatName(chat_guid), plainAddress(chat_identifier), ...participants.map(plainAddress)]
  return names.includes(wanted)
}

/** Messages may write quotes, dashes and dots in its own way (MACOS 2.5). */
export function sameText(a: string, b: string): boolean {
  return plainText(a) === plainText(b)
}

function plainText(text: string): string {
  return text
    .normalize('NFC')
    .replace(/\r\n?/g, '\n')
    .replace(/\ufffc|\ufe0e|\ufe0f/g, '')
    .replace(/[\u2018\u2019\u201a\u201b]/g, "'")
    .replace(/[\u201c\u201d\u201e\u201f]/g, '"')
    .replace(/[\u2013\u2014]|--/g, '-')
    .replace(/\u2026/g, '...')
    .trim()
}

/** imsg stages a file in a folder or under a name of its own, which ends with ours. */
function isNamed(path: string, name: string): boolean {
  const last = path.slice(path.lastIndexOf('/') + 1).normalize('NFC')
  return last === name.normalize('NFC') || last.endsWith(`-${name.normalize('NFC')}`)
}
