/** Expressions, by AppleScript's precedence: or, and, not, comparisons, `as`, `&`, sums, products, powers, signs, references. */
import { parseCoercionType, parsePrimary } from './primary-parser.ts'
import type { Grammar } from './primary-parser.ts'
import type { Expression, Operator } from './syntax.ts'
import type { TokenReader } from './token-reader.ts'

/** The longest come first: `is not in` is not `is not` and something. */
const COMPARISONS: readonly (readonly [words: string, operator: Operator])[] = [
  ['is not less than or equal to', '>'],
  ['is not greater than or equal to', '<'],
  ['is not less than', '≥'],
  ['is not greater than', '≤'],
  ['is not contained by', 'is not in'],
  ['is not equal to', '≠'],
  ['is not in', 'is not in'],
  ['is not', '≠'],
  ["isn't contained by", 'is not in'],
  ["isn't equal to", '≠'],
  ["isn't in", 'is not in'],
  ["isn't", '≠'],
  ['is less than or equal to', '≤'],
  ['is greater than or equal to', '≥'],
  ['is less than', '<'],
  ['is greater than', '>'],
  ['is contained by', 'is in'],
  ['is equal to', '='],
  ['is in', 'is in'],
  ['is', '='],
  ['equals', '='],
  ['equal to', '='],
  ['does not equal', '≠'],
  ["doesn't equal", '≠'],
  ['does not contain', 'does not contain'],
  ["doesn't contain", 'does not contain'],
  ['does not come before', '≥'],
  ['does not come after', '≤'],
  ['comes before', '<'],
  ['comes after', '>'],
  ['contains', 'contains'],
  ['contain', 'contains'],
  ['starts with', 'starts with'],
  ['begins with', 'starts with'],
  ['ends with', 'ends with'],
]
const COMPARISON_SYMBOLS: Readonly<Record<string, Operator>> = {
  '=': '=',
  '≠': '≠',
  '<': '<',
  '>': '>',
  '≤': '≤',
  '<=': '≤',
  '≥': '≥',
  '>=': '≥',
}
const SUMS: Readonly<Record<string, Operator>> = { '+': '+', '-': '-' }
const PRODUCTS: Readonly<Record<string, Operator>> = { '*': '*', '/': '/', '÷': '/', div: 'div', mod: 'mod' }

type Level = Readonly<{ operator: () => Operator | null; operand: () => Expression }>

export class ExpressionParser implements Grammar {
  readonly reader: TokenReader

  constructor(reader: TokenReader) {
    this.reader = reader
  }

  expression(): Expression {
    return this.#leftToRight({ operator: () => this.#word('or'), operand: () => this.#conjunction() })
  }

  #conjunction(): Expression {
    return this.#leftToRight({ operator: () => this.#word('and'), operand: () => this.#negation() })
  }

  #negation(): Expression {
    const { start } = this.reader.next
    if (!this.reader.takeWords('not')) return this.#comparison()
    const operand = this.#negation()
    return { kind: 'not', operand, ...this.reader.rangeSince(start) }
  }

  #comparison(): Expression {
    const { reader } = this
    const { start } = reader.next
    let left = this.#coercion()
    for (;;) {
      const isRunning = this.#runningTest()
      if (isRunning !== null) {
        const running: Expression = { kind: 'property', name: 'running', ...reader.rangeSince(start) }
        left = { kind: 'of', inner: running, outer: left, ...reader.rangeSince(start) }
        if (isRunning === 'not running') left = { kind: 'not', operand: left, ...reader.rangeSince(start) }
        continue
      }
      if (reader.takeWords('exists')) {
        left = { kind: 'command', name: 'exists', direct: left, parameter: null, ...reader.rangeSince(start) }
        continue
      }
      const operator = this.#comparisonOperator()
      if (operator === null) return left
      const right = this.#coercion()
      left = { kind: 'binary', operator, left, right, ...reader.rangeSince(start) }
    }
  }

  /** `application "Messages" is running` asks without starting it. */
  #runningTest(): 'running' | 'not running' | null {
    if (this.reader.takeWords('is not running')) return 'not running'
    return this.reader.takeWords('is running') ? 'running' : null
  }

  #comparisonOperator(): Operator | null {
    const { next } = this.reader
    const symbol = next.kind === 'symbol' ? COMPARISON_SYMBOLS[next.text] : undefined
    if (symbol === undefined) return COMPARISONS.find(([words]) => this.reader.takeWords(words))?.[1] ?? null
    this.reader.take()
    return symbol
  }

  #coercion(): Expression {
    const { start } = this.reader.next
    let value = this.#concatenation()
    while (this.reader.takeWords('as')) {
      value = { kind: 'as', value, type: parseCoercionType(this.reader), ...this.reader.rangeSince(start) }
    }
    return value
  }

  #concatenation(): Expression {
    return this.#leftToRight({ operator: () => (this.reader.takeSymbol('&') ? '&' : null), operand: () => this.#sum() })
  }

  #sum(): Expression {
    return this.#leftToRight({ operator: () => this.#listed(SUMS), operand: () => this.#product() })
  }

  #product(): Expression {
    return this.#leftToRight({ operator: () => this.#listed(PRODUCTS), operand: () => this.#power() })
  }

  #power(): Expression {
    return this.#leftToRight({
      operator: () => (this.reader.takeSymbol('^') ? '^' : null),
      operand: () => this.#sign(),
    })
  }

  #sign(): Expression {
    const { start } = this.reader.next
    if (this.reader.takeSymbol('+')) return this.#sign()
    if (!this.reader.takeSymbol('-')) return this.reference()
    const operand = this.#sign()
    return { kind: 'negative', operand, ...this.reader.rangeSince(start) }
  }

  /** `X of Y of Z`, `Y's X`, `X whose test`. `in` says the same as `of`. */
  reference(): Expression {
    const { reader } = this
    const { start } = reader.next
    let inner = parsePrimary(this)
    for (;;) {
      if (reader.takeSymbol("'s")) {
        const of = parsePrimary(this)
        inner = { kind: 'of', inner: of, outer: inner, ...reader.rangeSince(start) }
      } else if (reader.takeWords('of') || reader.takeWords('in')) {
        const outer = this.reference()
        inner = { kind: 'of', inner, outer, ...reader.rangeSince(start) }
      } else if (isFilterable(inner) && (reader.takeWords('whose') || reader.takeWords('where'))) {
        const test = this.expression()
        inner = { kind: 'whose', elements: inner, test, ...reader.rangeSince(start) }
      } else {
        return inner
      }
    }
  }

  #leftToRight({ operator, operand }: Level): Expression {
    const { start } = this.reader.next
    let left = operand()
    for (;;) {
      const found = operator()
      if (found === null) return left
      const right = operand()
      left = { kind: 'binary', operator: found, left, right, ...this.reader.rangeSince(start) }
    }
  }

  #word(word: 'and' | 'or'): Operator | null {
    return this.reader.takeWords(word) ? word : null
  }

  #listed(operators: Readonly<Record<string, Operator>>): Operator | null {
    const { kind, text } = this.reader.next
    const found = kind === 'symbol' || kind === 'word' ? operators[text.toLowerCase()] : undefined
    if (found === undefined) return null
    this.reader.take()
    return found
  }
}

function isFilterable(expression: Expression): boolean {
  return expression.kind === 'element' || (expression.kind === 'of' && isFilterable(expression.inner))
}
