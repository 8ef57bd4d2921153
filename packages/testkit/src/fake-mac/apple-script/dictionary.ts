/**
 * The words that are not the language's own: AppleScript's terms, and those of Messages (MACOS 1.1), which exist only inside
 * `tell application "Messages"` and only when its dictionary is found. A word that is in no dictionary is the name of a variable.
 */

export type Term =
  | Readonly<{ kind: 'class'; name: ClassName; plural: boolean }>
  | Readonly<{ kind: 'property'; name: PropertyName }>
  /** One word of an enumeration. */
  | Readonly<{ kind: 'constant'; name: string }>
  | Readonly<{ kind: 'command'; name: CommandName }>
  /** `linefeed`, `tab`, ...: a property of AppleScript with that text. */
  | Readonly<{ kind: 'text'; text: string }>
  /** A word of macOS whose meaning the fake Mac does not have. */
  | Readonly<{ kind: 'unsupported'; name: string }>

export type MessagesClass = 'account' | 'participant' | 'chat' | 'file transfer'
export type ClassName = MessagesClass | BuiltInClass
type BuiltInClass =
  | 'alias'
  | 'any'
  | 'application'
  | 'boolean'
  | 'character'
  | 'class'
  | 'constant'
  | 'file'
  | 'integer'
  | 'item'
  | 'list'
  | 'number'
  | 'paragraph'
  | 'POSIX file'
  | 'real'
  | 'record'
  | 'script'
  | 'text'
  | 'text item'
  | 'word'

export type PropertyName = MessagesProperty | BuiltInProperty
export type MessagesProperty =
  | 'account'
  | 'connection status'
  | 'description'
  | 'direction'
  | 'enabled'
  | 'file path'
  | 'first name'
  | 'handle'
  | 'id'
  | 'last name'
  | 'name'
  | 'participant'
  | 'service type'
  | 'started'
  | 'transfer status'
type BuiltInProperty =
  | 'class'
  | 'contents'
  | 'frontmost'
  | 'id'
  | 'length'
  | 'name'
  | 'POSIX path'
  | 'rest'
  | 'reverse'
  | 'running'
  | 'text item delimiters'

export type CommandName = 'activate' | 'count' | 'delay' | 'exists' | 'get' | 'launch' | 'log' | 'read' | 'send'

/** Which words Messages has: `RCS` came with macOS 15; `service`, `buddy` and neither `SMS` nor `RCS` were those of 10.15 (MACOS 1.1, 1.4). */
export type MessagesWords = 'current' | 'before_rcs' | 'before_accounts'

export class Dictionary {
  readonly #terms = new Map<string, Term>()
  /** Of the longest term: how far a reader has to look ahead. */
  readonly wordsMax: number

  constructor(terms: Iterable<readonly [string, Term]>) {
    let wordsMax = 0
    for (const [words, term] of terms) {
      this.#terms.set(words.toLowerCase(), term)
      wordsMax = Math.max(wordsMax, words.split(' ').length)
    }
    this.wordsMax = wordsMax
  }

  /** Upper and lower case are the same. */
  find(words: string): Term | undefined {
    return this.#terms.get(words.toLowerCase())
  }
}

function* classes(names: Readonly<Record<string, readonly [singular: string, plural?: string]>>) {
  for (const [name, [singular, plural]] of Object.entries(names)) {
    yield [singular, { kind: 'class', name: name as ClassName, plural: false }] as const
    if (plural !== undefined) yield [plural, { kind: 'class', name: name as ClassName, plural: true }] as const
  }
}

function* properties(...names: PropertyName[]) {
  for (const name of names) yield [name, { kind: 'property', name }] as const
}

function* commands(...names: CommandName[]) {
  for (const name of names) yield [name, { kind: 'command', name }] as const
}

function* constants(...names: string[]) {
  for (const name of names) yield [name, { kind: 'constant', name }] as const
}

function* unsupported(...names: string[]) {
  for (const name of names) yield [name, { kind: 'unsupported', name }] as const
}

export const APPLE_SCRIPT = new Dictionary([
  ...classes({
    alias: ['alias'],
    any: ['any'],
    application: ['application'],
    boolean: ['boolean', 'booleans'],
    character: ['character', 'characters'],
    constant: ['constant'],
    file: ['file'],
    integer: ['integer', 'integers'],
    item: ['item', 'items'],
    list: ['list', 'lists'],
    number: ['number', 'numbers'],
    paragraph: ['paragraph', 'paragraphs'],
    'POSIX file': ['POSIX file'],
    real: ['real', 'reals'],
    record: ['record', 'records'],
    script: ['script'],
    text: ['text'],
    'text item': ['text item', 'text items'],
    word: ['word', 'words'],
  }),
  ...['string', 'Unicode text', 'international text'].map(
    (word) => [word, { kind: 'class', name: 'text', plural: false }] as const,
  ),
  ['app', { kind: 'class', name: 'application', plural: false }],
  ...properties('class', 'contents', 'frontmost', 'id', 'length', 'name', 'POSIX path', 'rest', 'reverse', 'running'),
  ...properties('text item delimiters'),
  ...commands('activate', 'count', 'delay', 'exists', 'get', 'launch', 'log', 'read'),
  ['linefeed', { kind: 'text', text: '\n' }],
  ['quote', { kind: 'text', text: '"' }],
  ['space', { kind: 'text', text: ' ' }],
  ['tab', { kind: 'text', text: '\t' }],
  ...constants('missing value'),
  ...unsupported('ASCII character', 'beep', 'choose file', 'close access', 'current date', 'display dialog'),
  ...unsupported('display notification', 'do shell script', 'info for', 'load script', 'offset', 'open for access'),
  ...unsupported('path to', 'quit', 'quoted form', 'random number', 'run script', 'say', 'system attribute'),
  ...unsupported('clipboard', 'write'),
])

export function messagesDictionary(words: MessagesWords): Dictionary {
  const accountsAreNew = words !== 'before_accounts'
  return new Dictionary([
    ...classes({
      account: ['service', 'services'],
      participant: ['buddy', 'buddies'],
      chat: ['text chat', 'text chats'],
    }),
    ...classes({ chat: ['chat', 'chats'], 'file transfer': ['file transfer', 'file transfers'] }),
    ...(accountsAreNew
      ? classes({ account: ['account', 'accounts'], participant: ['participant', 'participants'] })
      : []),
    ...properties(
      'connection status',
      'description',
      'direction',
      'enabled',
      'file path',
      'first name',
      'handle',
      'id',
    ),
    ...properties('last name', 'name', 'service type', 'started', 'transfer status'),
    ...constants('iMessage', ...(accountsAreNew ? ['SMS'] : []), ...(words === 'current' ? ['RCS'] : [])),
    ...constants('disconnecting', 'connected', 'connecting', 'disconnected', 'incoming', 'outgoing'),
    ...constants('preparing', 'waiting', 'transferring', 'finalizing', 'finished', 'failed'),
    ...commands('send'),
    ...unsupported('login', 'logout'),
  ])
}

/** Words of the language itself: no variable can have such a name. */
export const RESERVED = new Set(
  `about above after against and apart around as aside at back before beginning behind below beneath beside between but by
  considering contain contains continue copy div does eighth else end equal equals error every exit false fifth first for
  fourth from front get given global if ignoring in instead into is it its last local me middle mod my ninth not of on onto or out
  over prop property put ref reference repeat return returning script second set seventh since sixth some tell tenth that
  the then third through thru timeout times to transaction true try until where while whose with without`
    .trim()
    .split(/\s+/),
)
