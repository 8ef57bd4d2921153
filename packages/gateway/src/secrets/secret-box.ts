/** What is kept encrypted in the database: AES-256-GCM, bound to what it belongs to, so that one row's secret opens in no other. */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'

const VERSION = 'v1'
const NONCE_BYTES = 12
const TAG_BYTES = 16
const KEY_ID_DIGITS = 8

/** The secret cannot be opened. The message is for people and says what to do. */
export class SecretError extends Error {
  override name = 'SecretError'
}

export class SecretBox {
  readonly #key: Uint8Array
  readonly #keyId: string

  /** 32 bytes. */
  constructor(key: Uint8Array) {
    this.#key = subkey(key, 'secrets')
    this.#keyId = createHash('sha256').update('bluewire key id').update(key).digest('hex').slice(0, KEY_ID_DIGITS)
  }

  /** `owner`: the id of the row. The same again is needed to open it. */
  seal(owner: string, secrets: Readonly<Record<string, string>>): string {
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce)
    cipher.setAAD(Buffer.from(owner))
    const sealed = Buffer.concat([
      nonce,
      cipher.update(JSON.stringify(secrets), 'utf8'),
      cipher.final(),
      cipher.getAuthTag(),
    ])
    return [VERSION, this.#keyId, sealed.toString('base64url')].join('.')
  }

  /** @throws SecretError */
  open(owner: string, text: string): Record<string, string> {
    const [version, keyId, data = ''] = text.split('.')
    if (version !== VERSION) throw new SecretError('The credentials were encrypted by another version of Bluewire.')
    if (keyId !== this.#keyId) {
      throw new SecretError(
        'The credentials were encrypted with another key. Put the right key back, or set the credentials again.',
      )
    }
    try {
      const bytes = Buffer.from(data, 'base64url')
      const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, NONCE_BYTES))
      decipher.setAAD(Buffer.from(owner))
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
      const plain = Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()])
      return JSON.parse(plain.toString('utf8')) as Record<string, string>
    } catch (error) {
      throw new SecretError('The stored credentials are damaged. Set them again.', { cause: error })
    }
  }
}

/** One key for each purpose: what is signed with one says nothing of the other. */
export function subkey(key: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, new Uint8Array(), `bluewire ${purpose}`, key.length))
}
