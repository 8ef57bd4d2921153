import { systemChance, newUlidSource } from '@bluewire/platform/chance'
import { DEFAULT_SCOPES, isScope, newToken, SCOPES, SCOPES_IN_USE, TOKEN_PREFIX } from '../accounts/tokens.ts'
import { nearestName } from '@bluewire/platform/nearest-name'
import type { Token } from '../store/accounts-store.ts'
import type { TokenState } from '../store/tables.ts'
import { findAccount } from './find-account.ts'
import { PROGRAM } from './program.ts'
import { instantText, tableLines } from './table.ts'
import { ACCOUNT_OPTION, Refused } from './verb.ts'
import type { Answer, Call, Given, Noun, Verb } from './verb.ts'

const NAME_LENGTH_MAX = 100

export const token: Noun = {
  name: 'token',
  summary: 'credentials with which programs call the API',
  verbs: [
    {
      name: 'create',
      summary: 'make a token; it is shown once, and stored only as a hash',
      takes: [],
      options: {
        ...ACCOUNT_OPTION,
        name: { value: 'NAME', help: 'what it is for, to tell it from others' },
        scope: {
          value: 'SCOPE',
          isRepeatable: true,
          help:
            `what it may do (default: ${DEFAULT_SCOPES.join(', ')}); of: ${SCOPES_IN_USE.join(', ')}; ` +
            `reserved, for routes that are not there yet: ${SCOPES.filter((scope) => !SCOPES_IN_USE.includes(scope)).join(', ')}`,
        },
        prefix: {
          value: 'TEXT',
          help: `how it begins (default: ${TOKEN_PREFIX}, which clients of the hosted service check)`,
        },
      },
      run: createToken,
    },
    {
      name: 'list',
      summary: 'the tokens of an account',
      takes: [],
      options: ACCOUNT_OPTION,
      isReading: true,
      run: listTokens,
    },
    stateVerb('suspend', 'suspended', 'refuse a token until it is resumed'),
    stateVerb('resume', 'active', 'accept a suspended token again'),
    stateVerb('revoke', 'revoked', 'refuse a token for good'),
  ],
}

async function createToken(call: Call): Promise<Answer> {
  const { store, actor, given } = call
  const { id: account } = await findAccount(call, given.text('account'))
  const scopes = scopesOf(given)
  const made = newToken(prefixOf(given))
  const name = (given.text('name') ?? '').trim()
  if (name.length > NAME_LENGTH_MAX) throw new Refused(`A name has at most ${NAME_LENGTH_MAX} characters.`)
  const stored = await store.createToken(actor, {
    id: `tok_${newUlidSource(Date.now, systemChance)()}`,
    account,
    name,
    hash: made.hash,
    hint: made.hint,
    scopes,
  })
  return {
    json: { ...jsonOf(stored), token: made.token },
    lines: [
      made.token,
      '',
      `This is shown once. Its scopes: ${scopes.join(', ')}. To take it back: ${PROGRAM} token revoke ${stored.id}`,
    ],
  }
}

async function listTokens(call: Call): Promise<Answer> {
  const { id } = await findAccount(call, call.given.text('account'))
  const tokens = await call.store.tokens(id)
  const rows = tokens.map((t) => [
    t.id,
    `…${t.hint}`,
    t.name || '-',
    t.state,
    instantText(t.lastUsedAtMs),
    t.scopes.join(' '),
  ])
  return { json: tokens.map(jsonOf), lines: tableLines(['id', 'ends', 'name', 'state', 'last used', 'scopes'], rows) }
}

function stateVerb(name: string, state: TokenState, summary: string): Verb {
  return {
    name,
    summary,
    takes: ['TOKEN_ID'],
    options: {},
    async run({ store, actor, given }) {
      const id = given.positionals[0] ?? ''
      if (!isTokenId(id))
        throw new Refused(`${id.slice(0, 8)}… is not the id of a token (tok_…). All of them: ${PROGRAM} token list`)
      const changed = await store.setTokenState(actor, id, state)
      if (changed === undefined) throw new Refused(`There is no token ${id}. All of them: ${PROGRAM} token list`)
      if (changed.state !== state)
        throw new Refused(
          `The token ${id} is ${changed.state}, and that is for good. Make a new one: ${PROGRAM} token create`,
        )
      return { json: jsonOf(changed), lines: [`The token ${id} (…${changed.hint}) is ${changed.state}.`] }
    },
  }
}

function jsonOf(t: Token) {
  return {
    id: t.id,
    account: t.account,
    name: t.name,
    hint: t.hint,
    scopes: t.scopes,
    state: t.state,
    created_at: t.createdAtMs,
    last_used_at: t.lastUsedAtMs,
  }
}

/** Also what people type out of habit: `--scope a,b`. */
function scopesOf(given: Given): readonly string[] {
  const asked = given.list('scope')?.flatMap((text) => text.split(',').map((scope) => scope.trim()))
  const wrong = asked?.find((scope) => !isScope(scope))
  if (wrong !== undefined) {
    const nearest = nearestName(wrong, SCOPES)
    throw new Refused(
      `There is no scope ${wrong}. ${nearest === null ? `There are: ${SCOPES.join(', ')}.` : `Did you mean ${nearest}?`}`,
    )
  }
  return [...new Set(asked ?? DEFAULT_SCOPES)]
}

/** The token stands in headers and shells: nothing in it may need quoting. */
function prefixOf(given: Given): string {
  const prefix = given.text('prefix') ?? TOKEN_PREFIX
  if (!/^[A-Za-z0-9_-]{0,40}$/.test(prefix)) throw new Refused('--prefix has at most 40 letters, digits, _ and -.')
  return prefix
}

function isTokenId(text: string): text is `tok_${string}` {
  return /^tok_[0-9A-Z]{26}$/.test(text)
}
