/** Expressions: their values, and the objects they name without asking for them. */
import { readFileSync } from 'node:fs'
import { setTimeout as passed } from 'node:timers/promises'
import { elementOf, fieldOf, lengthOf, propertyOf } from './elements.ts'
import type { LocalKey } from './elements.ts'
import type { ClassName, MessagesClass } from './dictionary.ts'
import { messagesError, ScriptError, UnsupportedError } from './faults.ts'
import type { MessagesApp } from './messages-app.ts'
import { booleanOf, coerce, numberOf, operate } from './operators.ts'
import { hfsPath, posixPath, printed, sourceOf } from './printing.ts'
import type { Scope } from './scope.ts'
import { isMessages } from './statement-parser.ts'
import type { CoercionType, ElementKey, Expression } from './syntax.ts'
import * as values from './values.ts'
import type { SpecifierKey, Test, TestOperator, Value } from './values.ts'

/** A name that the expression made itself still has to be asked for; a value, or an object that a variable holds, does not. */
type Referred = Readonly<{ value: Value; isName: boolean }>

export type Calling = Readonly<{ handler: string; arguments: readonly Value[] }>

export type Surroundings = Readonly<{
  messages: MessagesApp
  /** Runs a handler of the script; null: it returned nothing. */
  call: (calling: Calling) => Promise<Value | null>
  /** One line of `log`. */
  log: (line: string) => void
}>

type OfKind<Kind extends Expression['kind']> = Extract<Expression, { kind: Kind }>

const MESSAGES_CLASSES: ReadonlySet<ClassName> = new Set<MessagesClass>([
  'account',
  'participant',
  'chat',
  'file transfer',
])
const TEST_OPERATORS: ReadonlySet<string> = new Set<TestOperator>([
  '=',
  '≠',
  'contains',
  'does not contain',
  'starts with',
  'ends with',
  'is in',
  'is not in',
])

export class Evaluator {
  readonly #around: Surroundings

  constructor(surroundings: Surroundings) {
    this.#around = surroundings
  }

  /** Throws -2763 where there is no value. */
  async value(expression: Expression, scope: Scope): Promise<Value> {
    const found = await this.valueOrNothing(expression, scope)
    if (found === null) throw new ScriptError({ kind: 'no_result' }, { range: expression })
    return found
  }

  /** Null for a command or a handler without a result. */
  async valueOrNothing(expression: Expression, scope: Scope): Promise<Value | null> {
    return inPlace(expression, async () => {
      if (expression.kind === 'command') return this.#command(expression, scope)
      if (expression.kind === 'call') return this.#call(expression, scope)
      if (expression.kind === 'of' && expression.inner.kind === 'call') return this.#callOf(expression, scope)
      const { value, isName } = await this.#refer(expression, scope)
      if (!isName || !values.isSpecifier(value)) return value
      return this.#around.messages.get(value, scope)
    })
  }

  /** Names stay names: for `send … to`, `exists`, `count`, `tell` and what stands after `of`. */
  async reference(expression: Expression, scope: Scope): Promise<Value> {
    return inPlace(expression, async () => (await this.#refer(expression, scope)).value)
  }

  async text(expression: Expression, scope: Scope): Promise<string> {
    return values.toText(await this.value(expression, scope), scope.frame.globals.delimiter)
  }

  async #refer(expression: Expression, scope: Scope): Promise<Referred> {
    switch (expression.kind) {
      case 'element':
        return this.#element(expression, { container: scope.target, scope })
      case 'property':
        return this.#property(expression, { container: scope.target, scope })
      case 'of':
        return this.#of(expression, scope)
      case 'whose':
        return this.#whose(expression, scope)
      case 'insertion':
        throw new ScriptError({ kind: 'cannot_get', object: expression.at })
      case 'reference_to':
        return { value: await this.reference(expression.of, scope), isName: false }
      case 'command':
      case 'call':
        return { value: await this.value(expression, scope), isName: false }
      default:
        return { value: await this.#plain(expression, scope), isName: false }
    }
  }

  async #plain(
    expression: Exclude<
      Expression,
      OfKind<'element' | 'property' | 'insertion' | 'of' | 'whose' | 'reference_to' | 'command' | 'call'>
    >,
    scope: Scope,
  ): Promise<Value> {
    switch (expression.kind) {
      case 'text':
        return values.text(expression.text)
      case 'number':
        return { kind: expression.real ? 'real' : 'integer', number: expression.number }
      case 'boolean':
        return values.boolean(expression.value)
      case 'constant':
        return { kind: 'constant', name: expression.name }
      case 'class':
        return { kind: 'class', name: expression.name }
      case 'list':
        return values.list(await this.#values(expression.items, scope))
      case 'record':
        return this.#record(expression, scope)
      case 'variable':
        return scope.frame.get(expression.name)
      case 'result':
        if (scope.frame.result === null) throw new ScriptError({ kind: 'undefined_variable', name: 'result' })
        return scope.frame.result
      case 'it':
        return scope.target ?? { kind: 'script' }
      case 'me':
        return { kind: 'script' }
      case 'apple_script':
        return { kind: 'apple_script' }
      case 'application':
        return this.#application(expression, scope)
      case 'posix_file':
      case 'file_by_name':
        return this.#file(expression, scope)
      case 'not':
        return values.boolean(!booleanOf(await this.value(expression.operand, scope)))
      case 'negative':
        return values.number(-numberOf(await this.value(expression.operand, scope)))
      case 'binary':
        return this.#binary(expression, scope)
      case 'as': {
        const value = values.contentsOf(await this.value(expression.value, scope))
        return coerce(value, expression.type.name, scope.frame.globals.delimiter)
      }
    }
  }

  async #values(expressions: readonly Expression[], scope: Scope): Promise<readonly Value[]> {
    const found: Value[] = []
    for (const expression of expressions) found.push(await this.value(expression, scope))
    return found
  }

  async #record({ fields }: OfKind<'record'>, scope: Scope): Promise<Value> {
    const made = new Map<string, Value>()
    for (const { name, value } of fields) made.set(name, await this.value(value, scope))
    return { kind: 'record', fields: made }
  }

