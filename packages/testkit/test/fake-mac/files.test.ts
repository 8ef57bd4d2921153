/**
 * Files that are sent.
 * Proves: rows, attachments and steps of the transfer; a file that Messages may not or can no longer read fails with error 25; what arrives is
 * what was in the file when it was read.
 * World: one fake Mac with macOS 26.5 and one with 13; the Messages process asked on its socket, chat.db read as a file.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { IMESSAGE_ACCOUNT } from '../../src/fake-mac/mac-settings.ts'
import { until } from '../../src/stories/until.ts'
import type { MacWorld } from './mac-world.ts'
import { useMac } from './mac-world.ts'

const world = useMac({ macos: '26.5' })

/** Below the home, or absolute. */
function write(place: string, content = 'PICTURE', on: MacWorld = world): string {
  const path = place.startsWith('/') ? place : join(on.mac.home, place)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  return path
}

const sendFile = (to: string, file: string, on: MacWorld = world) =>
  on.mac.messages.ask({ event: 'send', file, to: { participant: to, account: IMESSAGE_ACCOUNT.id } })

function attachmentOf(rowid: bigint, on: MacWorld = world) {
  const sql =
    'select a.* from message_attachment_join j join attachment a on a.ROWID = j.attachment_id where j.message_id = ?'
  return on.all(sql, rowid)[0]
}

describe('MACOS 1.6: a file', () => {
  it('has a row of its own with U+FFFC, an attachment with the base name, and is finished with state 5', async () => {
    const to = world.person()
    const path = write('Library/Messages/Attachments/agent/1/photo of us.JPG', 'x'.repeat(1000))
    expect(await sendFile(to, path)).toEqual({ ok: null })
    const begun = await world.untilRow(to)
    expect(begun).toMatchObject({ text: null, is_sent: 0n, is_finished: 0n, cache_has_attachments: 1n })
    expect(Buffer.from(begun.attributedBody ?? []).includes('\uFFFC')).toBe(true)
    const row = await world.untilRow(to, ({ is_delivered }) => is_delivered === 1n)
    expect(row).toMatchObject({ error: 0n, is_sent: 1n, is_finished: 1n })
    expect(attachmentOf(row.ROWID)).toMatchObject({
      transfer_name: 'photo of us.JPG',
      filename: '~/Library/Messages/Attachments/agent/1/photo of us.JPG',
      mime_type: 'image/jpeg',
      uti: 'public.jpeg',
      total_bytes: 1000n,
      transfer_state: 5n,
      is_outgoing: 1n,
    })
    expect(world.phonesOf(to)).toMatchObject([
      {
        service: 'iMessage',
        file: 'photo of us.JPG',
        bytes: 1000,
        sha256: createHash('sha256').update('x'.repeat(1000)).digest('hex'),
      },
    ])
  })

  it('goes through the states of a transfer, which an Apple event can ask for', async () => {
    const timing = { ...world.mac.settings.timing, transferMs: 1500 }
    await world.mac.configure({ timing })
    const to = world.person()
    await sendFile(to, write('Pictures/steps.png'))
    const row = await world.untilRow(to)
    const seen = new Set<unknown>()
    const states = new Set<unknown>()
    await until('it is finished', async () => {
      const answer = (await world.mac.messages.ask({ event: 'transfers' })) as {
        ok: { name: string; status: string }[]
      }
      seen.add(answer.ok.find(({ name }) => name === 'steps.png')?.status)
      states.add(attachmentOf(row.ROWID)?.['transfer_state'])
      return seen.has('finished')
    })
    expect([...seen]).toEqual(
      expect.arrayContaining(['waiting', 'preparing', 'transferring', 'finalizing', 'finished']),
    )
    expect([...states]).toEqual(expect.arrayContaining([0n, 2n, 3n, 4n]))
  })

  it.each(['Pictures', 'Downloads', 'Documents', 'Library/Messages/Attachments/x/y'])(
    'is read from ~/%s',
    async (place) => {
      const to = world.person()
      await sendFile(to, write(`${place}/a.txt`))
      expect(await world.untilRow(to, ({ is_sent }) => is_sent === 1n)).toMatchObject({ error: 0n })
    },
  )

  it.each([
    ['outside of the home', () => write(join(world.mac.folder, 'elsewhere', 'a.txt'))],
    ['elsewhere in the home', () => write('Desktop/a.txt')],
    ['that is not there', () => join(world.mac.home, 'Pictures', 'none.txt')],
    ['that is a folder', () => world.mac.home],
    [
      'that is a link to outside',
      () => {
        const link = join(world.mac.home, 'Pictures', 'link.txt')
        rmSync(link, { force: true })
        symlinkSync(write(join(world.mac.folder, 'elsewhere', 'b.txt')), link)
        return link
      },
    ],
  ])('%s: the event is answered, and the message fails later with error 25', async (_, make) => {
    const to = world.person()
    expect(await sendFile(to, make())).toEqual({ ok: null })
    expect(await world.untilRow(to)).toMatchObject({ error: 0n })
    const row = await world.untilRow(to, ({ error }) => error !== 0n)
    expect(row).toMatchObject({ error: 25n, is_sent: 0n })
    expect(attachmentOf(row.ROWID)).toMatchObject({ transfer_state: 6n })
    expect(world.phonesOf(to)).toEqual([])
  })

  it('that is taken away before it is read fails with error 25', async () => {
    await world.mac.configure({ timing: { ...world.mac.settings.timing, transferMs: 500 } })
    const to = world.person()
    const path = write('Pictures/swept.txt')
    await sendFile(to, path)
    await world.untilRow(to)
    rmSync(path)
    expect(await world.untilRow(to, ({ error }) => error !== 0n)).toMatchObject({ error: 25n, is_sent: 0n })
    expect(world.phonesOf(to)).toEqual([])
  })

  it('to a group', async () => {
    const { guid } = await world.mac.world.group([world.person(), world.person()])
    await world.mac.messages.ask({ event: 'send', file: write('Pictures/all.txt'), to: { chat: guid } })
    await until('it left', () => world.phonesOf(guid).length === 1)
    expect(world.phonesOf(guid)).toMatchObject([{ chat: guid, file: 'all.txt' }])
  })

  it('a rule that names it by its base name', async () => {
    const to = world.person()
    world.mac.behave({ to, text: 'bad.txt', rowError: 34 })
    await sendFile(to, write('Pictures/bad.txt'))
    const row = await world.untilRow(to, ({ error }) => error !== 0n)
    expect(row).toMatchObject({ error: 34n })
    expect(attachmentOf(row.ROWID)).toMatchObject({ transfer_state: 6n })
  })
})

describe('macOS 13', () => {
  const old = useMac({ macos: '13' })

  it('has U+FFFC in the column text too', async () => {
    const to = old.person()
    await sendFile(to, write('Pictures/a.pdf', 'PDF', old), old)
    const row = await old.untilRow(to, ({ is_sent }) => is_sent === 1n)
    expect(row).toMatchObject({ text: '\uFFFC', chat: `iMessage;-;${to}` })
    expect(attachmentOf(row.ROWID, old)).toMatchObject({ mime_type: 'application/pdf' })
  })
})
