/** The body of a message as chat.db keeps it: one text, one run per part. See MACOS 2.8 for the format. */

export type AttributedBody = Readonly<{
  /** U+FFFC stands for an attachment. */
  text: string
  /** NSMutableAttributedString. */
  mutable?: boolean
  /** `at`: index of its U+FFFC in UTF-16 units. */
  attachments?: readonly Readonly<{ at: number; guid: string }>[]
}>

const NEW = 0x84
const NIL = 0x85
const END = 0x86
const FIRST_REFERENCE = 0x92
const INT16 = 0x81
const INT32 = 0x82

const PART = '__kIMMessagePartAttributeName'
const TRANSFER = '__kIMFileTransferGUIDAttributeName'

export function writeAttributedBody({ text, mutable = false, attachments = [] }: AttributedBody): Uint8Array {
  const stream = new TypedStream()
  const root: ClassChain = [...(mutable ? [['NSMutableAttributedString', 0] as const] : []), ['NSAttributedString', 0]]
  const string: ClassChain = [...(mutable ? [['NSMutableString', 1] as const] : []), ['NSString', 1]]
  stream.type('@')
  stream.object([...root, ['NSObject', 0]], () => {
    stream.type('@')
    stream.object([...string, ['NSObject', 0]], () => stream.string(text))
    for (const [i, run] of runsOf(text, attachments).entries()) {
      stream.type('iI')
      stream.integer(i + 1) // every run has attributes of its own: its part's number
      stream.integer(run.length)
      stream.attributes(run.guid === undefined ? { [PART]: i } : { [PART]: i, [TRANSFER]: run.guid })
    }
  })
  return stream.bytes()
}

function runsOf(text: string, attachments: readonly Readonly<{ at: number; guid: string }>[]) {
  const runs: { length: number; guid?: string }[] = []
  let from = 0
  for (const { at, guid } of attachments) {
    if (at > from) runs.push({ length: at - from })
    runs.push({ length: 1, guid })
    from = at + 1
  }
  if (from < text.length) runs.push({ length: text.length - from })
  return runs
}

/** Names of classes with their versions, from the class itself to NSObject. */
type ClassChain = readonly (readonly [name: string, version: number])[]

class TypedStream {
  readonly #bytes: number[] = [0x04, 0x0b, ...Buffer.from('streamtyped'), INT16, 0xe8, 0x03]
  /** What was written once is referred to by its place: strings in one table, objects and classes in another. */
  readonly #strings: string[] = []
  readonly #objects: string[] = []

  bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes)
  }

  type(encoding: string): void {
    const known = this.#strings.indexOf(encoding)
    if (known >= 0) this.#bytes.push(FIRST_REFERENCE + known)
    else this.#newString(encoding)
  }

  integer(value: number): void {
    if (value >= 0 && value < 0x80) this.#bytes.push(value)
    else if (value < 0x8000) this.#bytes.push(INT16, value & 0xff, value >> 8)
    else this.#bytes.push(INT32, value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24)
  }

  string(text: string): void {
    this.type('+')
    const utf8 = Buffer.from(text)
    this.#length(utf8.length)
    for (const byte of utf8) this.#bytes.push(byte)
  }

  object(chain: ClassChain, body: () => void): void {
    this.#bytes.push(NEW)
    this.#objects.push('an object')
    this.#class(chain)
    body()
    this.#bytes.push(END)
  }

  attributes(values: Readonly<Record<string, string | number>>): void {
    this.type('@')
    this.object(
      [
        ['NSDictionary', 0],
        ['NSObject', 0],
      ],
      () => {
        this.type('i')
        this.integer(Object.keys(values).length)
        for (const [key, value] of Object.entries(values)) {
          this.#stringObject(key)
          if (typeof value === 'string') this.#stringObject(value)
          else this.#number(value)
        }
      },
    )
  }

  #stringObject(text: string): void {
    this.type('@')
    this.object(
      [
        ['NSString', 1],
        ['NSObject', 0],
      ],
      () => this.string(text),
    )
  }

  #number(value: number): void {
    this.type('@')
    this.object(
      [
        ['NSNumber', 0],
        ['NSValue', 0],
        ['NSObject', 0],
      ],
      () => {
        this.type('*')
        this.#bytes.push(NEW) // what the number is, as a C string: shared like a type
        this.#objects.push('a C string')
        this.type('i')
        this.type('i')
        this.integer(value)
      },
    )
  }

  #class(chain: ClassChain): void {
    for (const [name, version] of chain) {
      const known = this.#objects.indexOf(name)
      if (known >= 0) {
        this.#bytes.push(FIRST_REFERENCE + known)
        return
      }
      this.#bytes.push(NEW)
      this.#objects.push(name)
      this.type(name)
      this.integer(version)
    }
    this.#bytes.push(NIL)
  }

  #newString(text: string): void {
    this.#strings.push(text)
    this.#bytes.push(NEW)
    const utf8 = Buffer.from(text)
    this.#length(utf8.length)
    for (const byte of utf8) this.#bytes.push(byte)
  }

  #length(value: number): void {
    if (value < 0x80) this.#bytes.push(value)
    else if (value < 0x10000) this.#bytes.push(INT16, value & 0xff, value >> 8)
    else this.#bytes.push(INT32, value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24)
  }
}
