/** Proves: a secret opens with its own key for its own row and nowhere else, and a key file is made once, readable by its owner alone. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createKeyFile, KeyFileError, readKey } from './key-file.ts'
import { SecretBox, SecretError, subkey } from './secret-box.ts'

const KEY = randomBytes(32)

test('what is sealed opens again, and says nothing to whoever looks', () => {
  const box = new SecretBox(KEY)
  const sealed = box.seal('prov_1', { password: 'hunter2' })
  expect(sealed).not.toContain('hunter2')
  expect(box.open('prov_1', sealed)).toEqual({ password: 'hunter2' })
  expect(box.seal('prov_1', { password: 'hunter2' })).not.toBe(sealed)
})

test('it opens in no other row, with no other key, and not when it was changed', () => {
  const sealed = new SecretBox(KEY).seal('prov_1', { password: 'hunter2' })
  expect(() => new SecretBox(KEY).open('prov_2', sealed)).toThrow(SecretError)
  expect(() => new SecretBox(randomBytes(32)).open('prov_1', sealed)).toThrow(/another key/)
  const i = sealed.length - 5
  const changed = sealed.slice(0, i) + (sealed[i] === 'A' ? 'B' : 'A') + sealed.slice(i + 1)
  expect(() => new SecretBox(KEY).open('prov_1', changed)).toThrow(/damaged/)
  expect(() => new SecretBox(KEY).open('prov_1', 'v9.x.y')).toThrow(/another version/)
})

test('subkeys differ by purpose', () => {
  expect(subkey(KEY, 'a')).not.toEqual(subkey(KEY, 'b'))
  expect(subkey(KEY, 'a')).toEqual(subkey(KEY, 'a'))
})

test('a key file is made once and read again; one that holds no key is refused by name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bluewire-key-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const secretsKeyFile = join(folder, 'data.key')
  expect(readKey({ secretsKey: null, secretsKeyFile })).toBeNull()
  createKeyFile(secretsKeyFile)
  expect(statSync(secretsKeyFile).mode & 0o777).toBe(0o600)
  const key = readKey({ secretsKey: null, secretsKeyFile })
  expect(key).toHaveLength(32)
  expect(() => createKeyFile(secretsKeyFile)).toThrow(KeyFileError)
  expect(readFileSync(secretsKeyFile, 'utf8').trim()).toBe(Buffer.from(key ?? []).toString('hex'))
  expect(readKey({ secretsKey: KEY.toString('hex'), secretsKeyFile })).toEqual(KEY)
  writeFileSync(secretsKeyFile, 'abc')
  expect(() => readKey({ secretsKey: null, secretsKeyFile })).toThrow(/data\.key holds no key/)
})
