/** Why a message failed, for a person: the cause, and what to do about it. */
import { failureCodeOf } from '@bluewire/contract/errors'
import type { FailureCode } from '@bluewire/contract/errors'
import type { MessageView } from '../../../store/store.ts'

type Failed = Pick<
  MessageView,
  'state' | 'failure' | 'failureDetail' | 'fallbackReason' | 'recipient' | 'askedService' | 'service' | 'line'
>

/** The word of the catalogue for what the row says; drivers may report words of their own. */
export function failureCode(view: Pick<MessageView, 'state' | 'failure'>): FailureCode {
  if (view.state === 'cancelled' || view.state === 'expired') return view.state
  return failureCodeOf(view.failure ?? '') ?? 'send_refused'
}

/** Of what was tried both ways: why the iMessage did not go out, and why the SMS did not either. */
export function failureText(view: Failed): string {
  const text = TEXTS[failureCode(view)](view)
  const { fallbackReason } = view
  if (fallbackReason === null || view.state !== 'failed') return text
  const first =
    fallbackReason === 'node_offline'
      ? 'the Mac of the iMessage line was away'
      : fallbackReason === 'node_held'
        ? 'the Mac of the iMessage line could not send'
        : TEXTS[failureCodeOf(fallbackReason) ?? 'send_refused']({ ...view, service: 'imessage', failureDetail: null })
  return `${first}; and as SMS: ${text}`
}

const TEXTS: Readonly<Record<FailureCode, (view: Failed) => string>> = {
  apple_error: (v) =>
    `Messages reported ${v.failure?.replace('apple_error_', 'error ') ?? 'an error'}${detail(v)}. Look at Messages on the Mac of ${line(v)}, then send it again`,
  cancelled: () => 'it was cancelled before it left',
  expired: () => 'it expired before it could leave. Send it again if it is still wanted',
  line_suspended: (v) => `the line ${line(v)} is suspended. Use another line, or ask the administrator`,
  no_line: (v) => `this account has no ${name(v.askedService)} line`,
  node_disk_full: (v) => `the disk of the node ${node(v)} is full. Free some space there, then send it again`,
  node_refused: (v) =>
    `the node ${node(v)} did not take it${detail(v)}. Look at the node in the portal, then send it again`,
  opted_out: (v) => `${v.recipient} has opted out. Nothing can be sent there until they write START`,
  recipient_not_on_imessage: (v) => `${v.recipient} is not on iMessage`,
  recipient_unreachable: (v) => `${v.recipient} cannot get an SMS${detail(v)}`,
  send_refused: (v) =>
    v.service === 'imessage'
      ? `Messages refused to send it${detail(v)}. Look at Messages on the Mac of ${line(v)}, then send it again`
      : `the SMS was refused${detail(v)}. Look at the line ${line(v)}, then send it again`,
  sms_limit_reached: () =>
    'the account may send no more SMS there now. Wait, or ask the administrator to raise the limit',
  undeliverable: (v) => `it was sent, and then reported as not delivered${detail(v)}`,
}

export function name(service: MessageView['service']): string {
  return service === 'imessage' ? 'iMessage' : 'SMS'
}

function detail(view: Failed): string {
  return view.failureDetail === null || view.failureDetail === '' ? '' : ` (${view.failureDetail})`
}

function line(view: Failed): string {
  return view.line?.address ?? 'the line'
}

function node(view: Failed): string {
  return view.line?.node?.name ?? 'of the line'
}
