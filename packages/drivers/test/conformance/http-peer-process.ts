/** A fake company with a JSON API of the usual kind. It is given the token that it expects. */
import type { Asked, Dialect, Message, Reply } from './web-peer-process.ts'
import { serveWebPeer } from './web-peer-process.ts'

const [token = ''] = process.argv.slice(2)

const json = (status: number, body: unknown, headers: Record<string, string> = {}): Reply => ({
  status,
  headers,
  body: JSON.stringify(body),
})
const error = (status: number, code: string): Reply => json(status, { error: { code } })

const company: Dialect = {
  isAllowed: ({ headers }) => headers.authorization === `Bearer ${token}`,
  messageIn: (asked) => (asked.method === 'POST' && asked.url.pathname === '/v1/messages' ? messageIn(asked) : null),
  say: (saying, taken) => {
    switch (saying) {
      case 'taken':
        return json(201, { messages: [{ id: taken?.id, status: 'accepted' }] })
      case 'no_id':
        return json(201, { messages: [{ status: 'accepted' }] })
      case 'refuse':
        return error(400, 'unreachable')
      case 'refuse_opted_out':
        return error(400, 'stopped')
      case 'throttle':
        return { ...error(429, 'too_fast'), headers: { 'retry-after': '2' } }
      case 'error_in_ok':
        return error(200, 'no_such_number')
      case 'server_error':
        return error(500, 'internal')
      case 'not_allowed':
        return error(401, 'token')
      default:
        return saying satisfies never
    }
  },
  other: ({ url }, taken) => {
    const reference = url.searchParams.get('reference')
    return json(200, { messages: taken.filter((message) => message.reference === reference).map(({ id }) => ({ id })) })
  },
  receipt: ({ id, callbackUrl }, fact) => ({
    url: callbackUrl,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ message: { id, status: fact === 'delivered' ? 'DELIVRD' : 'UNDELIV', error: '27' } }),
  }),
  inbound: ({ from, line, body, id }, url) => ({
    url,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ message: { id, from, to: line, text: body } }),
  }),
}

function messageIn({ body }: Asked): Message {
  const { to, from, text, reference, callback } = JSON.parse(body) as Record<string, string>
  return { to: to ?? '', from: from ?? '', body: text ?? '', reference: reference ?? '', callbackUrl: callback ?? '' }
}

serveWebPeer(company)