  async #application({ by, which }: OfKind<'application'>, scope: Scope): Promise<Value> {
    const name = await this.text(which, scope)
    if (isMessages(by, name)) return { kind: 'messages' }
    const object = `application ${by === 'id' ? 'id ' : ''}${sourceOf(values.text(name))}`
    throw new ScriptError({ kind: 'cannot_get', object })
  }

  async #file(expression: OfKind<'posix_file' | 'file_by_name'>, scope: Scope): Promise<Value> {
    const insideTell = scope.target?.kind === 'messages'
    if (expression.kind === 'posix_file') {
      return { kind: 'file', path: await this.text(expression.path, scope), alias: false, insideTell }
    }
    const path = posixPath(await this.text(expression.name, scope))
    if (!expression.alias) return { kind: 'file', path, alias: false, insideTell }
    return coerce({ kind: 'file', path, alias: false, insideTell: false }, 'alias', '')
  }

  async #binary({ operator, left, right }: OfKind<'binary'>, scope: Scope): Promise<Value> {
    if (operator === 'and' || operator === 'or') {
      const first = booleanOf(await this.value(left, scope))
      if (first === (operator === 'or')) return values.boolean(first)
      return values.boolean(booleanOf(await this.value(right, scope)))
    }
    const operands = { left: await this.value(left, scope), right: await this.value(right, scope) }
    return operate(operator, operands, { caseMatters: scope.caseMatters, delimiter: scope.frame.globals.delimiter })
  }

  async #of({ inner, outer }: OfKind<'of'>, scope: Scope): Promise<Referred> {
    if (inner.kind === 'list') {
      // `{id, enabled} of account 1`: one of each.
      const each = inner.items.map((item): Expression => ({
        kind: 'of',
        inner: item,
        outer,
        start: item.start,
        end: item.end,
      }))
      return { value: values.list(await this.#values(each, scope)), isName: false }
    }
    const place = await this.reference(outer, scope)
    if (inner.kind === 'property' && inner.name === 'contents' && place.kind === 'item_of') {
      return { value: values.contentsOf(place), isName: false }
    }
    const container = values.contentsOf(place)
    switch (inner.kind) {
      case 'element':
        return this.#element(inner, { container, scope })
      case 'property':
        return this.#property(inner, { container, scope })
      case 'whose':
        return this.#whose(inner, { ...scope, target: container })
      case 'variable':
        return { value: variableOf(inner.name, { container, scope }), isName: false }
      case 'posix_file':
      case 'file_by_name':
        // `my POSIX file p` makes it here and not in the app.
        return { value: await this.#file(inner, { ...scope, target: null }), isName: false }
      default:
        throw new ScriptError({ kind: 'cannot_get', object: sourceOf(container) }, { range: inner })
    }
  }

  async #property({ name }: OfKind<'property'>, { container, scope }: Within): Promise<Referred> {
    const isOwn = container === null || container.kind === 'script' || container.kind === 'apple_script'
    if (isOwn && name === 'text item delimiters') return { value: scope.frame.globals.delimiters, isName: false }
    if (container === null) throw new ScriptError({ kind: 'cannot_get', object: name })
    if (values.isSpecifier(container)) return { value: { kind: 'property', name, from: container }, isName: true }
    return { value: propertyOf(container, name), isName: false }
  }

  async #element({ class: kind, key }: OfKind<'element'>, within: Within): Promise<Referred> {
    const { container, scope } = within
    if ((kind === 'character' || kind === 'text') && key.by === 'id') {
      return { value: await this.#charactersById(key.id, scope), isName: false }
    }
    if (container !== null && values.isSpecifier(container) && isMessagesClass(kind)) {
      return {
        value: { kind: 'element', class: kind, from: container, key: await this.#key(key, scope) },
        isName: true,
      }
    }
    // A list of objects that has to be asked for first: `item 1 of accounts`.
    const isNamed = container?.kind === 'element' || container?.kind === 'property'
    const holder = isNamed ? await this.#around.messages.get(container, scope) : container
    const local = await this.#localKey(key, scope)
    if (holder === null || holder.kind === 'script' || local === null || holder.kind === 'messages') {
      const object = holder === null || holder.kind === 'script' ? kind : `${kind} of ${sourceOf(holder)}`
      throw new ScriptError({ kind: 'cannot_get', object })
    }
    const { delimiterTexts } = scope.frame.globals
    return { value: elementOf(holder, { class: kind, key: local }, delimiterTexts), isName: false }
  }

  async #charactersById(expression: Expression, scope: Scope): Promise<Value> {
    const ids = values.contentsOf(await this.value(expression, scope))
    const points = (ids.kind === 'list' ? ids.items : [ids]).map(numberOf)
    return values.text(String.fromCodePoint(...points))
  }

  async #key(key: ElementKey, scope: Scope): Promise<SpecifierKey> {
    switch (key.by) {
      case 'index': {
        const index = values.contentsOf(await this.value(key.index, scope))
        return index.kind === 'text'
          ? { by: 'name', name: index.text }
          : { by: 'index', index: numberOf(index), test: null }
      }
      case 'id':
        return { by: 'id', id: await this.text(key.id, scope) }
      case 'name':
        return { by: 'name', name: await this.text(key.name, scope) }
      case 'every':
        return { by: 'every', test: null }
      case 'range':
      case 'middle':
        throw new UnsupportedError('The fake Mac’s Messages takes no ranges of objects: name one, or every one.')
    }
  }

  /** Null: no key that texts and lists know. */
  async #localKey(key: ElementKey, scope: Scope): Promise<LocalKey | null> {
    switch (key.by) {
      case 'index':
        return { by: 'index', index: numberOf(await this.value(key.index, scope)) }
      case 'range':
        return {
          by: 'range',
          from: numberOf(await this.value(key.from, scope)),
          to: numberOf(await this.value(key.to, scope)),
        }
      case 'every':
      case 'middle':
        return key
      case 'id':
      case 'name':
        return null
    }
  }

  async #whose({ elements, test }: OfKind<'whose'>, scope: Scope): Promise<Referred> {
    const named = await this.reference(elements, scope)
    if (!values.isSpecifier(named) || named.kind !== 'element') {
      throw new ScriptError({ kind: 'cannot_get', object: `${sourceOf(named)} whose …` })
    }
    const { key } = named
    if (key.by !== 'index' && key.by !== 'every') throw messagesError({ kind: 'invalid_key_form' })
    return { value: { ...named, key: { ...key, test: await this.#test(test, scope) } }, isName: true }
  }

  /** Values are known before Messages is asked: an undefined word fails here (MACOS 1.4: -2753). */
  async #test(expression: Expression, scope: Scope): Promise<Test> {
    if (expression.kind === 'not') return { kind: 'not', of: await this.#test(expression.operand, scope) }
    const asked = testedProperty(expression)
    if (asked !== null) return { kind: 'compare', property: asked, operator: '=', value: values.boolean(true) }
    if (expression.kind === 'binary') {
      const { operator, left, right } = expression
      if (operator === 'and' || operator === 'or') {
        return { kind: operator, left: await this.#test(left, scope), right: await this.#test(right, scope) }
      }
      const property = testedProperty(left)
      if (property !== null && isTestOperator(operator)) {
        const value = values.contentsOf(await this.value(right, scope))
        return { kind: 'compare', property, operator, value }
      }
    }
    throw new UnsupportedError(
      'The fake Mac’s Messages compares, after “whose”, a property with a value: property first.',
    )
  }

  async #call({ handler, arguments: given }: OfKind<'call'>, scope: Scope): Promise<Value | null> {
    // Inside a `tell` the app is asked, which knows no handler: `my f()` is the script's own.
    if (scope.target !== null && scope.target.kind !== 'script')
      throw messagesError({ kind: 'cannot_continue', handler })
    return this.#around.call({ handler, arguments: await this.#values(given, scope) })
  }

  async #callOf({ inner, outer }: OfKind<'of'>, scope: Scope): Promise<Value | null> {
    if (inner.kind !== 'call') throw new Error('only calls come here')
    const target = await this.reference(outer, scope)
    const given = await this.#values(inner.arguments, scope)
    if (target.kind !== 'script') throw new ScriptError({ kind: 'cannot_continue', handler: inner.handler })
    return this.#around.call({ handler: inner.handler, arguments: given })
  }

  async #command(command: OfKind<'command'>, scope: Scope): Promise<Value | null> {
    const { messages, log } = this.#around
    const { name, direct, parameter } = command
    switch (name) {
      case 'get':
        return direct === null ? null : this.value(direct, scope)
      case 'count':
        return this.#count(direct, scope)
      case 'exists':
        return direct === null ? null : this.#exists(direct, scope)
      case 'log':
        log(direct === null ? '' : printed(await this.value(direct, scope), 'human'))
        return null
      case 'delay':
        await passed(direct === null ? 0 : 1_000 * numberOf(await this.value(direct, scope)))
        return null
      case 'read':
        return direct === null ? null : read(await this.value(direct, scope), parameter)
      case 'activate':
      case 'launch': {
        const app = direct === null ? scope.target : await this.reference(direct, scope)
        if (app?.kind === 'messages') await messages.events.launch(scope.timeoutMs)
        return null
      }
      case 'send': {
        if (direct === null || parameter === null || parameter.kind === 'type') return null
        const payload = await this.value(direct, scope)
        const to = await this.reference(parameter, scope)
        if (scope.target === null || !values.isSpecifier(scope.target)) {
          throw new ScriptError({ kind: 'not_understood', object: '«script»', message: 'send' })
        }
        await messages.send(payload, to, scope)
        return null
      }
    }
  }

  async #count(direct: Expression | null, scope: Scope): Promise<Value> {
    const counted: Value = direct === null ? { kind: 'script' } : values.contentsOf(await this.value(direct, scope))
    const length = lengthOf(counted)
    if (length === null) {
      throw new ScriptError({ kind: 'not_understood', object: sourceOf(counted), message: 'count' })
    }
    return values.integer(length)
  }

  async #exists(direct: Expression, scope: Scope): Promise<Value> {
    const named = await this.reference(direct, scope)
    return values.boolean(values.isSpecifier(named) ? await this.#around.messages.exists(named, scope) : true)
  }
}

