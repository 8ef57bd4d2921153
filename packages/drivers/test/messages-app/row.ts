import type { MessageRow } from '../../src/messages-app/message-row.ts'

/** A text of ours to one person that Apple has accepted; what differs is given. */
export function row(more: Partial<MessageRow> = {}): MessageRow {
  return {
    rowid: 11,
    guid: 'ROW-11',
    body: 'hello',
    service: 'iMessage',
    account: 'p:+15550001111',
    error: 0,
    isSent: true,
    isDelivered: false,
    isFromMe: true,
    isEmpty: false,
    wasDowngraded: false,
    itemType: 0,
    associatedType: 0,
    associatedGuid: null,
    associatedEmoji: null,
    balloon: null,
    summaryInfo: null,
    destination: null,
    isScheduled: false,
    dateNs: 800_000_000_000_000_001n,
    readMs: 0,
    deliveredMs: 0,
    editedNs: 0n,
    handle: '+14155552671',
    chat: { guid: 'iMessage;-;+14155552671', identifier: '+14155552671', isGroup: false },
    ...more,
  }
}
