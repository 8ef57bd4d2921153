/** A fake Twilio: messages, their list, the account; status callbacks and inbound messages signed as Twilio signs. It is given the auth token. */
import twilio from 'twilio'
import type { Asked, Call, Dialect, Message, Reply, Taken } from './web-peer-process.ts'
import { serveWebPeer } from './web-peer-process.ts'

const [token = ''] = process.argv.slice(2)
const ACCOUNT = `AC${'a'.repeat(32)}`
const ROOT = `/2010-04-01/Accounts/${ACCOUNT}`

const json = (status: number, body: unknown, headers: Record<string, string> = {}): Reply => ({
  status,
  headers,
  body: JSON.stringify(body),
})
const error = (status: number, code: number): Reply =>
  json(status, {
    code,
    message: 'The message that Twilio gives',
    more_info: `https://www.twilio.com/docs/errors/${code}`,
    status,
  })

const sidOf = ({ id }: Taken): string => `SM${id.slice(2).padStart(32, '0')}`

const resourceOf = (taken: Taken, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  account_sid: ACCOUNT,
  sid: sidOf(taken),
  to: taken.to,
  from: taken.from,
  body: taken.body,
  direction: 'outbound-api',
  status: 'queued',
  error_code: null,
  date_created: new Date(taken.atMs).toUTCString().replace('GMT', '+0000'),
  date_sent: null,
  ...more,
})

const company: Dialect = {
  isAllowed: ({ headers }) =>
    headers.authorization === `Basic ${Buffer.from(`${ACCOUNT}:${token}`).toString('base64')}`,
  messageIn: (asked) =>
    asked.method === 'POST' && asked.url.pathname === `${ROOT}/Messages.json` ? messageIn(asked) : null,
  say: (saying, taken) => {
    switch (saying) {
      case 'taken':
        return json(201, taken && resourceOf(taken))
      case 'no_id':
        return json(201, taken && resourceOf(taken, { sid: null }))
      case 'refuse':
        return error(400, 21211)
      case 'refuse_opted_out':
        return error(400, 21610)
      case 'throttle':
        return error(429, 20429)
      case 'error_in_ok':
        return json(201, { ...resourceOf(NOBODY), status: 'failed', error_code: 30005 })
      case 'server_error':
        return error(500, 20500)
      case 'not_allowed':
        return error(401, 20003)
      default:
        return saying satisfies never
    }
  },
  other: ({ url }, taken) => {
    if (url.pathname === `${ROOT}.json`) return json(200, { sid: ACCOUNT, status: 'active', type: 'Full' })
    if (url.pathname !== `${ROOT}/Messages.json`) return error(404, 20404)
    const [to, from] = [url.searchParams.get('To'), url.searchParams.get('From')]
    const found = taken.filter((each) => (to === null || each.to === to) && (from === null || each.from === from))
    const messages = found.toReversed().slice(0, Number(url.searchParams.get('PageSize') ?? 50))
    return json(200, {
      messages: messages.map((each) => resourceOf(each)),
      page: 0,
      page_size: 50,
      next_page_uri: null,
    })
  },
  receipt: (taken, fact) =>
    signed(taken.callbackUrl, {
      MessageSid: sidOf(taken),
      SmsSid: sidOf(taken),
      MessageStatus: fact === 'delivered' ? 'delivered' : 'undelivered',
      ...(fact === 'delivered' ? {} : { ErrorCode: '30003' }),
      To: taken.to,
      From: taken.from,
      AccountSid: ACCOUNT,
      ApiVersion: '2010-04-01',
    }),
  inbound: ({ from, line, body, id }, url) =>
    signed(url, {
      MessageSid: `SM${Buffer.from(id).toString('hex').padStart(32, '0')}`,
      From: from,
      To: line,
      Body: body,
      NumMedia: '0',
    }),
}

const NOBODY: Taken = { to: '', from: '', body: '', callbackUrl: '', reference: '', id: 'id999999', atMs: 0 }

function messageIn({ body }: Asked): Message {
  const form = new URLSearchParams(body)
  const field = (name: string): string => form.get(name) ?? ''
  return {
    to: field('To'),
    from: field('From'),
    body: field('Body'),
    reference: '',
    callbackUrl: field('StatusCallback'),
  }
}

/** The fragment says how often to try, and is not part of what is called. */
function signed(address: string, form: Record<string, string>): Call {
  const url = address.replace(/#.*$/, '')
  return {
    url,
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      'x-twilio-signature': twilio.getExpectedTwilioSignature(token, url, form),
    },
    body: new URLSearchParams(form).toString(),
  }
}

serveWebPeer(company)
