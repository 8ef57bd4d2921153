/**
 * The files of a node: journal, ballast, node.json.
 * Proves: a damaged journal is put aside whole and never half replayed, a newer one is left alone; the ballast takes space
 * only when there is room and gives it back once; a damaged node.json is a sentence.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { attemptNo, newJournalId } from '../test/agent-world.ts'
import { Ballast, freeBytesAt } from './ballast.ts'
import { JournalTooNewError } from './journal/journal.ts'
import { openJournal } from './journal/open-journal.ts'
import { NodeConfigError, readNodeConfig, writeNodeConfig } from './node-config.ts'
import type { NodeConfig } from './node-config.ts'

let folder = ''
let path = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bluewire-files-'))
  path = join(folder, 'journal.sqlite')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const open = () => openJournal(path, newJournalId, 7)

describe('the journal', () => {
  it('is opened so that a commit survives a power cut, and remembers', () => {
    const { journal, damage } = open()
    expect(damage).toBeNull()
    journal.void(attemptNo(1), { reason: 'absent', proof: true }, 5)
    const { journalId } = journal.heads()
    journal.close()
    const again = open()
    expect(again.journal.heads()).toMatchObject({ journalId, head: 1, outbox: { head: 1 } })
    expect(again.journal.find(attemptNo(1))?.state).toBe('void')
    again.journal.close()
  })

  it.each([
    ['overwritten', (file: Buffer) => file.fill(0x41, 0, 100)],
    ['cut off', (file: Buffer) => file.subarray(0, file.length - 5000)],
    ['overwritten in the middle', (file: Buffer) => file.fill(0xff, 4096, 12_000)],
  ])('%s: put aside, and a new one has a new id', (_, damaged) => {
    const { journal } = open()
    for (let n = 1; n < 50; n++) journal.void(attemptNo(n), { reason: 'absent', proof: true }, 5)
    const { journalId } = journal.heads()
    journal.close()
    const before = damaged(readFileSync(path))
    writeFileSync(path, before)
    writeFileSync(`${path}-wal`, 'a log of the old file')
    const opened = open()
    expect(opened.damage).toMatch(/is damaged .* moved to .*journal\.sqlite\.damaged-7 /)
    expect(opened.journal.heads()).toMatchObject({ head: 0, conn: 0 })
    expect(opened.journal.heads().journalId).not.toBe(journalId)
    opened.journal.close()
    expect(readFileSync(`${path}.damaged-7`)).toEqual(before)
  })

  it('an empty file is a new journal', () => {
    writeFileSync(path, '')
    const { journal, damage } = open()
    expect([damage, journal.heads().head]).toEqual([null, 0])
    journal.close()
  })

  it('of a newer version is left as it is', () => {
    open().journal.close()
    const raw = new DatabaseSync(path)
    raw.exec('pragma user_version = 99')
    raw.close()
    expect(open).toThrow(JournalTooNewError)
    expect(readdirSync(folder).filter((name) => name.includes('damaged'))).toEqual([])
  })
})

describe('the ballast', () => {
  it('is made when there is room, given up once, and made again', () => {
    const ballast = new Ballast(folder, 1000)
    expect(ballast.giveUp()).toBe(false)
    expect(ballast.ensure(3999)).toBe(false)
    expect(ballast.ensure(4000)).toBe(true)
    expect(statSync(join(folder, 'ballast')).size).toBe(1000)
    expect(ballast.ensure(0)).toBe(true)
    expect([ballast.giveUp(), ballast.giveUp(), existsSync(join(folder, 'ballast'))]).toEqual([true, false, false])
    expect(ballast.ensure(4000)).toBe(true)
  })

  it('where nothing can be written it does without', () => {
    expect(new Ballast(join(folder, 'missing'), 1000).ensure(1e9)).toBe(false)
  })

  it('free space is asked of the file system', () => {
    expect(freeBytesAt(folder)).toBeGreaterThan(0)
  })
})

describe('node.json', () => {
  const config: NodeConfig = {
    url: 'https://gw.example',
    node: 'node_01JCPXYZ00AAAABBBBCCCCDDDD',
    credential: 'c',
    name: 'mac-1',
    insecure: false,
    driver: { name: 'simulator', settings: {} },
  }

  it('is read as it was written, by its owner only', () => {
    writeNodeConfig(folder, config)
    expect(readNodeConfig(folder)).toEqual(config)
    expect(statSync(join(folder, 'node.json')).mode & 0o777).toBe(0o600)
  })

  it.each(['', '{', '[]', '{"url":1}', JSON.stringify({ ...config, node: 'node_x' })])('%j: a sentence', (text) => {
    writeFileSync(join(folder, 'node.json'), text)
    expect(() => readNodeConfig(folder)).toThrow(NodeConfigError)
    expect(() => readNodeConfig(folder)).toThrow(/is damaged\. Join again/)
  })

  it('none: what to do', () => {
    expect(() => readNodeConfig(folder)).toThrow(/bluewire-node join/)
  })
})
