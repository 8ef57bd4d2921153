/**
 * The key of the quick start.
 * Proves: it is made beside the data folder and never in it, for its owner only, and announced; it is not made anew when the credentials of
 * a provider were encrypted with one that is gone, which is said instead; a key in the environment is used, and no file is made.
 * World: the quick start and the admin command as processes, real files.
 */
import { existsSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Admin } from '../admin/admin-command.ts'
import { newFolder } from './command.ts'
import { startQuickstart, stop } from './quickstart-story.ts'

const STORY_MS = 60_000

test('made beside the data folder, announced, kept, and never replaced', { timeout: STORY_MS }, async () => {
  const dataDir = join(newFolder(), 'data')
  const keyFile = `${dataDir}.key`
  const first = await startQuickstart(dataDir)
  expect(first.command.stdout).toContain(`Key    ${keyFile} (new: it encrypts credentials of providers; `)
  expect(statSync(keyFile).mode & 0o777).toBe(0o600)
  const key = readFileSync(keyFile, 'utf8')
  const isInFolder = readdirSync(dataDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .some((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8').includes(key.trim()))
  expect(isInFolder).toBe(false)
  await stop(first)

  const second = await startQuickstart(dataDir)
  expect(second.command.stdout).toContain(`Key    ${keyFile}\n`)
  expect(readFileSync(keyFile, 'utf8')).toBe(key)
  const words = ['provider', 'add', 'company', '--driver', 'http', '--set', 'url=http://127.0.0.1:9/', '--secret', 'a']
  await new Admin(dataDir).ask(words, { input: 'b' })
  await stop(second)

  renameSync(keyFile, `${keyFile}.away`)
  const third = await startQuickstart(dataDir)
  expect(third.command.stderr).toBe(
    `The key ${keyFile} is missing, so these providers cannot work: company. Put it back.\n`,
  )
  expect(third.command.stdout).not.toMatch(/^Key /m)
  expect(existsSync(keyFile)).toBe(false)
})

test('a key in the environment: no file', { timeout: STORY_MS }, async () => {
  const dataDir = join(newFolder(), 'data')
  const story = await startQuickstart(dataDir, { env: { BLUEWIRE_SECRETS_KEY: 'ab'.repeat(32) } })
  expect(story.command.stdout).not.toMatch(/^Key /m)
  expect(existsSync(`${dataDir}.key`)).toBe(false)
})
