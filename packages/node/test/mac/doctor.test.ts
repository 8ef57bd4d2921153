/**
 * `doctor` (MACOS 5.4, 5.1-5.3).
 * Proves: each thing that can be wrong with a Mac is found, said to be what it is, with the one thing to do; the same in whatever language
 * macOS speaks; a question of macOS that nobody answers is told within 15 s; nothing private is shown.
 * World: a real agent under a stand-in of launchd, real programs with the names of macOS's, a real database, a small gateway. The files in
 * doctor/ hold what differs from the output of a Mac that is well.
 */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { agentPaths } from '../../src/mac/agent-paths.ts'
import { asText } from '../../src/mac/doctor/doctor.ts'
import { runChecks } from '../../src/mac/doctor/doctor-checks.ts'
import type { Findings } from '../../src/mac/doctor/findings.ts'
import { gather } from '../../src/mac/doctor/gather.ts'
import { probeChatDb } from '../../src/mac/doctor/probe-chat-db.ts'
import { askForReport } from '../../src/mac/local-control.ts'
import { CODE, CREDENTIAL, MiniGateway } from '../mini-gateway.ts'
import { makeChatDb } from './small-chat-db.ts'
import type { Row } from './small-chat-db.ts'
import { SmallMac, USER } from './small-mac.ts'

const YEAR = 366 * 24
const GOOD_ROWS: readonly Row[] = [{ ago: 2 * YEAR }, { ago: 30, fromMe: true }, { ago: 6 }, { ago: 5, fromMe: true }]
const SIGNED = 'Authority=Developer ID Application: Node.js Foundation (HX7739G8FX)'
const ACCOUNTS = [
  ['A-1', 'iMessage', 'true', 'connected', 'E:ada@example.com'],
  ['A-2', 'SMS', 'true', 'connected', 'SMS'],
]

let mac: SmallMac
let gateway: MiniGateway
let well = ''

const accounts = (lines: readonly (readonly string[])[]) =>
  `cat > /dev/null; printf '%s' '${lines.map((line) => line.join('\t')).join('\n')}'`
const fails = (words: string) => `cat > /dev/null; printf '%s\\n' '${words}' >&2; exit 1`

function makeWell(): void {
  mac.session = 'Aqua'
  mac.tool('osascript', accounts(ACCOUNTS))
  mac.tool('pgrep', 'echo 2147483647')
  mac.tool('open', 'exit 0')
  mac.tool('stat', `echo ${USER}`)
  mac.tool('sw_vers', 'echo 26.1')
  mac.tool('ps', 'if [ -r /proc/$4/comm ]; then cat /proc/$4/comm; else exec /bin/ps "$@"; fi')
  mac.tool('codesign', `echo '${SIGNED}' >&2`)
  rmSync(join(mac.home, 'Library/Messages'), { recursive: true, force: true })
  makeChatDb(mac.home, GOOD_ROWS)
}

beforeAll(async () => {
  mac = new SmallMac()
  gateway = await MiniGateway.start()
  makeWell()
  expect(await mac.cli('join', gateway.url, CODE, '--driver', 'simulator', '--min-free-mib', '0')).toMatchObject({
    code: 0,
  })
  expect(await mac.cli('install')).toMatchObject({ code: 0, err: '' })
  await gateway.frame('ready')
  well = (await examined()).text
})
afterAll(async () => {
  await mac.stop()
  await gateway.stop()
})
afterEach(makeWell)

