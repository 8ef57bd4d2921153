/**
 * The key that encrypts the credentials of providers: from the environment, or from a file that is not in the data folder, so that a copy
 * of the folder alone gives nothing away.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import type { GatewayConfig } from '../config/config.ts'

export const KEY_BYTES = 32

/** There is a key, and it cannot be used. The message is for people. */
export class KeyFileError extends Error {
  override name = 'KeyFileError'
}

export type KeyPlace = Pick<GatewayConfig, 'secretsKey' | 'secretsKeyFile'>

/** Null: there is none. @throws KeyFileError when there is one that cannot be read. */
export function readKey({ secretsKey, secretsKeyFile }: KeyPlace): Uint8Array | null {
  const text = secretsKey ?? textOf(secretsKeyFile)
  if (text === null) return null
  if (!/^[0-9a-f]{64}$/i.test(text.trim())) {
    throw new KeyFileError(
      `${secretsKeyFile} holds no key: it must be 64 hexadecimal digits. Put the right file there; a new key cannot read what the old one encrypted.`,
    )
  }
  return Buffer.from(text.trim(), 'hex')
}

/** Never overwrites: what a lost key encrypted stays unreadable. @throws KeyFileError when there is a file already, or it cannot be made. */
export function createKeyFile(path: string): void {
  try {
    writeFileSync(path, `${randomBytes(KEY_BYTES).toString('hex')}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    const code = codeOf(error)
    throw new KeyFileError(`The key ${path} was not made: ${NOT_MADE[code] ?? code}.`, { cause: error })
  }
}

const NOT_MADE: Readonly<Record<string, string>> = {
  EEXIST: 'there is a file already, and a key is never overwritten',
  EISDIR: 'that is a folder',
  ENOENT: 'its folder is not there',
  EACCES: 'this user may not write there',
  EROFS: 'nothing can be written there',
  ENOSPC: 'the disk is full',
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT') return null
    const why = code === 'EACCES' ? 'this user may not read it' : code === 'EISDIR' ? 'it is a folder' : code
    throw new KeyFileError(`The key ${path} cannot be read: ${why}.`, { cause: error })
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
