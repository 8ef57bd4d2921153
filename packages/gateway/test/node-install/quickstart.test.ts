/**
 * The quick start on a Mac.
 * Proves: its last line is a command that makes this Mac's user a second node of the account, as it stands; a real node that is well takes the place
 * of the simulated one, which is said.
 * World: the quick start, the command in a shell, the agent, all as processes. Only programs of macOS are stood in for.
 */
import { expect, test } from 'vitest'
import { newFolder } from '../start/command.ts'
import { startQuickstart } from '../start/quickstart-story.ts'
import { Admin } from '../admin/admin-command.ts'
import { MacUser } from './mac-user.ts'
import { connectRealNode } from './real-node.ts'

const MAC_LINE = /^Mac {4}To send from this Mac's own Messages, type this within 15 minutes: (curl .+)\n/m

test('its last line makes this Mac a node', { timeout: 60_000 }, async () => {
  const mac = new MacUser()
  const story = await startQuickstart(newFolder(), { env: { BLUEWIRE_MAC_TOOLS: mac.tools } })
  await story.command.until(({ stdout }) => MAC_LINE.test(stdout))
  const lines = story.command.stdout.trimEnd().split('\n')
  const [, command = ''] = MAC_LINE.exec(`${lines.at(-1)}\n`) ?? []
  const typed = await mac.type(`${command} --driver simulator --line +15005550005:imessage --name Ann`)
  expect(typed).toMatchObject({ code: 0, stderr: '' })
  const nodes = () => new Admin(story.dataDir).ask<Array<{ name: string; online: boolean }>>(['node', 'list'])
  await expect.poll(nodes, { timeout: 30_000 }).toMatchObject([
    { name: 'quickstart', online: true },
    { name: 'Ann', online: true },
  ])
})

test('when a real node is well, the simulated one is paused, and said to be', { timeout: 60_000 }, async () => {
  const story = await startQuickstart(newFolder())
  const admin = new Admin(story.dataDir)
  const { code } = await admin.ask<{ code: string }>(['enrol'])
  const { node, ws } = await connectRealNode(story.url, code, '+14155550100')
  await story.command.until(({ stderr }) => stderr.includes('\n'))
  expect(story.command.stderr).toBe(
    'The simulated node is paused: the real node Ann sends now. Messages that name no line leave by +14155550100. ' +
      'To use the simulated one again: bluewire-gateway line resume +15005550001\n',
  )
  expect(await admin.ask(['node', 'list'])).toMatchObject([
    { name: 'quickstart', paused: true, pause_reason: 'the real node Ann sends now' },
    { id: node, paused: false, pause_reason: null },
  ])
  expect(await admin.lines('node', 'list')).toMatch(/ quickstart +online, paused \(the real node Ann sends now\) +ok /)
  ws.terminate()
})
