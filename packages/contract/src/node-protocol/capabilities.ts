/** What a driver on this Mac can do, in words that both sides know. A node says which of them it has; what it has not is refused. */
export const CAPABILITIES = [
  'imessage',
  'sms', // Text Message Forwarding
  'receipts', // delivered
  'read_receipts',
  'inbound',
  'inbound_reactions',
  'inbound_edits', // also what was unsent
  'groups', // to one that exists
  'attachments',
  'effects',
  'replies',
  'reactions', // the six of old
  'emoji_reactions', // any emoji
  'typing',
  'mark_read',
  'edit',
  'unsend',
  'availability', // whether an address is on iMessage, before anything is sent
  'restart_messages',
] as const
export type Capability = (typeof CAPABILITIES)[number]