type Within = Readonly<{ container: Value | null; scope: Scope }>

/** The innermost expression that fails gives the place that osascript prints. */
async function inPlace<T>({ start, end }: Expression, evaluate: () => Promise<T>): Promise<T> {
  try {
    return await evaluate()
  } catch (error) {
    if (error instanceof ScriptError) error.range ??= { start, end }
    throw error
  }
}

function isMessagesClass(name: ClassName): name is MessagesClass {
  return MESSAGES_CLASSES.has(name)
}

function isTestOperator(operator: string): operator is TestOperator {
  return TEST_OPERATORS.has(operator)
}

/** `enabled`, `its enabled`, or a class word that is a property too; null: something else. */
function testedProperty(expression: Expression): Extract<Test, { kind: 'compare' }>['property'] | null {
  if (expression.kind === 'property') return expression.name
  if (expression.kind === 'of' && expression.outer.kind === 'it') return testedProperty(expression.inner)
  if (expression.kind !== 'class') return null
  return expression.name === 'account' || expression.name === 'participant' ? expression.name : null
}

/** `x of me` is the script's, `x of r` a record's. */
function variableOf(name: string, { container, scope }: { container: Value; scope: Scope }): Value {
  if (container.kind === 'script') return scope.frame.get(name)
  const field = fieldOf(container, name)
  if (field === null) throw new ScriptError({ kind: 'cannot_get', object: `${name} of ${sourceOf(container)}` })
  return field
}

/** Without `as «class utf8»` a file is read as Mac OS Roman was written: what is not ASCII comes out wrong. */
function read(of: Value, parameter: Expression | CoercionType | null): Value {
  const file = values.contentsOf(of)
  if (file.kind !== 'file') throw values.cannotMake(file, 'file')
  const bytes = bytesOf(file.path)
  if (bytes.length === 0) throw new ScriptError({ kind: 'end_of_file' })
  const isUtf8 = parameter?.kind === 'type' && parameter.name === 'utf8'
  if (!isUtf8) return values.text(new TextDecoder('macintosh').decode(bytes))
  try {
    return values.text(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch {
    throw new ScriptError({ kind: 'unexpected_type' })
  }
}

function bytesOf(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch {
    throw new ScriptError({ kind: 'file_not_found', file: `file ${hfsPath(path)}` })
  }
}
