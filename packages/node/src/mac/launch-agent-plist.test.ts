/** Proves: a plist says what MACOS 5.1 asks for, names of any kind are in it unharmed, and what it runs can be read back. */
import { expect, test } from 'vitest'
import { macTools } from '@bluewire/drivers/mac/mac-tools'
import { agentPaths } from './agent-paths.ts'
import { launchAgentPlist, programOfPlist } from './launch-agent-plist.ts'
import type { MacHost } from './mac-host.ts'

const HOST: MacHost = {
  tools: macTools(),
  home: '/Users/ada',
  uid: 501,
  user: 'ada',
  node: '/usr/local/bin/node',
  script: '/Users/ada/bluewire-node.mjs',
  env: {},
}

function plistOf(directory: string, host: Partial<MacHost> = {}): string {
  const whole = { ...HOST, ...host }
  return launchAgentPlist(
    agentPaths(directory, whole.home),
    { node: whole.node, script: whole.script, directory },
    whole,
  )
}

test('all of it, for the usual folder', () => {
  expect(
    plistOf('/Users/ada/.bluewire-node', { env: { LANG: 'C', HTTPS_PROXY: 'http://10.0.0.1:3128', PATH: '/tmp' } }),
  ).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>com.bluewire.node</string>
  <key>ProgramArguments</key>
  <array>
    <string>/usr/local/bin/node</string>
    <string>/Users/ada/bluewire-node.mjs</string>
    <string>run</string>
    <string>--launchd</string>
    <string>--dir</string>
    <string>/Users/ada/.bluewire-node</string>
  </array>
  <key>EnvironmentVariables</key>
  <dict>
    <key>HOME</key>
    <string>/Users/ada</string>
    <key>USER</key>
    <string>ada</string>
    <key>LOGNAME</key>
    <string>ada</string>
    <key>PATH</key>
    <string>/usr/bin:/bin:/usr/sbin:/sbin</string>
    <key>LANG</key>
    <string>en_US.UTF-8</string>
    <key>HTTPS_PROXY</key>
    <string>http://10.0.0.1:3128</string>
  </dict>
  <key>WorkingDirectory</key>
  <string>/Users/ada/.bluewire-node</string>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <true/>
  <key>ThrottleInterval</key>
  <integer>10</integer>
  <key>ProcessType</key>
  <string>Interactive</string>
  <key>LimitLoadToSessionType</key>
  <string>Aqua</string>
  <key>StandardOutPath</key>
  <string>/Users/ada/.bluewire-node/logs/launchd.log</string>
  <key>StandardErrorPath</key>
  <string>/Users/ada/.bluewire-node/logs/launchd.log</string>
</dict>
</plist>
`)
})

test.each(['/tmp/<b> & "c" \'d\'', '/tmp/&amp;', '/tmp/名前 😀', '/tmp/]]>', '/tmp/a  b'])(
  '%s is read back as it is',
  (directory) => {
    const text = plistOf(directory)
    expect(programOfPlist(text)).toEqual({ node: HOST.node, script: HOST.script, directory })
    expect(text).toMatch(/<string>com\.bluewire\.node\.[0-9a-f]{8}<\/string>/)
  },
)

test.each(['/tmp/a\u0000', '/tmp/a\nb', '/tmp/\u001b[0m', '/tmp/\ud800'])('%j cannot be told', (directory) => {
  expect(() => plistOf(directory)).toThrow(/has characters that launchd cannot be told/)
})

test.each(['', 'bplist00', '<plist><dict><key>ProgramArguments</key><array><string>x</string></array></dict></plist>'])(
  'a file of somebody else is none of ours (%j)',
  (text) => {
    expect(programOfPlist(text)).toBeNull()
  },
)
