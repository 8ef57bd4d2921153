/**
 * The quick start on a Mac.
 * Proves: its last line is a command that makes this Mac's user a second node of the account, as it stands.
 * World: the quick start, the command in a shell, the agent, all as processes. Only programs of macOS are stood in for.
 */
import { expect, test } from 'vitest'
import { newFolder } from '../start/command.ts'
import { startQuickstart } from '../start/quickstart-story.ts'
import { Admin } from '../admin/admin-command.ts'
import { MacUser } from './mac-user.ts'

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
