/**
 * `acceptance` (MACOS 6).
 * Proves: what Messages writes is seen as states and times; the report has every step, and no text, number or address; docs/mac-acceptance.md
 * names every step and says first that nobody has run it.
 * World: a real agent under a stand-in of launchd, a real database that is written to meanwhile; a person who presses Enter.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, expect, it, test } from 'vitest'
import { acceptance } from '../../src/mac/acceptance/acceptance.ts'
import { observe } from '../../src/mac/acceptance/observe.ts'
import { linesOf, STEPS } from '../../src/mac/acceptance/steps.ts'
import { CODE, CREDENTIAL, MiniGateway } from '../mini-gateway.ts'
import { makeChatDb } from './small-chat-db.ts'
import { SmallMac, USER } from './small-mac.ts'

const TEXT = 'a text for nobody’s log'
const TO = '+14155552671'
const NOW_APPLE = () => (BigInt(Date.now()) - 978_307_200_000n) * 1_000_000n

const cleanUp: Array<() => unknown> = []
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo()
})

function newMac(): SmallMac {
  const mac = new SmallMac()
  cleanUp.push(() => mac.stop())
  return mac
}

function openDb(folder: string): DatabaseSync {
  const db = new DatabaseSync(join(folder, 'chat.db'), { timeout: 5_000 })
  cleanUp.push(() => db.close())
  return db
}

function insertRow(db: DatabaseSync, { fromMe, guid }: { fromMe: boolean; guid: string }): number {
  db.prepare(`insert or ignore into handle (id, service) values ('${TO}', 'iMessage')`).run()
  const { lastInsertRowid } = db
    .prepare(
      `insert into message (guid, text, attributedBody, handle_id, service, account, date, is_from_me)
       values (?, null, ?, 1, 'iMessage', 'E:ada@example.com', ?, ?)`,
    )
    .run(guid, Buffer.from(TEXT), NOW_APPLE(), fromMe ? 1 : 0)
  return Number(lastInsertRowid)
}

test('a row and all its states, its chat and its file, as Messages writes them; then it ends', async () => {
  const mac = newMac()
  const folder = makeChatDb(mac.home, [{ ago: 1, fromMe: true }])
  const db = openDb(folder)
  let id = 0
  const next = [
    () => db.exec(`insert into chat (guid) values ('any;-;${TO}'); insert into chat_message_join values (1, ${id})`),
    () =>
      db.exec(
        `insert into attachment (guid, transfer_state) values ('a', 3); insert into message_attachment_join values (${id}, 1)`,
      ),
    () => db.exec('update attachment set transfer_state = 5'),
    () => db.exec('update message set is_sent = 1, is_finished = 1 where rowid = ' + String(id)),
    () => db.exec('update message set is_delivered = 1 where rowid = ' + String(id)),
  ]
  const seen = observe({
    ...{ direction: 'out', seconds: 60, folder, pollMs: 10, quietMs: 500 },
    saw: () => next.shift()?.(),
  })
  insertRow(db, { fromMe: false, guid: 'inbound is not asked for' })
  id = insertRow(db, { fromMe: true, guid: 'g' })
  const found = await seen
  expect(found).toMatchObject({
    problem: null,
    rows: [{ service: 'iMessage', chat: 'any;-', hasText: false, hasAttributedBody: true }],
  })
  expect(found.rows[0]?.states.map(({ state }) => state)).toEqual([
    'not sent',
    'not sent, in a chat',
    'not sent transfer_state 3',
    'not sent transfer_state 5',
    'sent finished transfer_state 5',
    'sent delivered finished transfer_state 5',
  ])
  expect(found.changes).toBeGreaterThan(1)
  expect(found.fileEvents).toBeGreaterThan(0)
  for (const secret of [TEXT, TO, 'ada@'])
    expect(linesOf(found).join('\n') + JSON.stringify(found)).not.toContain(secret)
})

test('nothing comes, or nothing can be opened', async () => {
  const mac = newMac()
  const folder = makeChatDb(mac.home, [])
  const none = await observe({ direction: 'in', seconds: 1, folder, pollMs: 10 })
  expect(linesOf(none)).toEqual(['no row came', '0 file events; 0 changes of data_version'])
  rmSync(folder, { recursive: true })
  expect(linesOf(await observe({ direction: 'in', seconds: 1, folder }))).toEqual([
    expect.stringMatching(/^chat\.db cannot be opened/),
  ])
})

it('asks step by step; the agent watches; the report holds nothing private', async () => {
  const mac = newMac()
  const gateway = await MiniGateway.start()
  cleanUp.push(() => gateway.stop())
  const db = openDb(makeChatDb(mac.home, [{ ago: 1, fromMe: true }]))
  mac.tool(
    'osascript',
    `cat > '${mac.folder}/asked'; echo "0:1: execution error: Erreur dans Messages : impossible. (-1728)" >&2; exit 1`,
  )
  mac.tool('pgrep', 'echo 2147483647')
  mac.tool('stat', `echo ${USER}`)
  mac.tool('sw_vers', 'echo 26.1')
  await mac.cli('join', gateway.url, CODE, '--driver', 'simulator', '--min-free-mib', '0')
  await mac.cli('install')
  await gateway.frame('ready')

  const input = new PassThrough()
  const said: string[] = []
  const place = {
    host: mac.host(),
    directory: mac.node,
    say(line: string) {
      said.push(line)
      const step = STEPS.find(({ ask }) => ask !== null && line.includes(ask))
      if (!step) return
      input.write(step.id === 'inbound' ? '\n' : 's\n')
      if (step.id !== 'inbound') return
      // The agent begins to watch at some time from now: one row after the other, until it has seen one and ended.
      let n = 0
      const timer = setInterval(() => insertRow(db, { fromMe: false, guid: `new-${n++}` }), 500)
      cleanUp.push(() => clearInterval(timer))
      const stopped = setInterval(() => n >= 20 && clearInterval(timer), 100)
      cleanUp.push(() => clearInterval(stopped))
    },
  }
  expect(await acceptance(place, input)).toBe(2)
  const [name = ''] = readdirSync(mac.node).filter((file) => file.startsWith('acceptance-'))
  const report = readFileSync(join(mac.node, name), 'utf8')
  expect(report).toMatch(/^# Acceptance of a node on a Mac/)
  expect(report).toContain('macOS 26.1, ')
  expect(report).toContain('watched by the agent')
  expect(report).toMatch(/^- automation: problem$/m)
  expect(report.match(/^## /gm)).toHaveLength(1 + STEPS.length)
  expect(report.match(/^- -1728: 0:1: execution error: Erreur dans Messages/gm)).toHaveLength(3)
  expect(report.match(/^- left out$/gm)).toHaveLength(STEPS.length - 2)
  expect(report).toMatch(
    /^- a row of iMessage in no chat, text empty, attributedBody there, seen \d+ ms after its date$/m,
  )
  for (const secret of [TEXT, TO, '2671', 'ada@', CREDENTIAL]) expect(report + said.join('\n')).not.toContain(secret)
})

it('without anybody at the terminal every step of a person is left out', async () => {
  const mac = newMac()
  const gateway = await MiniGateway.start()
  cleanUp.push(() => gateway.stop())
  mac.tool('osascript', 'exit 0')
  await mac.cli('join', gateway.url, CODE, '--driver', 'simulator')
  const input = new PassThrough()
  input.end()
  const said: string[] = []
  expect(await acceptance({ host: mac.host(), directory: mac.node, say: (line) => said.push(line) }, input)).toBe(2)
  expect(said.filter((line) => line === '  left out')).toHaveLength(STEPS.length - 1)
})

it('docs/mac-acceptance.md has every step, and says first that nobody has run it', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../../docs/mac-acceptance.md'), 'utf8')
  expect(page.split('\n')[0]).toBe('**Nobody has run this on a Mac yet; everything below is unverified.**')
  const named = [...page.matchAll(/^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|/gm)].map(([, id, title, believed]) => [
    id,
    title,
    believed,
  ])
  expect(named).toEqual(STEPS.map(({ id, title, believed }) => [id, title, believed]))
})
