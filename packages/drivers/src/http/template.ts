/**
 * Templates of an HTTP SMS API: text with placeholders like {to}. All are filled in one pass, so what stands in a text is never taken for a
 * placeholder; and each value is escaped for the place where it goes, so it can end no string, field or element.
 */
import { TemplateError } from './template-error.ts'

/** What a placeholder may be called; besides them, `secret.<name>`. */
export const PLACEHOLDERS = ['to', 'from', 'text', 'attempt_id', 'message_id', 'callback_url', 'id'] as const

export type Template = Readonly<{ texts: readonly string[]; names: readonly string[] }>

export type Escape = (value: string) => string
/** `undefined`: there is no such value. */
export type Values = (name: string) => string | undefined

const PLACEHOLDER = /\{([a-z][a-z_]*(?:\.[A-Za-z0-9_-]+)?)\}/
const IS_NAME = new RegExp(`^(?:${PLACEHOLDERS.join('|')}|secret\\.[A-Za-z0-9_-]+)$`)

/** @throws TemplateError when it has a placeholder that does not exist */
export function parseTemplate(text: string): Template {
  const pieces = text.split(PLACEHOLDER)
  const names = pieces.filter((_, i) => i % 2 === 1)
  const unknown = names.find((name) => !IS_NAME.test(name))
  if (unknown !== undefined) {
    const known = [...PLACEHOLDERS, 'secret.<name>'].map((name) => `{${name}}`).join(', ')
    throw new TemplateError(`There is no placeholder {${unknown}}. There are: ${known}.`)
  }
  return { texts: pieces.filter((_, i) => i % 2 === 0), names }
}

/** @throws TemplateError when a value is missing */
export function fill({ texts, names }: Template, values: Values, escape: Escape): string {
  return texts.map((text, i) => text + valueOf(names[i], values, escape)).join('')
}

function valueOf(name: string | undefined, values: Values, escape: Escape): string {
  if (name === undefined) return ''
  const value = values(name)
  if (value === undefined) throw new TemplateError(`There is no value for the placeholder {${name}}.`)
  return escape(value.toWellFormed()) // half a character would make the whole request unsendable
}

export const ESCAPES = {
  /** Inside the quotes of a JSON string. */
  json: (value) => JSON.stringify(value).slice(1, -1),
  /** In a form, and in any part of an address. */
  form: encodeURIComponent,
  xml: escapeXml,
  text: (value) => value,
} as const satisfies Record<string, Escape>

const XML_ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Line ends and tabs as numbers: a parser would make a line feed, or a space, of them. What XML cannot hold is replaced. */
function escapeXml(value: string): string {
  return value
    .replace(/[&<>"']/g, (sign) => XML_ENTITIES[sign] ?? sign)
    .replace(/[\t\n\r]/g, (sign) => `&#${sign.charCodeAt(0)};`)
    .replace(/[^\t\n\r\u0020-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
}

/** What a header's value may hold: no line end can begin another header. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

export function isHeaderValue(value: string): boolean {
  return HEADER_VALUE.test(value)
}
