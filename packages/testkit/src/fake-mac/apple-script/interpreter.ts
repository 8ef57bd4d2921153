/** Runs a script: its statements, its handlers, what it assigns. */
import { fieldOf } from './elements.ts'
import { Evaluator } from './evaluator.ts'
import type { Calling } from './evaluator.ts'
import { textOf } from './fault-texts.ts'
import type { Language } from './fault-texts.ts'
import { ScriptError } from './faults.ts'
import type { MessagesApp } from './messages-app.ts'
import { booleanOf, numberOf } from './operators.ts'
import { sourceOf } from './printing.ts'
import { Frame, Globals, outerScope } from './scope.ts'
import type { Scope } from './scope.ts'
import type { Expression, Handler, Loop, OnError, Script, Statement } from './syntax.ts'
import * as values from './values.ts'
import type { Value } from './values.ts'

/** What a statement says of those after it; null: go on. */
type Completion = Readonly<{ kind: 'return'; value: Value | null }> | Readonly<{ kind: 'exit_repeat' }> | null

type OfKind<Kind extends Statement['kind']> = Extract<Statement, { kind: Kind }>

/** The number of an error that the script gives none. */
const UNNUMBERED = -2700
const WRONG_PARAMETERS = -1721

export type Running = Readonly<{ messages: MessagesApp; language: Language; log: (line: string) => void }>

export class Interpreter {
  readonly #script: Script
  readonly #language: Language
  readonly #evaluator: Evaluator
  readonly #globals = new Globals()

  constructor(script: Script, { messages, language, log }: Running) {
    this.#script = script
    this.#language = language
    this.#evaluator = new Evaluator({ messages, log, call: (calling) => this.#call(calling) })
  }

  /** What the run handler returns, or the result of its last statement; null: nothing. Throws ScriptError and UnsupportedError. */
  async run(argv: readonly string[]): Promise<Value | null> {
    const main = new Frame(this.#globals)
    for (const { name, value } of this.#script.properties) {
      this.#globals.declare(name)
      main.set(name, await this.#evaluator.value(value, outerScope(main)))
    }
    for (const name of this.#script.globals) this.#globals.declare(name)
    const handler = this.#script.handlers.get('run')
    if (handler === undefined) return this.#finish(main, this.#script.body)
    const given = values.list(argv.map(values.text))
    return this.#enter(handler, handler.takesList ? parametersOf(given, handler) : [given])
  }

  #call({ handler: name, arguments: given }: Calling): Promise<Value | null> {
    const handler = this.#script.handlers.get(name.toLowerCase())
    if (handler === undefined) throw new ScriptError({ kind: 'not_understood', object: '«script»', message: name })
    if (handler.parameters.length !== given.length) throw new ScriptError({ kind: 'of_type', number: WRONG_PARAMETERS })
    return this.#enter(handler, given)
  }

  #enter(handler: Handler, given: readonly Value[]): Promise<Value | null> {
    const frame = new Frame(this.#globals)
    handler.parameters.forEach((name, i) => frame.set(name, given[i] ?? null))
    return this.#finish(frame, handler.body)
  }

  async #finish(frame: Frame, body: readonly Statement[]): Promise<Value | null> {
    const completion = await this.#block(body, outerScope(frame))
    return completion?.kind === 'return' ? completion.value : frame.result
  }

  async #block(body: readonly Statement[], scope: Scope): Promise<Completion> {
    for (const statement of body) {
      const completion = await this.#statement(statement, scope)
      if (completion !== null) return completion
    }
    return null
  }

