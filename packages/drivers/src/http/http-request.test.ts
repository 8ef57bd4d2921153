/**
 * The request of the provider http.
 * Proves: whatever stands in a text, the body stays one JSON, form or XML whose field is the text; a placeholder in a text stays as it is;
 * a header takes no line end; a template that cannot work is refused in a sentence.
 * World: the request maker alone; texts by chance, and the worst ones written down.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RequestMaker } from './http-request.ts'
import { httpSettings } from './http-settings.ts'
import { TemplateError } from './template-error.ts'

const SMS = {
  attempt: 'attempt_00000000000000000000000001',
  message: 'text_00000000000000000000000001',
  line: '+15005550001',
  to: '+14155552671',
} as const
const CALLBACK = 'https://gateway.example/callbacks/p/receipt/x/y'
const BAD = { to: '"}', text: '{to} {text} {secret.token}', crlf: 'a\r\nx-other: b', half: '\uD83D' }

const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom(...Object.values(BAD)),
)

function maker(settings: Record<string, unknown>, secrets: Record<string, string> = {}): RequestMaker {
  return new RequestMaker(httpSettings.parse({ url: 'https://sms.example/send', ...settings }), secrets)
}

function refusalOf(settings: Record<string, unknown>, secrets: Record<string, string> = {}): string {
  try {
    maker(settings, secrets)
  } catch (error) {
    if (error instanceof TemplateError) return error.message
    return String(error)
  }
  return 'not refused'
}

describe('a text arrives as it is', () => {
  it('in JSON', () => {
    const json = maker({ body: '{"to": "{to}", "nested": [{"text": "{text}", "again": "{text}"}]}' })
    fc.assert(
      fc.property(texts, (body) => {
        const sent = json.send({ ...SMS, body }, CALLBACK).body ?? ''
        const text = body.toWellFormed()
        expect(JSON.parse(sent)).toEqual({ to: SMS.to, nested: [{ text, again: text }] })
      }),
    )
  })

  it('in a form', () => {
    const form = maker({ body: 'to={to}&text={text}&end=1', body_as: 'form' })
    fc.assert(
      fc.property(texts, (body) => {
        const sent = new URLSearchParams(form.send({ ...SMS, body }, CALLBACK).body)
        expect([...sent]).toEqual([
          ['to', SMS.to],
          ['text', body.toWellFormed()],
          ['end', '1'],
        ])
      }),
    )
  })

  it('in the address', () => {
    const get = maker({ method: 'GET', url: 'https://sms.example/send/{to}?text={text}&end=1' })
    fc.assert(
      fc.property(texts, (body) => {
        const { url } = get.send({ ...SMS, body }, CALLBACK)
        expect([url.host, url.pathname, url.searchParams.get('text'), url.searchParams.get('end')]).toEqual([
          'sms.example',
          '/send/%2B14155552671',
          body.toWellFormed(),
          '1',
        ])
      }),
    )
  })

  it('in XML, where no sign of it can end its element', () => {
    const xml = maker({ body: '<m a="{text}">{text}</m>', body_as: 'xml' })
    fc.assert(
      fc.property(texts, (body) => {
        const sent = xml.send({ ...SMS, body }, CALLBACK).body ?? ''
        expect(sent).toMatch(/^<m a="[^"<]*">[^<]*<\/m>$/)
        expect(sent.match(/&(?!(amp|lt|gt|quot|#\d+);)/)).toBeNull()
      }),
    )
    expect(xml.send({ ...SMS, body: 'a\r\nb & \u0001 <c>' }, CALLBACK).body).toBe(
      '<m a="a&#13;&#10;b &amp; \uFFFD &lt;c&gt;">a&#13;&#10;b &amp; \uFFFD &lt;c&gt;</m>',
    )
  })

  it('and no placeholder in it is filled', () => {
    const { body } = maker({ body: '{"text": "{text}"}' }, { token: 'x' }).send({ ...SMS, body: BAD.text }, CALLBACK)
    expect(JSON.parse(body ?? '')).toEqual({ text: BAD.text })
  })
})

describe('a request', () => {
  it('has its headers, its login and its content type', () => {
    const { headers } = maker(
      {
        headers: { 'X-Key': 'k-{secret.key}' },
        basic_auth: '{secret.user}:{secret.password}',
        body: '{"text":"{text}"}',
      },
      { key: '1', user: 'u', password: 'p:q' },
    ).send({ ...SMS, body: 'x' }, CALLBACK)
    expect(headers).toEqual({
      'content-type': 'application/json',
      'x-key': 'k-1',
      authorization: `Basic ${Buffer.from('u:p:q').toString('base64')}`,
    })
  })

  it('has numbers without their plus where that is wanted, and other senders as they are', () => {
    const digits = maker({ number_format: 'digits', body: '{"to": {to}, "from": "{from}", "text": "{text}"}' })
    expect(digits.send({ ...SMS, body: 'x' }, CALLBACK).body).toBe(
      '{"to": 14155552671, "from": "15005550001", "text": "x"}',
    )
    expect(digits.send({ ...SMS, line: 'ACME', body: 'x' }, CALLBACK).body).toContain('"from": "ACME"')
  })

  it('is not made where a header cannot hold the text', () => {
    const withHeader = maker({ method: 'GET', headers: { 'x-text': '{text}' } })
    expect(withHeader.send({ ...SMS, body: 'plain' }, CALLBACK).headers['x-text']).toBe('plain')
    for (const body of [BAD.crlf, 'ж', '\0']) {
      expect(() => withHeader.send({ ...SMS, body }, CALLBACK)).toThrow(TemplateError)
    }
  })

  it('asks for a message by its id', () => {
    const looking = maker(
      { lookup_url: 'https://sms.example/of/{attempt_id}?id={id}', headers: { 'x-key': '{secret.k}' } },
      { k: '1' },
    )
    const request = looking.lookUp({ ...SMS, body: '' }, 'a/b')
    expect([request?.method, request?.url.href, request?.headers, request?.body]).toEqual([
      'GET',
      `https://sms.example/of/${SMS.attempt}?id=a%2Fb`,
      { 'x-key': '1' },
      undefined,
    ])
    expect(maker({}).lookUp({ ...SMS, body: '' }, undefined)).toBeNull()
  })

  it('does not ask for a message by an id that nobody has given: the answer could be any message', () => {
    const byId = maker({ lookup_url: 'https://sms.example/of/{id}' })
    expect(byId.lookUp({ ...SMS, body: '' }, undefined)).toBeNull()
    expect(byId.lookUp({ ...SMS, body: '' }, '7')?.url.href).toBe('https://sms.example/of/7')
  })
})

describe('a template that cannot work is refused', () => {
  it.each([
    [{ body: '{"text": {text}}' }, 'no JSON once its placeholders are filled in'],
    [{ body: '{"text": "{text}"' }, 'no JSON once its placeholders are filled in'],
    [{ body: '{"key": "{secret.key}"}' }, 'no value for the placeholder {secret.key}'],
    [{ url: 'ftp://sms.example/' }, 'must begin with https://'],
    [{ url: 'sms.example/send' }, 'must begin with https://'],
    [{ url: 'https://{to}.example/' }, 'must not hang on the message'],
    [{ url: 'https://sms.example:{to}/' }, 'must begin with https://'],
    [{ method: 'GET', body: 'x', body_as: 'text' }, 'no body'],
    [{ headers: { host: 'other' } }, 'The header host cannot be set'],
    [{ headers: { 'x y': 'other' } }, 'cannot be set'],
    [{ headers: { 'x-y': 'a\r\nb: c' } }, 'cannot hold its value'],
    [{ body: '{"text": "{txt}"}' }, 'There is no placeholder {txt}'],
    [{ lookup_url: 'https://sms.example/of?to={to}' }, 'lookup_url must name the message'],
  ])('%j', (settings, sentence) => {
    expect(refusalOf(settings)).toContain(sentence)
  })
})
