/**
 * The objects of Messages: what its names stand for, asked with Apple events each time, as the real one is. Of the dictionary of MACOS 1.1 the
 * fake Mac has accounts and file transfers with their properties, and participants and chats that are named; it can't list the last two.
 */
import type { AppleEvents, Target } from './apple-events.ts'
import type { PropertyName } from './dictionary.ts'
import { messagesError, ScriptError, UnsupportedError } from './faults.ts'
import { sourceOf } from './printing.ts'
import {
  boolean,
  cannotMake,
  contains,
  contentsOf,
  equal,
  isNumber,
  isSpecifier,
  list,
  text,
  toText,
} from './values.ts'
import type { Specifier, SpecifierKey, Test, Value } from './values.ts'

/** How long an answer is waited for, and whether one is. */
export type Asking = Readonly<{ timeoutMs: number; waits: boolean }>

type Element = Extract<Specifier, { kind: 'element' }>
/** One account or file transfer: its properties, and its name for later. */
type Entry = Readonly<{ properties: ReadonlyMap<PropertyName, Value>; object: Element }>

type AccountAnswer = Readonly<{
  id: string
  description: string
  enabled: boolean
  connection: string
  service: string
}>
type TransferAnswer = Readonly<{ name: string; path: string; direction: string; status: string }>

const MESSAGES: Specifier = { kind: 'messages' }
const MISSING_OBJECT = new Set([-1728, -1719])

export class MessagesApp {
  readonly events: AppleEvents

  constructor(events: AppleEvents) {
    this.events = events
  }

  /** The value of a property; for an element the object that it stands for, for several their list. Throws ScriptError and UnsupportedError. */
  async get(specifier: Specifier, asking: Asking): Promise<Value> {
    if (specifier.kind === 'messages') return specifier
    if (specifier.kind === 'property') return this.#property(specifier, asking)
    const { key } = specifier
    if (specifier.class === 'account' || specifier.class === 'file transfer') {
      const entries = await this.#entries(specifier, asking)
      const objects = entries.map(({ object }) => object)
      return key.by === 'every' ? list(objects) : first(objects, specifier)
    }
    const to = await this.#target(specifier, asking)
    await this.events.ask({ event: 'resolve', to }, { ...asking, object: sourceOf(specifier) })
    return named(to)
  }

  /** False for -1728 and -1719; other errors are thrown. */
  async exists(specifier: Specifier, asking: Asking): Promise<boolean> {
    try {
      await this.get(specifier, asking)
      return true
    } catch (error) {
      if (error instanceof ScriptError && MISSING_OBJECT.has(error.number)) return false
      throw error
    }
  }

  /** Gives back nothing, as the real one (MACOS 1.1). */
  async send(payload: Value, to: Value, asking: Asking): Promise<void> {
    const content = contentOf(contentsOf(payload))
    const target = contentsOf(to)
    if (!isSpecifier(target)) throw fromMessages(cannotMake(target, 'specifier'))
    const object = target.kind === 'property' ? await this.get(target, asking) : target
    if (!isSpecifier(object)) throw fromMessages(cannotMake(object, 'specifier'))
    const isAddressee = object.kind === 'element' && (object.class === 'participant' || object.class === 'chat')
    if (!isAddressee) throw messagesError({ kind: 'not_understood', object: sourceOf(object), message: 'send' })
    const address = await this.#target(object, asking)
    await this.events.ask({ event: 'send', ...content, to: address }, { ...asking, object: sourceOf(object) })
  }

