/**
 * The grammar of a typedstream, what Apple's NSArchiver writes (MACOS 2.8): after the header come groups, a type and the values of that
 * type. An object is its classes and then groups. Nothing says how long an object is, so whoever wants one value reads all before it.
 *
 * A value begins with a head byte. 0x80 to 0x91 are tags, anything else is a small number, or refers to what was written before: the first
 * number to refer with is -110, byte 0x92. Types and class names are counted in one table; objects, classes and C strings in another.
 *
 * Bytes may say anything. No length makes more memory than bytes are there, every step takes a byte, and the limits below keep one byte from
 * standing for more than a few dozen steps.
 */

/** What was read is no typedstream, or has what Messages never wrote into one. */
export class TypedStreamError extends Error {
  override readonly name = 'TypedStreamError'
}

export type ArchivedClass = Readonly<{
  kind: 'class'
  /** Its own name first, then those it inherits from. */
  names: readonly string[]
}>

export type ArchivedObject = Readonly<{
  kind: 'object'
  class: ArchivedClass
  /** The values of its groups one after the other, as far as it was read: an object may refer to itself. */
  fields: readonly Value[]
}>

/** Strings are those of `+`, `*` and their like. The bytes of an array are null too: none of them is wanted. */
export type Value = number | string | ArchivedClass | ArchivedObject | null

type CString = Readonly<{ kind: 'c-string'; text: string }>
type Numbered = ArchivedObject | ArchivedClass | CString

/** Before its class is read an object has a number and no more. */
type ObjectSlot = { kind: 'object'; class: ArchivedClass; fields: Value[] }

const TAG_FIRST = 0x80
const TAG_INT16 = 0x81
const TAG_INT32 = 0x82
const TAG_FLOAT = 0x83
const TAG_NEW = 0x84
const TAG_NIL = 0x85
const TAG_END = 0x86
const TAG_LAST = 0x91
const REFERENCE_FIRST = -110

const VERSION = 4
const SIGNATURE = 'streamtyped' // little-endian; `typedstream` was that of PowerPC

/** The deepest of 20,783 blobs had 10, and classes inherit from one or two. */
const DEPTH_MAX = 64
const CLASSES_MAX = 16
/** The longest type was `[2816c]`. A type is one byte to refer to, so it may not stand for much. */
const TYPE_LENGTH_MAX = 16

