/** Stands in for `bluewire-node install`: loaded before the agent, it hands `run` to launchd and ends. Every other command is the agent's own. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

const [node, script = '', verb, ...rest] = process.argv
if (script.endsWith('/bluewire-node.mjs') && verb === 'install') {
  const dir = rest[rest.indexOf('--dir') + 1] ?? ''
  const directory = rest.includes('--dir') ? dir : join(homedir(), '.bluewire-node')
  const plist = join(homedir(), 'Library/LaunchAgents/com.bluewire.node.plist')
  const xml = (text: string) => `<string>${text.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}</string>`
  mkdirSync(dirname(plist), { recursive: true })
  writeFileSync(
    plist,
    `<dict><key>Label</key>${xml('com.bluewire.node')}<key>ProgramArguments</key><array>${[node ?? '', script, 'run', '--dir', directory].map(xml).join('')}</array>` +
      `<key>EnvironmentVariables</key><dict><key>HOME</key>${xml(homedir())}</dict><key>StandardOutPath</key>${xml(join(directory, 'logs/launchd.log'))}</dict>`,
  )
  const launchctl = join(process.env['BLUEWIRE_MAC_TOOLS'] ?? '', 'launchctl')
  const isLoaded = spawnSync(launchctl, ['print', 'gui/501/com.bluewire.node']).status === 0
  const { status } = isLoaded ? { status: 0 } : spawnSync(launchctl, ['bootstrap', 'gui/501', plist])
  process.stdout.write(`The agent com.bluewire.node runs.\n`)
  process.exit(status ?? 1)
}
