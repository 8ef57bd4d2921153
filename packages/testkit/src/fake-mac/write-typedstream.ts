/** Writes typedstreams as Apple's NSArchiver does (MACOS 2.8), as far as Messages needs it. The reader is in the messages-app driver. */

/** A value as Messages puts it into the attributes of a run. */
export type Archived =
  | string
  | Readonly<{ number: number; as: 'i' | 'q' | 'c' }>
  | Readonly<{ url: string }>
  | Readonly<{ data: Uint8Array }>
  | Readonly<{ dictionary: ReadonlyArray<readonly [key: string, value: Archived]> }>

type ArchivedNumber = Extract<Archived, { number: number }>

const HEADER = Buffer.from('\x04\x0bstreamtyped\x81\xe8\x03', 'latin1')
const TAG_INT16 = 0x81
const TAG_INT32 = 0x82
const TAG_NEW = 0x84
const TAG_NIL = 0x85
const TAG_END = 0x86
/** The number of what was written first. As one byte it is 0x92, the first behind the tags. */
const REFERENCE_FIRST = -110

/** What each class inherits from, and the version it has in every archive. */
const CLASSES = {
  NSObject: { parent: null, version: 0 },
  NSAttributedString: { parent: 'NSObject', version: 0 },
  NSMutableAttributedString: { parent: 'NSAttributedString', version: 0 },
  NSString: { parent: 'NSObject', version: 1 },
  NSMutableString: { parent: 'NSString', version: 1 },
  NSDictionary: { parent: 'NSObject', version: 0 },
  NSValue: { parent: 'NSObject', version: 0 },
  NSNumber: { parent: 'NSValue', version: 0 },
  NSURL: { parent: 'NSObject', version: 0 },
  NSData: { parent: 'NSObject', version: 0 },
  NSMutableData: { parent: 'NSData', version: 0 },
} as const

export type ClassName = keyof typeof CLASSES

export class TypedStreamWriter {
  readonly #chunks: Uint8Array[] = [HEADER]
  readonly #strings = new Map<string, number>()
  /** By what they are: classes, C strings and numbers that come again are written as references. */
  readonly #numbered = new Map<string, number>()
  /** How many objects, classes and C strings there are. */
  #count = 0

  bytes(): Uint8Array {
    return Buffer.concat(this.#chunks)
  }

  /** Begins a group: the values of its type come next. */
  type(type: string): void {
    this.#sharedString(type)
  }

  integer(value: number): void {
    this.#chunks.push(integerBytes(value))
  }

  /** Begins an object: its groups come next, and `end`. */
  begin(name: ClassName): void {
    this.#tag(TAG_NEW)
    this.#count++
    this.#class(name)
  }

  end(): void {
    this.#tag(TAG_END)
  }

  /** A whole string object, its group too. */
  string(text: string, name: 'NSString' | 'NSMutableString' = 'NSString'): void {
    this.type('@')
    this.begin(name)
    this.type('+')
    this.#bytes(Buffer.from(text, 'utf8'))
    this.end()
  }

  /** A whole value, its group too. */
  value(value: Archived): void {
    if (typeof value === 'string') return this.string(value)
    this.type('@')
    if ('number' in value) this.#number(value)
    else if ('url' in value) this.#url(value.url)
    else if ('data' in value) this.#data(value.data)
    else this.#dictionary(value.dictionary)
  }

  #number({ number, as }: ArchivedNumber): void {
    const known = this.#numbered.get(`number ${as} ${number}`)
    if (known !== undefined) return this.#reference(known)
    this.#numbered.set(`number ${as} ${number}`, this.#count)
    this.begin('NSNumber')
    this.type('*')
    this.#cString(as)
    this.type(as)
    if (as === 'c') this.#tag(number & 0xff)
    else this.integer(number)
    this.end()
  }

  #url(url: string): void {
    this.begin('NSURL')
    this.type('c')
    this.#tag(0) // relative to nothing
    this.string(url)
    this.end()
  }

  #data(data: Uint8Array): void {
    this.begin('NSMutableData')
    this.type('i')
    this.integer(data.length)
    this.type(`[${data.length}c]`)
    this.#chunks.push(data)
    this.end()
  }

  #dictionary(pairs: ReadonlyArray<readonly [string, Archived]>): void {
    this.begin('NSDictionary')
    this.type('i')
    this.integer(pairs.length)
    for (const [key, value] of pairs) {
      this.string(key)
      this.value(value)
    }
    this.end()
  }

  /** With what it inherits from, as far as that has not been written. */
  #class(name: ClassName): void {
    for (let next: ClassName | null = name; next !== null; next = CLASSES[next].parent) {
      const known = this.#numbered.get(`class ${next}`)
      if (known !== undefined) return this.#reference(known)
      this.#numbered.set(`class ${next}`, this.#count++)
      this.#tag(TAG_NEW)
      this.#sharedString(next)
      this.integer(CLASSES[next].version)
    }
    this.#tag(TAG_NIL)
  }

  #cString(text: string): void {
    const known = this.#numbered.get(`c-string ${text}`)
    if (known !== undefined) return this.#reference(known)
    this.#numbered.set(`c-string ${text}`, this.#count++)
    this.#tag(TAG_NEW)
    this.#sharedString(text)
  }

  #sharedString(text: string): void {
    const known = this.#strings.get(text)
    if (known !== undefined) return this.#reference(known)
    this.#strings.set(text, this.#strings.size)
    this.#tag(TAG_NEW)
    this.#bytes(Buffer.from(text, 'latin1'))
  }

  #reference(index: number): void {
    this.integer(REFERENCE_FIRST + index)
  }

  #bytes(bytes: Uint8Array): void {
    this.integer(bytes.length)
    this.#chunks.push(bytes)
  }

  #tag(byte: number): void {
    this.#chunks.push(Uint8Array.of(byte))
  }
}

/** As short as a signed number can be: also lengths from 128 on take two bytes, as in every blob of a real Mac. */
function integerBytes(value: number): Uint8Array {
  if (value >= REFERENCE_FIRST && value <= 0x7f) return Uint8Array.of(value & 0xff)
  if (value >= -0x8000 && value <= 0x7fff) {
    const bytes = Buffer.alloc(3, TAG_INT16)
    bytes.writeInt16LE(value, 1)
    return bytes
  }
  const bytes = Buffer.alloc(5, TAG_INT32)
  bytes.writeInt32LE(value, 1)
  return bytes
}