  async #statement(statement: Statement, scope: Scope): Promise<Completion> {
    const { frame } = scope
    switch (statement.kind) {
      case 'set':
      case 'copy':
        await this.#assignment(statement, scope)
        return null
      case 'if':
        return this.#if(statement, scope)
      case 'repeat':
        return this.#repeat(statement, scope)
      case 'tell':
        return this.#block(statement.body, {
          ...scope,
          target: await this.#evaluator.reference(statement.target, scope),
        })
      case 'with_timeout': {
        const seconds = numberOf(await this.#evaluator.value(statement.seconds, scope))
        return this.#block(statement.body, { ...scope, timeoutMs: seconds * 1_000 })
      }
      case 'try':
        return this.#try(statement, scope)
      case 'considering':
        return this.#block(statement.body, considering(statement, scope))
      case 'block':
        return this.#block(statement.body, scope)
      case 'return':
        return {
          kind: 'return',
          value: statement.value && (await this.#evaluator.valueOrNothing(statement.value, scope)),
        }
      case 'exit_repeat':
        return { kind: 'exit_repeat' }
      case 'error':
        throw await this.#written(statement, scope)
      case 'global':
        statement.names.forEach((name) => frame.declareGlobal(name))
        return null
      case 'local':
        statement.names.forEach((name) => frame.declareLocal(name))
        return null
      case 'expression':
        frame.result = await this.#evaluator.valueOrNothing(statement.expression, scope)
        return null
    }
  }

  async #if({ branches, otherwise }: OfKind<'if'>, scope: Scope): Promise<Completion> {
    for (const { test, body } of branches) {
      if (booleanOf(await this.#evaluator.value(test, scope))) return this.#block(body, scope)
    }
    return this.#block(otherwise, scope)
  }

  async #repeat({ loop, body }: OfKind<'repeat'>, scope: Scope): Promise<Completion> {
    for await (const turn of this.#turns(loop, scope)) {
      if (turn !== null) scope.frame.set(turn.variable, turn.value)
      const completion = await this.#block(body, scope)
      if (completion?.kind === 'exit_repeat') return null
      if (completion !== null) return completion
    }
    return null
  }

  /** One for each time round, with what its variable then is. */
  async *#turns(loop: Loop, scope: Scope): AsyncGenerator<Readonly<{ variable: string; value: Value }> | null> {
    const amount = async (of: Expression) => numberOf(await this.#evaluator.value(of, scope))
    switch (loop.kind) {
      case 'forever':
        for (;;) yield null
      case 'times': {
        const times = await amount(loop.times)
        for (let i = 0; i < times; i++) yield null
        return
      }
      case 'while':
      case 'until':
        while (booleanOf(await this.#evaluator.value(loop.test, scope)) === (loop.kind === 'while')) yield null
        return
      case 'range': {
        const [from, to, by] = [
          await amount(loop.from),
          await amount(loop.to),
          loop.by === null ? 1 : await amount(loop.by),
        ]
        for (let i = from; by < 0 ? i >= to : i <= to; i += by)
          yield { variable: loop.variable, value: values.number(i) }
        return
      }
      case 'in': {
        const found = values.contentsOf(await this.#evaluator.value(loop.list, scope))
        const list = found.kind === 'list' ? found : { kind: 'list' as const, items: [found] }
        const { length } = list.items
        for (let index = 1; index <= length; index++) {
          yield { variable: loop.variable, value: { kind: 'item_of', list, index } }
        }
      }
    }
  }

  async #try({ body, onError }: OfKind<'try'>, scope: Scope): Promise<Completion> {
    try {
      return await this.#block(body, scope)
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error
      return onError === null ? null : this.#onError(onError, { error, scope })
    }
  }

  #onError(
    { message, number, body }: OnError,
    { error, scope }: { error: ScriptError; scope: Scope },
  ): Promise<Completion> {
    if (message !== null) scope.frame.set(message, values.text(textOf(error, this.#language)))
    if (number !== null) scope.frame.set(number, values.integer(error.number))
    return this.#block(body, scope)
  }

  async #written({ text, number, start, end }: OfKind<'error'>, scope: Scope): Promise<ScriptError> {
    const said = text === null ? '' : await this.#evaluator.text(text, scope)
    const code = number === null ? UNNUMBERED : numberOf(await this.#evaluator.value(number, scope))
    return new ScriptError({ kind: 'written', text: said, number: code }, { range: { start, end } })
  }

  async #assignment(statement: OfKind<'set' | 'copy'>, scope: Scope): Promise<void> {
    const { kind, target, value: expression } = statement
    const value = await this.#evaluator.valueOrNothing(expression, scope)
    const assigned = kind === 'copy' && value !== null ? values.deepCopy(value) : value
    try {
      await this.#assign(target, assigned, scope)
    } catch (error) {
      if (error instanceof ScriptError) error.range ??= { start: statement.start, end: statement.end }
      throw error
    }
    scope.frame.result = assigned
  }

  async #assign(target: Expression, value: Value | null, scope: Scope): Promise<void> {
    if (target.kind === 'variable') return scope.frame.set(target.name, value)
    if (value === null) throw new ScriptError({ kind: 'no_result' })
    const { globals } = scope.frame
    if (target.kind === 'list') return this.#assignEach(target.items, value, scope)
    if (target.kind === 'property' && target.name === 'text item delimiters' && scope.target === null) {
      globals.delimiters = value
      return
    }
    if (target.kind !== 'of') throw cannotSet(target, { value, of: scope.target })
    const { inner, outer } = target
    const place = await this.#evaluator.reference(outer, scope)
    if (inner.kind === 'property' && inner.name === 'contents' && place.kind === 'item_of') {
      place.list.items[place.index - 1] = value
      return
    }
    const holder = values.contentsOf(place)
    const isOwn = holder.kind === 'script' || holder.kind === 'apple_script'
    if (isOwn && inner.kind === 'property' && inner.name === 'text item delimiters') globals.delimiters = value
    else if (isOwn && inner.kind === 'variable') scope.frame.set(inner.name, value)
    else if (holder.kind === 'list') await this.#assignInList({ items: holder.items, inner, value }, scope)
    else if (holder.kind === 'record') assignField(holder, inner, value)
    else throw cannotSet(inner, { value, of: holder })
  }

  /** `set {a, b} to {1, 2}`. */
  async #assignEach(targets: readonly Expression[], value: Value, scope: Scope): Promise<void> {
    const given = values.contentsOf(value)
    const items = given.kind === 'list' ? given.items : []
    for (const [i, target] of targets.entries()) {
      const item = items[i]
      if (item === undefined)
        throw new ScriptError({ kind: 'cannot_get', object: `item ${i + 1} of ${sourceOf(given)}` })
      await this.#assign(target, item, scope)
    }
  }

  async #assignInList({ items, inner, value }: ListPlace, scope: Scope): Promise<void> {
    if (inner.kind === 'insertion') {
      if (inner.at === 'end') items.push(value)
      else items.unshift(value)
      return
    }
    const list: Value = { kind: 'list', items }
    if (inner.kind !== 'element' || inner.class !== 'item' || inner.key.by !== 'index') {
      throw cannotSet(inner, { value, of: list })
    }
    const index = numberOf(await this.#evaluator.value(inner.key.index, scope))
    const at = index < 0 ? items.length + index : index - 1
    if (items[at] === undefined) {
      throw new ScriptError({ kind: 'cannot_set', object: `item ${index} of ${sourceOf(list)}`, to: sourceOf(value) })
    }
    items[at] = value
  }
}