const ONE_TYPE = /\[\d{1,9}[cC]\]|[@#*%:+cCsSiIlLqQfd]/g

const NO_CLASS: ArchivedClass = { kind: 'class', names: [] }

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
const latin1 = new TextDecoder('latin1')

/** Every method throws a TypedStreamError where the bytes do not go on as it expects. */
export class TypedStream {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #strings: string[] = []
  readonly #types = new Map<string, readonly string[]>()
  readonly #numbered: Numbered[] = []
  #at = 0
  #depth = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const version = this.#integer('unsigned')
    const signature = latin1.decode(this.#take(this.#integer('unsigned')))
    if (version !== VERSION || signature !== SIGNATURE) throw this.#error('no header of a typedstream')
    this.#integer('unsigned') // the version of the system: 1000 on every Mac
  }

  /** The type of the next group; null: the object ends here. */
  type(): string | null {
    const head = this.#byte()
    if (head === TAG_END) return null
    const type = this.#sharedString(head)
    if (type.length > TYPE_LENGTH_MAX) throw this.#error('a type that is too long')
    return type
  }

  /** Goes into an object that is written out here, up to its first group. */
  enter(): ArchivedClass {
    if (this.#byte() !== TAG_NEW) throw this.#error('no object')
    return this.#begin().class
  }

  /** Reads past what is left of the object that was entered last. */
  leave(): void {
    for (let type = this.type(); type !== null; type = this.type()) this.values(type)
  }

  /** The values of a group. */
  values(type: string): Value[] {
    const types = this.#types.get(type) ?? this.#split(type)
    return types.map((one) => this.#value(one))
  }

  #split(type: string): readonly string[] {
    const types = type.match(ONE_TYPE) ?? []
    if (types.join('') !== type) throw this.#error('a type that Messages does not write')
    this.#types.set(type, types)
    return types
  }

  #value(type: string): Value {
    switch (type) {
      case '@':
        return this.#object()
      case '+':
        return this.#text()
      case '*':
        return this.#cString()
      case '#':
        return this.#class(this.#byte())
      case '%':
      case ':': {
        const head = this.#byte()
        return head === TAG_NIL ? null : this.#sharedString(head)
      }
      // These two have no head: every byte is a value.
      case 'c':
        return this.#view.getInt8(this.#skip(1))
      case 'C':
        return this.#byte()
      case 'f':
      case 'd':
        return this.#float(type)
      default:
        if (type.startsWith('[')) return this.#past(parseInt(type.slice(1)))
        return this.#integer(type >= 'a' ? 'signed' : 'unsigned')
    }
  }

  #object(): ArchivedObject | null {
    const head = this.#byte()
    if (head === TAG_NIL) return null
    if (head !== TAG_NEW) return this.#reference(head, 'object')
    if (++this.#depth > DEPTH_MAX) throw this.#error('objects too deep in each other')
    const object = this.#begin()
    for (let type = this.type(); type !== null; type = this.type())
      for (const value of this.values(type)) object.fields.push(value)
    this.#depth--
    return object
  }

  /** An object is counted before its class is. */
  #begin(): ObjectSlot {
    const object: ObjectSlot = { kind: 'object', class: NO_CLASS, fields: [] }
    this.#numbered.push(object)
    const itsClass = this.#class(this.#byte())
    if (itsClass === null) throw this.#error('an object without a class')
    object.class = itsClass
    return object
  }

  #class(first: number): ArchivedClass | null {
    const own: string[] = []
    let head = first
    for (; head === TAG_NEW; head = this.#byte()) {
      own.push(this.#sharedString(this.#byte()))
      this.#integer('signed') // the version of the class: every one has but one in all blobs
    }
    const parent = head === TAG_NIL ? null : this.#reference(head, 'class')
    const names = parent === null ? own : [...own, ...parent.names]
    if (names.length > CLASSES_MAX) throw this.#error('a class that inherits from too many')
    const classes = own.map((_, at): ArchivedClass => ({ kind: 'class', names: names.slice(at) }))
    this.#numbered.push(...classes)
    return classes[0] ?? parent
  }

  #cString(): string | null {
    const head = this.#byte()
    if (head === TAG_NIL) return null
    if (head !== TAG_NEW) return this.#reference(head, 'c-string').text
    const text = this.#sharedString(this.#byte())
    this.#numbered.push({ kind: 'c-string', text })
    return text
  }

  #reference<Kind extends Numbered['kind']>(head: number, kind: Kind): Extract<Numbered, { kind: Kind }> {
    const numbered = this.#numbered[this.#integer('signed', head) - REFERENCE_FIRST]
    if (numbered?.kind !== kind) throw this.#error(`a reference to what is no ${kind}`)
    return numbered as Extract<Numbered, { kind: Kind }>
  }

  #sharedString(head: number): string {
    if (head !== TAG_NEW) {
      const known = this.#strings[this.#integer('signed', head) - REFERENCE_FIRST]
      if (known === undefined) throw this.#error('a reference to no string')
      return known
    }
    const string = latin1.decode(this.#take(this.#integer('unsigned')))
    this.#strings.push(string)
    return string
  }

  #text(): string | null {
    const head = this.#byte()
    return head === TAG_NIL ? null : utf8.decode(this.#take(this.#integer('unsigned', head)))
  }

  #float(type: 'f' | 'd'): number {
    const head = this.#byte()
    if (head !== TAG_FLOAT) return this.#integer('signed', head) // whole numbers are written as such
    return type === 'f' ? this.#view.getFloat32(this.#skip(4), true) : this.#view.getFloat64(this.#skip(8), true)
  }

  #integer(sign: 'signed' | 'unsigned', head = this.#byte()): number {
    const isSigned = sign === 'signed'
    if (head === TAG_INT16)
      return isSigned ? this.#view.getInt16(this.#skip(2), true) : this.#view.getUint16(this.#skip(2), true)
    if (head === TAG_INT32)
      return isSigned ? this.#view.getInt32(this.#skip(4), true) : this.#view.getUint32(this.#skip(4), true)
    if (head >= TAG_FIRST && head <= TAG_LAST) throw this.#error('no number')
    return isSigned && head > TAG_LAST ? head - 0x100 : head
  }

  #byte(): number {
    return this.#view.getUint8(this.#skip(1))
  }

  #take(length: number): Uint8Array {
    const start = this.#skip(length)
    return this.#bytes.subarray(start, start + length)
  }

  #past(length: number): null {
    this.#skip(length)
    return null
  }

  /** Where the `length` bytes begin that come next. */
  #skip(length: number): number {
    const start = this.#at
    if (length > this.#bytes.length - start) throw this.#error('the end')
    this.#at = start + length
    return start
  }

  #error(found: string): TypedStreamError {
    return new TypedStreamError(`A typedstream cannot be read on: ${found} before byte ${this.#at}.`)
  }
}