  async #property(property: Extract<Specifier, { kind: 'property' }>, asking: Asking): Promise<Value> {
    const { from, name } = property
    if (from.kind === 'messages') return this.#ofApp(property)
    const isAsked = from.kind === 'element' && (from.class === 'account' || from.class === 'file transfer')
    if (isAsked) {
      const entries = await this.#entries(from, asking)
      const values = entries.map(({ properties }) => properties.get(name))
      if (values.includes(undefined)) throw messagesError({ kind: 'cannot_get', object: sourceOf(property) })
      const known = values.filter((value) => value !== undefined)
      return from.key.by === 'every' ? list(known) : first(known, from)
    }
    const object = await this.get(from, asking)
    if (from.kind === 'property') {
      if (isSpecifier(object)) return this.get({ ...property, from: object }, asking)
      throw messagesError({ kind: 'cannot_get', object: sourceOf(property) })
    }
    return ofNamed(property, object)
  }

  async #ofApp(property: Extract<Specifier, { kind: 'property' }>): Promise<Value> {
    switch (property.name) {
      case 'name':
        return text('Messages')
      case 'id':
        return text('com.apple.MobileSMS')
      case 'frontmost':
        return boolean(false)
      case 'running':
        return boolean(await this.events.isRunning())
      default:
        throw messagesError({ kind: 'cannot_get', object: sourceOf(property) })
    }
  }

  /** All that the element stands for, in Messages' order. */
  async #entries(element: Element, asking: Asking): Promise<readonly Entry[]> {
    if (element.from.kind !== 'messages') throw messagesError({ kind: 'cannot_get', object: sourceOf(element) })
    const { key } = element
    if (key.by === 'name' && element.class === 'account') throw messagesError({ kind: 'invalid_key_form' })
    const all = element.class === 'account' ? await this.#accounts(asking) : await this.#transfers(asking)
    const chosen = all.filter((entry) => isChosen(entry, key))
    if (key.by !== 'index') return chosen
    const at = key.index < 0 ? chosen.length + key.index : key.index - 1
    const entry = chosen[at]
    return entry === undefined ? [] : [entry]
  }

  async #accounts(asking: Asking): Promise<readonly Entry[]> {
    const answer = await this.events.ask({ event: 'accounts' }, { ...asking, object: 'every account' })
    return ((answer ?? []) as readonly AccountAnswer[]).map((account) => ({
      object: { kind: 'element', class: 'account', from: MESSAGES, key: { by: 'id', id: account.id } },
      properties: new Map<PropertyName, Value>([
        ['id', text(account.id)],
        ['description', text(account.description)],
        ['enabled', boolean(account.enabled)],
        ['connection status', { kind: 'constant', name: account.connection }],
        ['service type', { kind: 'constant', name: account.service }],
      ]),
    }))
  }

  async #transfers(asking: Asking): Promise<readonly Entry[]> {
    const answer = await this.events.ask({ event: 'transfers' }, { ...asking, object: 'every file transfer' })
    return ((answer ?? []) as readonly TransferAnswer[]).map((transfer, i) => ({
      object: {
        kind: 'element',
        class: 'file transfer',
        from: MESSAGES,
        key: { by: 'index', index: i + 1, test: null },
      },
      properties: new Map<PropertyName, Value>([
        ['name', text(transfer.name)],
        ['file path', { kind: 'file', path: transfer.path, alias: false, insideTell: false }],
        ['direction', { kind: 'constant', name: transfer.direction }],
        ['transfer status', { kind: 'constant', name: transfer.status }],
      ]),
    }))
  }

  /** Where an event goes: asks for the account when it is not named by its id. */
  async #target({ class: kind, key, from }: Element, asking: Asking): Promise<Target> {
    const own: Element = { kind: 'element', class: kind, key, from }
    if (key.by === 'every' || key.by === 'index') {
      throw new UnsupportedError(`The fake Mac's Messages cannot list its ${kind}s: name the one you mean.`)
    }
    if (kind === 'chat') {
      // By name it would be the display name, never the guid (MACOS 1.2); the fake Mac's chats have none.
      if (key.by === 'name') throw messagesError({ kind: 'cannot_get', object: sourceOf(own) })
      return { chat: key.id }
    }
    if (key.by === 'name') return { participant: key.name, account: await this.#accountId(own, asking) }
    const [, account, handle] = /^([^:]+):(.+)$/s.exec(key.id) ?? []
    if (account === undefined || handle === undefined)
      throw messagesError({ kind: 'cannot_get', object: sourceOf(own) })
    return { participant: handle, account }
  }

  async #accountId({ from, ...participant }: Element, asking: Asking): Promise<string> {
    if (from.kind === 'element' && from.class === 'account') {
      if (from.key.by === 'id') return from.key.id
      const entries = await this.#entries(from, asking)
      return idOf(first(entries, from))
    }
    if (from.kind !== 'messages')
      throw messagesError({ kind: 'cannot_get', object: sourceOf({ from, ...participant }) })
    // Without an account any service may take it, also SMS (MACOS 1.2): here SMS does whenever it can, so that the mistake shows.
    const accounts = await this.#accounts(asking)
    const enabled = accounts.filter(({ properties }) => isTrue(properties.get('enabled')))
    const bySms = enabled.find(({ properties }) => sourceOf(properties.get('service type') ?? text('')) === 'SMS')
    const chosen = bySms ?? enabled[0]
    if (chosen === undefined) throw messagesError({ kind: 'cannot_get', object: sourceOf({ from, ...participant }) })
    return idOf(chosen)
  }
}