/** What differs from run to run is named instead. */
function plain(text: string): string {
  return text
    .replaceAll(mac.folder, '<mac>')
    .replaceAll(gateway.url, '<gateway>')
    .replaceAll(process.execPath, '/usr/local/bin/node')
    .replaceAll(process.versions.node, '24.x')
    .replaceAll(/process (\(?)\d+/g, 'process $1<pid>')
    .replaceAll(/\d+ s apart/g, '<n> s apart')
    .replaceAll(/[\d.]+ GiB are/g, '<n> GiB are')
}

async function examined(...more: string[]): Promise<{ code: number | null; text: string }> {
  const said = await mac.cli('doctor', ...more)
  expect(said.err).toBe('')
  for (const secret of ['nobody’s log', '+1415', 'ada@example.com', CREDENTIAL]) expect(said.out).not.toContain(secret)
  return { code: said.code, text: plain(said.out) }
}

/** The lines that a Mac that is well would not have. */
function unusual(text: string): string {
  const usual = new Set(well.split('\n'))
  return `${text
    .split('\n')
    .filter((line) => !usual.has(line))
    .join('\n')}\n`
}

const golden = (name: string) => join(import.meta.dirname, `doctor/${name}.txt`)

async function expectGolden(name: string, ...more: string[]): Promise<void> {
  const { code, text } = await examined(...more)
  await expect(`exit code ${code}\n${unusual(text)}`).toMatchFileSnapshot(golden(name))
}

async function findingsNow(): Promise<Findings> {
  return gather(mac.host(), mac.node)
}

async function expectGoldenOf(name: string, change: (findings: Findings) => Findings): Promise<void> {
  const findings = change(await findingsNow())
  const text = plain(asText(findings, runChecks(findings)).join('\n'))
  await expect(unusual(text)).toMatchFileSnapshot(golden(name))
}

describe('a Mac that is well', () => {
  it('exit code 0, and each check by its name', async () => {
    const { code, text } = await examined()
    await expect(`exit code ${code}\n${text}`).toMatchFileSnapshot(golden('all-is-well'))
  })

  it('--json', async () => {
    const { text, code } = await examined('--json')
    const answer = JSON.parse(text) as { state: string; asked_by: string; checks: Array<Record<string, unknown>> }
    expect({ code, state: answer.state, by: answer.asked_by }).toEqual({ code: 0, state: 'ok', by: 'agent' })
    expect(answer.checks).toHaveLength(21)
    for (const check of answer.checks) {
      expect(Object.keys(check)).toEqual(['check', 'state', 'reason', 'advice', 'meaning', 'next'])
      expect(check['state'] === 'problem').toBe(false)
    }
  })
})

describe('Messages and its permissions', () => {
  it.each([
    ['English', 'execution error: Not authorised to send Apple events to Messages. (-1743)'],
    ['French', 'execution error: Vous n’êtes pas autorisé à envoyer des événements Apple à Messages. (-1743)'],
  ])('no permission to control it (%s)', async (_language, words) => {
    mac.tool('osascript', fails(words))
    await expectGolden('automation-denied')
  })

  it('a question of macOS that nobody answers is told within 15 s', async () => {
    mac.tool('osascript', 'exec sleep 600')
    const beganMs = Date.now()
    await expectGolden('waiting-for-click')
    expect(Date.now() - beganMs).toBeLessThan(15_000)
    const { checks } = JSON.parse((await examined('--json')).text) as { checks: Array<Record<string, unknown>> }
    expect(checks.find(({ check }) => check === 'automation')).toMatchObject({ reason: 'waiting_for_click' })
  })

  it.each([
    ['English', 'execution error: Messages got an error: AppleEvent timed out. (-1712)'],
    ['French', 'execution error: Erreur dans Messages : Délai d’attente dépassé pour AppleEvent. (-1712)'],
  ])('it hangs (%s)', async (_language, words) => {
    mac.tool('osascript', fails(words))
    await expectGolden('messages-hangs')
  })

  it.each([
    ['English', 'execution error: Application isn’t running. (-600)'],
    ['French', 'execution error: L’application n’est pas en cours d’exécution. (-600)'],
  ])('it cannot be asked (%s)', async (_language, words) => {
    mac.tool('osascript', fails(words))
    await expectGolden('messages-fails')
  })

  it('it does not run, and does not start', async () => {
    mac.tool('pgrep', 'exit 1')
    await expectGolden('messages-does-not-run')
  })

  it('it did not run, and was opened in the background', async () => {
    const ran = join(mac.folder, 'ran')
    mac.tool('open', `test "$1 $2" = '-gjb com.apple.MobileSMS' && touch '${ran}'`)
    mac.tool('pgrep', `test "$1 $3 $4" = '-U -x Messages' && test -e '${ran}'`)
    await expectGolden('messages-was-opened')
  })

  it('no account, one that is off, one that is not connected, one that is connecting', async () => {
    mac.tool('osascript', accounts([]))
    await expectGolden('not-signed-in')
    mac.tool('osascript', accounts([['A-1', 'iMessage', 'false', 'disconnected', '']]))
    await expectGolden('account-off')
    mac.tool('osascript', accounts([['A-1', 'iMessage', 'true', 'disconnected', '']]))
    await expectGolden('account-not-connected')
    mac.tool('osascript', accounts([['A-1', 'iMessage', 'true', 'connecting', '']]))
    await expectGolden('account-connecting')
  })

  it('a line that offers SMS, and no forwarding', async () => {
    mac.tool('osascript', accounts(ACCOUNTS.slice(0, 1)))
    await expectGoldenOf('sms-not-forwarded', (findings) => ({ ...findings, sendsSms: true }))
  })
})

describe('the database', () => {
  const folder = () => join(mac.home, 'Library/Messages')
  const rows = (...more: Row[]) => {
    rmSync(folder(), { recursive: true })
    makeChatDb(mac.home, more)
  }

  it('is not there', async () => {
    rmSync(folder(), { recursive: true })
    await expectGolden('db-missing')
  })

  it('is none', async () => {
    rmSync(folder(), { recursive: true })
    mkdirSync(folder())
    writeFileSync(join(folder(), 'chat.db'), 'this is not a database, and it is longer than the header of one, by far')
    await expectGolden('db-not-a-database')
  })

  it('may not be read: the agent’s permission, and that of a terminal', async () => {
    await expectGoldenOf('full-disk-access-denied', (findings) => ({
      ...findings,
      permitted: { ...findings.permitted, chatDb: { kind: 'denied' } },
    }))
    await expectGoldenOf('full-disk-access-denied-here', (findings) => ({
      ...findings,
      askedBy: 'here',
      terminal: 'Terminal',
      agent: { ...findings.agent, isInstalled: false, report: null, state: { kind: 'absent' } },
      permitted: { ...findings.permitted, chatDb: { kind: 'denied' }, accounts: { kind: 'denied' } },
    }))
  })

  it('may not be read by who asks', (context) => {
    const { geteuid, seteuid } = process
    if (geteuid?.() !== 0 || !seteuid) return context.skip('only root can become somebody who may not read')
    const theirs = mkdtempSync(join(tmpdir(), 'bluewire-denied-'))
    chownSync(theirs, 65534, 65534)
    chmodSync(join(makeChatDb(theirs, GOOD_ROWS), 'chat.db'), 0o000)
    try {
      seteuid.call(process, 65534)
      expect(probeChatDb(join(theirs, 'Library/Messages'), Date.now())).toEqual({ kind: 'denied' })
    } finally {
      seteuid.call(process, 0)
      rmSync(theirs, { recursive: true })
    }
  })

  it('is locked', async () => {
    const db = new DatabaseSync(join(folder(), 'chat.db'))
    db.exec('pragma journal_mode = delete; begin exclusive')
    await expectGolden('db-locked')
    db.close()
  })

  it('has another form', async () => {
    const db = new DatabaseSync(join(folder(), 'chat.db'))
    db.exec('alter table message drop column was_downgraded; alter table message rename column error to failure')
    db.close()
    await expectGolden('db-unknown-schema')
  })

  it('was never used; is idle', async () => {
    rows()
    await expectGolden('db-never-used')
    rmSync(folder(), { recursive: true })
    makeChatDb(mac.home, [{ ago: 100 }], 100)
    await expectGolden('db-idle')
  })

  it('everything fails; nothing went out; recipients without iMessage are no fault of the Mac', async () => {
    const failing = (error: number) => ({ ago: 5, fromMe: true, error })
    rows({ ago: 2 * YEAR }, { ago: 6, fromMe: true }, ...[4, 4, 20, 4, 4, 22].map(failing))
    await expectGolden('sends-fail')
    rows({ ago: 2 * YEAR }, { ago: 5 }, ...[22, 22, 22, 22, 22, 22].map(failing))
    await expectGolden('nothing-went-out')
    rows({ ago: 2 * YEAR }, { ago: 6, fromMe: true }, ...[22, 22, 22, 22, 22, 22].map(failing))
    await expectGolden('recipients-without-imessage')
  })

  it('shows what Messages downgraded, that it may delete, and tests that prove nothing', async () => {
    rows({ ago: 5, fromMe: true, downgraded: true }, { ago: 6, fromMe: true, to: 'ada@example.com' })
    await expectGolden('advice')
  })
})

describe('the session and the machine', () => {
  it('an agent that is not at the screen; this command over SSH, while no agent answers', async () => {
    mac.session = 'Background'
    await expectGolden('agent-not-at-the-screen')
    await expectGoldenOf('over-ssh', (findings) => ({
      ...findings,
      askedBy: 'here',
      agent: { ...findings.agent, report: null, state: { kind: 'absent' } },
    }))
  })

  it('nobody, or somebody else, is at the screen', async () => {
    mac.tool('stat', 'echo root')
    await expectGolden('nobody-at-the-screen')
    mac.tool('stat', 'echo grace')
    await expectGolden('somebody-else-at-the-screen')
    mac.tool('stat', 'exit 1')
    await expectGolden('console-not-known')
  })

  it('macOS too old, and newer than known', async () => {
    mac.tool('sw_vers', 'echo 11.7.10')
    await expectGolden('macos-too-old')
    mac.tool('sw_vers', 'echo 27.0')
    await expectGolden('macos-newer')
    mac.removeTool('sw_vers')
    await expectGolden('macos-not-known')
  })

  it('a Node.js that loses its permissions, and one that is not known', async () => {
    mac.tool('codesign', "echo 'Signature=adhoc' >&2; echo 'TeamIdentifier=not set' >&2")
    await expectGolden('node-ad-hoc')
    mac.tool('codesign', "echo 'node: code object is not signed at all' >&2; exit 1")
    await expectGolden('node-not-signed')
    mac.removeTool('codesign')
    await expectGolden('node-not-known')
    await expectGoldenOf('node-homebrew', (findings) => {
      const node = { ...findings.permitted.node, path: '/opt/homebrew/Cellar/node/24.1.0/bin/node' }
      return { ...findings, permitted: { ...findings.permitted, node } }
    })
  })

  it('a clock that is wrong, a gateway that is away', async () => {
    gateway.aheadMs = 3600_000
    await expectGolden('clock-behind').finally(() => (gateway.aheadMs = 0))
    await expectGoldenOf('gateway-away', (findings) => ({
      ...findings,
      gateway: { kind: 'unreachable', url: gateway.url, why: 'nothing answers at that address' },
    }))
    await expectGoldenOf('gateway-not-connected', (findings) => {
      const report = findings.agent.report && { ...findings.agent.report, session: null, phase: 'offline' as const }
      return { ...findings, agent: { ...findings.agent, report } }
    })
  })

  it('a disk that is full', async () => {
    await expectGoldenOf('disk-full', (findings) => ({ ...findings, disk: { freeBytes: 5e8, neededBytes: 1024 ** 3 } }))
  })

  it('a Mac that may fall asleep, by mistake and by wish', async () => {
    await expectGoldenOf('falls-asleep', (findings) => ({ ...findings, isAwakeProven: false }))
    await expectGoldenOf('may-sleep', (findings) => {
      const report = findings.agent.report && { ...findings.agent.report, awake: { wanted: false, pid: null } }
      return { ...findings, isAwakeProven: null, agent: { ...findings.agent, report } }
    })
  })
})

describe('the agent', () => {
  it('hangs: this command asks itself, and says that it proves little', async () => {
    const pid = (await askForReport(agentPaths(mac.node, mac.home).socket))?.pid ?? 0
    process.kill(pid, 'SIGSTOP')
    await expectGolden('agent-hangs').finally(() => process.kill(pid, 'SIGCONT'))
  })

  it('cannot start: a program is not there any more', async () => {
    const { plist } = agentPaths(mac.node, mac.home)
    const text = readFileSync(plist, 'utf8')
    writeFileSync(plist, text.replace(/<string>[^<]*main\.ts</, '<string>/Users/ada/bluewire/main.ts<'))
    await expectGolden('agent-program-missing').finally(() => writeFileSync(plist, text))
  })

  it('says of its driver what is wrong', async () => {
    const saying = (state: 'degraded' | 'broken', detail?: string) => (findings: Findings) => {
      const driver = { name: 'messages-app', state, proven_at_ms: null, ...(detail === undefined ? {} : { detail }) }
      return {
        ...findings,
        agent: { ...findings.agent, report: findings.agent.report && { ...findings.agent.report, driver } },
      }
    }
    await expectGoldenOf('driver-broken', saying('broken', 'Messages hangs and does not end. Quit it on the Mac.'))
    await expectGoldenOf('driver-not-sure', saying('degraded'))
  })

  it('is not loaded, has ended, is another one', async () => {
    const without = (state: Findings['agent']['state'], holder: number | null) => (findings: Findings) => ({
      ...findings,
      agent: { ...findings.agent, state, holder, report: null },
    })
    await expectGoldenOf('agent-not-loaded', without({ kind: 'absent' }, null))
    await expectGoldenOf('agent-ended', without({ kind: 'not_running', lastExit: '1' }, null))
    await expectGoldenOf('agent-beside-another', without({ kind: 'running', pid: 1 }, 2))
    await expectGoldenOf(
      'agent-launchd-fails',
      without({ kind: 'failed', detail: 'launchctl cannot be run (ENOENT)' }, null),
    )
  })

  it('is not installed, and the Mac has joined no gateway', async () => {
    const empty = join(mac.home, 'empty')
    await expectGolden('not-joined', '--dir', empty)
  })

  it('answers what an older one of it would: then this command asks itself', async () => {
    const other = join(mac.node, 'agent.sock')
    const moved = `${other}.moved`
    renameSync(other, moved)
    const findings = await findingsNow().finally(() => renameSync(moved, other))
    expect(findings).toMatchObject({ askedBy: 'here', agent: { report: null } })
  })
})
