/** The request that hands over a message, and the one that asks for it, made from the templates. A template that cannot work is found at once. */
import type { OutgoingSms } from '../provider.ts'
import type { WebRequest } from '../web/exchange.ts'
import type { HttpSecrets, HttpSettings } from './http-settings.ts'
import { parseJson } from '../web/json-path.ts'
import { ESCAPES, fill, isHeaderValue, parseTemplate } from './template.ts'
import type { Escape, Template, Values } from './template.ts'
import { TemplateError } from './template-error.ts'

const CONTENT_TYPES = {
  json: 'application/json',
  form: 'application/x-www-form-urlencoded',
  xml: 'application/xml; charset=utf-8',
  text: 'text/plain; charset=utf-8',
} as const

type Fields = Pick<OutgoingSms, 'attempt' | 'message' | 'line' | 'to' | 'body'>

/** Stands for any message: it would end whatever a value stands in, were it not escaped. */
const HOSTILE: Fields = {
  attempt: 'attempt_00000000000000000000000000',
  message: 'text_00000000000000000000000000',
  line: '+15005550001',
  to: '+15005550006',
  body: `"'\\</a>]]>&b=c {to}\r\n`,
}

export class RequestMaker {
  readonly #settings: HttpSettings
  readonly #secrets: HttpSecrets
  readonly #url: Template
  readonly #lookUpUrl: Template | null
  readonly #body: Template | null
  readonly #headers: ReadonlyArray<readonly [name: string, value: Template]>
  readonly #basicAuth: Template | null

  /** @throws TemplateError when it can never make a request */
  constructor(settings: HttpSettings, secrets: HttpSecrets) {
    this.#settings = settings
    this.#secrets = secrets
    this.#url = parseTemplate(settings.url)
    this.#lookUpUrl = optional(settings.lookup_url)
    this.#body = optional(settings.body)
    this.#basicAuth = optional(settings.basic_auth)
    this.#headers = Object.entries(settings.headers).map(([name, value]) => [name.toLowerCase(), parseTemplate(value)])
    this.#check()
  }

  /** Where all of it goes, without path and query. */
  get origin(): URL {
    return new URL('/', this.#address(this.#url, this.#valuesOf(HOSTILE, '')))
  }

  /** @throws TemplateError when this message does not fit in: a header cannot hold it */
  send(sms: Fields, callbackUrl: string): WebRequest {
    const values = this.#valuesOf(sms, callbackUrl)
    const body = this.#body === null ? {} : { body: fill(this.#body, values, ESCAPES[this.#settings.body_as]) }
    const type = this.#body === null ? {} : { 'content-type': CONTENT_TYPES[this.#settings.body_as] }
    const headers = { ...type, ...this.#headersOf(values) }
    return { method: this.#settings.method, url: this.#address(this.#url, values), headers, ...body }
  }

  /** Null: it cannot be asked for this message. An address without what names it would find another. */
  lookUp(sms: Fields, id: string | undefined): WebRequest | null {
    if (this.#lookUpUrl === null) return null
    if (id === undefined && !this.#lookUpUrl.names.includes('attempt_id')) return null
    const values = this.#valuesOf(sms, '')
    const withId: Values = (name) => (name === 'id' ? (id ?? '') : values(name))
    return { method: 'GET', url: this.#address(this.#lookUpUrl, withId), headers: this.#headersOf(withId) }
  }

  #valuesOf(sms: Fields, callbackUrl: string): Values {
    const number = (value: string): string =>
      this.#settings.number_format === 'digits' ? value.replace(/^\+(?=\d+$)/, '') : value
    const values: Readonly<Record<string, string>> = {
      to: number(sms.to),
      from: number(sms.line),
      text: sms.body,
      attempt_id: sms.attempt,
      message_id: sms.message,
      callback_url: callbackUrl,
    }
    return (name) => {
      const secret = /^secret\.(.*)$/.exec(name)?.[1]
      const [from, key] = secret === undefined ? [values, name] : [this.#secrets, secret]
      return Object.hasOwn(from, key) ? from[key] : undefined
    }
  }

  #address(template: Template, values: Values): URL {
    const text = fill(template, values, ESCAPES.form)
    const url = URL.canParse(text) ? new URL(text) : null
    if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
    throw new TemplateError('The address must begin with https:// or http:// and be a whole one.')
  }

  #headersOf(values: Values): Record<string, string> {
    const plain: Escape = (value) => value
    const headers = Object.fromEntries(this.#headers.map(([name, value]) => [name, fill(value, values, plain)]))
    if (this.#basicAuth) {
      headers['authorization'] = `Basic ${Buffer.from(fill(this.#basicAuth, values, plain)).toString('base64')}`
    }
    const unfit = Object.entries(headers).find(([, value]) => !isHeaderValue(value))
    if (unfit)
      throw new TemplateError(
        `The header ${unfit[0]} cannot hold its value: it has a line end or a letter beyond Latin-1.`,
      )
    return headers
  }

  #check(): void {
    const { body, body_as: as, method } = this.#settings
    const badName = this.#headers.find(([name]) => !/^[\w-]+$/.test(name) || OURS.has(name))
    if (badName) throw new TemplateError(`The header ${badName[0]} cannot be set.`)
    if (method === 'GET' && body !== undefined)
      throw new TemplateError('With the method GET there is no body: put the values into url.')
    const other = { ...HOSTILE, line: 'sender', to: '+4915112345678' }
    const sample = this.send(
      { ...HOSTILE, body: this.#isInHeaders('text') ? 'text' : HOSTILE.body },
      'https://gateway.example/x',
    )
    const isElsewhere =
      this.#address(this.#url, this.#valuesOf(other, 'https://gateway.example/y')).origin !== sample.url.origin
    if (isElsewhere) throw new TemplateError('The host in url must not hang on the message.')
    this.lookUp(HOSTILE, 'id')
    if (this.#lookUpUrl && !this.#lookUpUrl.names.some((name) => name === 'attempt_id' || name === 'id')) {
      throw new TemplateError('lookup_url must name the message, with {attempt_id} or {id}: it would find another.')
    }
    if (as === 'json' && sample.body !== undefined && parseJson(sample.body) === undefined) {
      throw new TemplateError(
        'The body is no JSON once its placeholders are filled in: does each stand in quotes, like "{text}"?',
      )
    }
  }

  #isInHeaders(name: string): boolean {
    return this.#headers.some(([, { names }]) => names.includes(name))
  }
}

/** Made from the request itself. */
const OURS = new Set([
  'host',
  'content-length',
  'connection',
  'transfer-encoding',
  'expect',
  'upgrade',
  'te',
  'trailer',
])

const optional = (template: string | undefined): Template | null =>
  template === undefined ? null : parseTemplate(template)
