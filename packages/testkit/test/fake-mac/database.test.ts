/**
 * What becomes of the file chat.db.
 * Proves: it can be walled off, damaged, taken away, locked, rebuilt and replaced while Messages runs and others read it, and what that looks
 * like to a reader.
 * World: one fake Mac with macOS 26.5, the Messages process; chat.db opened by node:sqlite as a reader of the same user would.
 */
import { openSync, readFileSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, it } from 'vitest'
import { until } from '../../src/stories/until.ts'
import { useMac } from './mac-world.ts'

const world = useMac({ macos: '26.5' })
const path = () => world.mac.database.path

/** What a reader gets: the guids in order of their ROWIDs, or the error code of SQLite. */
function guids(timeout = 20): string[] | number {
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(path(), { readOnly: true, timeout })
    db.exec('pragma query_only = 1')
    return db
      .prepare('select guid from message order by ROWID')
      .all()
      .map((row) => String(row['guid']))
  } catch (error) {
    return (error as { errcode?: number }).errcode ?? -1
  } finally {
    db?.close()
  }
}

function codeOf(what: () => unknown): string | undefined {
  try {
    what()
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code
  }
}

async function receive(many: number): Promise<string[]> {
  const from = world.person()
  const received: string[] = []
  for (let i = 0; i < many; i++) received.push((await world.mac.world.receive({ from, text: `text ${i}` })).guid)
  return received
}

const CANTOPEN = 14
const BUSY = 5
const NOTADB = 26
const CORRUPT = 11

afterEach(() => {
  expect(Array.isArray(guids(5000))).toBe(true)
})

describe('MACOS 2.1: the file', () => {
  it('is in WAL mode, and a reader beside the writer sees each commit', async () => {
    const reader = new DatabaseSync(path(), { readOnly: true })
    const version = () => reader.prepare('pragma data_version').get()?.['data_version']
    expect(reader.prepare('pragma journal_mode').get()).toEqual({ journal_mode: 'wal' })
    const before = version()
    expect(version()).toBe(before)
    const [guid] = await receive(1)
    expect(version()).not.toBe(before)
    expect(reader.prepare('select guid from message order by ROWID desc limit 1').get()).toEqual({ guid })
    reader.close()
  })

  it('has no rows when it was never used: MAX(ROWID) is NULL', async () => {
    const { FakeMac } = await import('../../src/fake-mac/fake-mac.ts')
    await using fresh = await FakeMac.make({ macos: '14' })
    using db = fresh.database.open()
    expect(db.prepare('select max(ROWID) m from message').get()).toEqual({ m: null })
  })
})

describe('MACOS 2.1: Full Disk Access is off', () => {
  it('nobody can open it, not even root; Messages goes on; and it is all there when access is given', async () => {
    const [first] = await receive(1)
    await world.mac.configure({ fullDiskAccess: false })
    expect(codeOf(() => openSync(path(), 'r'))).toMatch(/^(?:EACCES|EPERM)$/)
    expect(guids()).toBe(CANTOPEN)
    const to = world.person()
    expect(await world.sendTo(to, 'x')).toEqual({ ok: null })
    await until('it left', () => world.phonesOf(to).length === 1)
    await world.mac.messages.kill()
    await world.mac.messages.start()
    const [second] = await receive(1)
    expect(guids()).toBe(CANTOPEN)
    await world.mac.configure({ fullDiskAccess: true })
    expect(guids()).toEqual(expect.arrayContaining([first, second]))
    expect(world.rowsWith(to)).toHaveLength(1)
  })

  it('a reader that had it open goes on reading', async () => {
    const reader = new DatabaseSync(path(), { readOnly: true })
    const count = () => reader.prepare('select count(*) n from message').get()?.['n'] as number
    const before = count()
    await world.mac.configure({ fullDiskAccess: false })
    await receive(2)
    expect(count()).toBe(before + 2)
    reader.close()
    await world.mac.configure({ fullDiskAccess: true })
  })
})