type ListPlace = Readonly<{ items: Value[]; inner: Expression; value: Value }>

/** `on run {a, b}`: each gets one argument, and too few are an error. */
function parametersOf(given: Value, { parameters }: Handler): readonly Value[] {
  const items = given.kind === 'list' ? given.items : []
  return parameters.map((_, i) => {
    const item = items[i]
    if (item === undefined) throw new ScriptError({ kind: 'cannot_get', object: `item ${i + 1} of ${sourceOf(given)}` })
    return item
  })
}

function considering({ what, considered }: OfKind<'considering'>, scope: Scope): Scope {
  switch (what) {
    case 'case':
      return { ...scope, caseMatters: considered }
    case 'application responses':
      return { ...scope, waits: considered }
    case 'other':
      return scope
  }
}

function assignField(record: Extract<Value, { kind: 'record' }>, inner: Expression, value: Value): void {
  const name = inner.kind === 'variable' || inner.kind === 'property' ? inner.name : null
  if (name === null || fieldOf(record, name) === null) throw cannotSet(inner, { value, of: record })
  const key = [...record.fields.keys()].find((field) => field.toLowerCase() === name.toLowerCase()) ?? name
  record.fields.set(key, value)
}

function cannotSet(target: Expression, { value, of }: { value: Value; of: Value | null }): ScriptError {
  const own = 'name' in target && typeof target.name === 'string' ? target.name : target.kind
  const object = of === null || of.kind === 'messages' ? own : `${own} of ${sourceOf(of)}`
  const fromMessages = of !== null && values.isSpecifier(of)
  return new ScriptError({ kind: 'cannot_set', object, to: sourceOf(value) }, { fromMessages, range: target })
}