function contentOf(payload: Value): { text: string } | { file: string } {
  if (payload.kind === 'text' || isNumber(payload)) return { text: toText(payload) }
  if (payload.kind === 'file' && !payload.insideTell) return { file: payload.path }
  throw fromMessages(cannotMake(payload, payload.kind === 'file' ? 'file' : 'text'))
}

function fromMessages({ fault }: ScriptError): ScriptError {
  return messagesError(fault)
}

function first<T>(found: readonly T[], element: Element): T {
  const [one] = found
  if (one !== undefined) return one
  const kind = element.key.by === 'index' ? 'invalid_index' : 'cannot_get'
  throw messagesError({ kind, object: sourceOf(element) })
}

function named(to: Target): Element {
  if ('chat' in to) return { kind: 'element', class: 'chat', from: MESSAGES, key: { by: 'id', id: to.chat } }
  const id = `${to.account}:${to.participant}`
  return { kind: 'element', class: 'participant', from: MESSAGES, key: { by: 'id', id } }
}

/** A property of a participant or a chat whose object is known. */
function ofNamed(property: Extract<Specifier, { kind: 'property' }>, object: Value): Value {
  const key: SpecifierKey | null = object.kind === 'element' ? object.key : null
  if (object.kind !== 'element' || key?.by !== 'id')
    throw messagesError({ kind: 'cannot_get', object: sourceOf(property) })
  if (property.name === 'id') return text(key.id)
  const [, account = '', handle = ''] = /^([^:]+):(.+)$/s.exec(key.id) ?? []
  if (object.class === 'participant' && property.name === 'handle') return text(handle)
  if (object.class === 'participant' && property.name === 'account') {
    return { kind: 'element', class: 'account', from: MESSAGES, key: { by: 'id', id: account } }
  }
  throw new UnsupportedError(`The fake Mac's Messages does not tell the ${property.name} of a ${object.class}.`)
}

function idOf({ object }: Entry): string {
  return object.key.by === 'id' ? object.key.id : ''
}

function isTrue(value: Value | undefined): boolean {
  return value?.kind === 'boolean' && value.value
}

function isChosen({ properties, object }: Entry, key: SpecifierKey): boolean {
  switch (key.by) {
    case 'id':
      return object.key.by === 'id' && object.key.id === key.id
    case 'name':
      return properties.get('name') !== undefined && passes(properties, sameName(key.name))
    case 'index':
    case 'every':
      return key.test === null || passes(properties, key.test)
  }
}

function sameName(name: string): Test {
  return { kind: 'compare', property: 'name', operator: '=', value: text(name) }
}

const IGNORING_CASE = { caseMatters: false }
/** Properties whose values are words of an enumeration: a class, like `any`, is none of them (MACOS 1.3). */
const ENUMERATED: ReadonlySet<PropertyName> = new Set([
  'connection status',
  'direction',
  'service type',
  'transfer status',
])

function passes(properties: ReadonlyMap<PropertyName, Value>, test: Test): boolean {
  switch (test.kind) {
    case 'and':
      return passes(properties, test.left) && passes(properties, test.right)
    case 'or':
      return passes(properties, test.left) || passes(properties, test.right)
    case 'not':
      return !passes(properties, test.of)
    case 'compare':
      return compares(properties, test)
  }
}

function compares(properties: ReadonlyMap<PropertyName, Value>, test: Extract<Test, { kind: 'compare' }>): boolean {
  const { property, operator, value } = test
  const own = properties.get(property)
  if (own === undefined) throw messagesError({ kind: 'cannot_get', object: property })
  if (ENUMERATED.has(property) && value.kind === 'class') throw cannotMake(value, 'constant')
  switch (operator) {
    case '=':
      return equal(own, value, IGNORING_CASE)
    case '≠':
      return !equal(own, value, IGNORING_CASE)
    case 'contains':
      return contains(own, value, IGNORING_CASE)
    case 'does not contain':
      return !contains(own, value, IGNORING_CASE)
    case 'is in':
      return contains(value, own, IGNORING_CASE)
    case 'is not in':
      return !contains(value, own, IGNORING_CASE)
    case 'starts with':
      return toText(own).toLowerCase().startsWith(toText(value).toLowerCase())
    case 'ends with':
      return toText(own).toLowerCase().endsWith(toText(value).toLowerCase())
  }
}