describe('damage', () => {
  it.each([
    ['header' as const, NOTADB],
    ['pages' as const, CORRUPT],
  ])('%s: a reader gets %i until it is restored, what is sent meanwhile leaves no row', async (what, code) => {
    const before = await receive(3)
    await world.mac.database.corrupt(what)
    expect(guids()).toBe(code)
    const to = world.person()
    expect(await world.sendTo(to, 'x')).toEqual({ ok: null })
    await world.mac.database.restore()
    expect(guids()).toEqual(expect.arrayContaining(before))
    expect(world.rowsWith(to)).toEqual([])
    expect(world.phonesOf(to)).toEqual([])
    await receive(1)
  })

  it('MACOS 2.1: a Mac that was never signed in has none: ENOENT', async () => {
    const before = await receive(1)
    await world.mac.database.remove()
    await expect(receive(1)).rejects.toThrow('no chat.db now')
    expect(codeOf(() => statSync(path()))).toBe('ENOENT')
    expect(guids()).toBe(CANTOPEN)
    await world.mac.database.restore()
    expect(guids()).toEqual(expect.arrayContaining(before))
  })

  it('locked: whoever opens it finds it busy', async () => {
    await world.mac.database.lock()
    expect(guids()).toBe(BUSY)
    await world.mac.database.unlock()
    await receive(1)
  })
})

describe('MACOS 2.6: ROWIDs that do not go on', () => {
  it('rebuilt in place: other ROWIDs in order of date, the same guids, and new rows come below the old MAX(ROWID)', async () => {
    await receive(2)
    await world.mac.world.backfill([{ with: world.person(), text: 'old', dateMs: 1_600_000_000_000 }])
    await world.mac.world.deleteMessage((await receive(1))[0] ?? '')
    const before = world.rows()
    const inode = statSync(path()).ino
    await world.mac.database.rebuild('in_place')
    const after = world.rows()
    expect(statSync(path()).ino).toBe(inode)
    const byDate = before.toSorted((a, b) => (a.date < b.date ? -1 : 1)).map(({ guid }) => guid)
    expect(after.map(({ guid }) => guid)).toEqual(byDate)
    expect(after.map(({ ROWID }) => Number(ROWID))).toEqual(after.map((_, i) => i + 1))
    const chats = (rows: typeof after) => Object.fromEntries(rows.map(({ guid, chat, text }) => [guid, [chat, text]]))
    expect(chats(after)).toEqual(chats(before))
    const { rowid } = await world.mac.world.receive({ from: world.person(), text: 'new' })
    expect(rowid).toBe(after.length + 1)
    expect(rowid).toBeLessThanOrEqual(Number(before.at(-1)?.ROWID) + 1)
  })

  it('rebuilt as another file at the same path, while somebody reads the old one', async () => {
    await receive(2)
    const reader = new DatabaseSync(path(), { readOnly: true })
    const old = reader.prepare('select guid from message').all().length
    const inode = statSync(path()).ino
    await world.mac.database.rebuild('new_file')
    expect(statSync(path()).ino).not.toBe(inode)
    await receive(1)
    expect(reader.prepare('select guid from message').all()).toHaveLength(old)
    expect(guids()).toHaveLength(old + 1)
    reader.close()
  })

  it('an older backup at the same path: a lower MAX(ROWID)', async () => {
    await receive(3)
    const before = guids() as string[]
    await world.mac.database.replace({ keepRows: 2 })
    expect(guids()).toEqual(before.slice(0, 2))
    const { rowid } = await world.mac.world.receive({ from: world.person(), text: 'new' })
    expect(rowid).toBe(3)
    expect(readFileSync(path()).toString('latin1', 0, 15)).toBe('SQLite format 3')
  })

  it('a row below others that are there', async () => {
    await receive(1)
    await world.mac.world.deleteMessage((await receive(1))[0] ?? '')
    await receive(2)
    const free = Number(world.rows().at(-1)?.ROWID) - 2
    const { rowid, guid } = await world.mac.world.receive({ from: world.person(), text: 'low', rowid: free })
    expect(rowid).toBe(free)
    expect((guids() as string[]).at(-1)).not.toBe(guid)
  })

  it('a message that is on its way goes on after a rebuild', async () => {
    const to = world.person()
    world.mac.behave({ to, sentAfterMs: 300 })
    await world.sendTo(to, 'x')
    const { guid } = await world.untilRow(to)
    await world.mac.database.rebuild('in_place')
    await world.untilGuid(guid, ({ is_delivered }) => is_delivered === 1n)
    expect(world.phonesOf(to)).toHaveLength(1)
  })
})
