/**
 * Starts that fail.
 * Proves: each of them ends with one sentence that says what happened and what to do, without a stack trace, with an exit code that is
 * not 0, and leaves nothing running; and following the advice works.
 * World: the quick start (and the gateway alone) as processes of somebody without rights, on real folders, ports and file systems.
 */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, test } from 'vitest'
import {
  Command,
  freePort,
  GATEWAY,
  isListening,
  isRoot,
  LAUNCHER,
  lockHolder,
  newFolder,
  QUICKSTART,
  run,
} from './command.ts'
import { startQuickstart, stop } from './quickstart-story.ts'

const STORY_MS = 60_000
const EXIT_BAD_CONFIGURATION = 78

type Env = Record<string, string>

/** As nobody, on a port that is free unless said. */
async function start(env: Env, program = QUICKSTART) {
  const port = String(await freePort())
  return run(['node', LAUNCHER, program], { env: { BLUEWIRE_PORT: port, ...env }, isUnprivileged: true })
}

/** One line, so no stack trace; nothing else was printed. */
function expectOneSentence(ran: { code: number | null; stdout: string; stderr: string }, exitCode = 1): string {
  expect(ran.stdout).toBe('')
  expect(ran.stderr).toMatch(/^[^\n]+\n$/)
  expect(ran.code).toBe(exitCode)
  return ran.stderr.trimEnd()
}

const newOwnFolder = () => newFolder({ isOwnedByNobody: true })

const occupants: Array<{ server: Server; sockets: Set<Socket> }> = []
afterEach(() => {
  for (const { server, sockets } of occupants.splice(0)) {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
})

/** A program that is not Bluewire; `reply` null: it accepts and says nothing. */
async function occupyPort(reply: string | null): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    if (reply !== null) socket.end(reply)
  })
  occupants.push({ server, sockets })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return (server.address() as AddressInfo).port
}

describe('the port', { timeout: STORY_MS }, () => {
  test.for([
    ['that answers something else', 'HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{"status":"ok"}'],
    ['that says nothing', null],
  ] as const)('is taken by a program %s', async ([, reply]) => {
    const port = await occupyPort(reply)
    const sentence = expectOneSentence(await start({ BLUEWIRE_DATA_DIR: newOwnFolder(), BLUEWIRE_PORT: String(port) }))
    expect(sentence).toMatch(
      new RegExp(
        `^Port ${port} of 127\\.0\\.0\\.1 is taken: another program uses it\\. Start on another port: BLUEWIRE_PORT=\\d+ npm start$`,
      ),
    )
  })

  test('is taken by Bluewire; the advice works', async () => {
    const first = await startQuickstart(newFolder())
    const dataDir = newFolder()
    const env = { BLUEWIRE_DATA_DIR: dataDir, BLUEWIRE_PORT: String(first.port) }
    const sentence = expectOneSentence(await run(['node', LAUNCHER, QUICKSTART], { env }))
    expect(sentence).toContain(`Port ${first.port} of 127.0.0.1 is taken: Bluewire already runs there.`)
    const alone = await run(['node', LAUNCHER, GATEWAY], { env: { ...env, BLUEWIRE_DATA_DIR: newFolder() } })
    expect(expectOneSentence(alone)).toBe(sentence)
    const [, advised] = /BLUEWIRE_PORT=(\d+) npm start$/.exec(sentence) ?? []
    await startQuickstart(dataDir, { env: { BLUEWIRE_PORT: advised ?? '' } })
  })

  test('is one that only root may use', async ({ skip }) => {
    const lowestFree = '/proc/sys/net/ipv4/ip_unprivileged_port_start'
    const isLowFree = existsSync(lowestFree) && Number(readFileSync(lowestFree, 'utf8')) <= 1
    skip(isLowFree || process.platform === 'darwin', 'on this system anybody may use low ports')
    const sentence = expectOneSentence(await start({ BLUEWIRE_DATA_DIR: newOwnFolder(), BLUEWIRE_PORT: '1' }))
    expect(sentence).toMatch(/^Port 1 may not be used by user \S+: .* BLUEWIRE_PORT=80\d\d npm start$/)
  })

  test('belongs to an address that is not of this machine', async () => {
    const sentence = expectOneSentence(await start({ BLUEWIRE_DATA_DIR: newOwnFolder(), BLUEWIRE_HOST: '192.0.2.1' }))
    expect(sentence).toMatch(
      /^BLUEWIRE_HOST is 192\.0\.2\.1, which is not an address of this machine\. .* BLUEWIRE_HOST=127\.0\.0\.1 npm start$/,
    )
  })
})

describe('the data folder', { timeout: STORY_MS }, () => {
  test('is in use: the second gateway names the process of the first', async () => {
    const first = await startQuickstart(newFolder())
    const env = { BLUEWIRE_DATA_DIR: first.dataDir, BLUEWIRE_PORT: String(await freePort()) }
    for (const program of [QUICKSTART, GATEWAY]) {
      const sentence = expectOneSentence(await run(['node', LAUNCHER, program], { env }))
      expect(sentence).toContain(
        `The data folder ${first.dataDir} is in use by another Bluewire gateway, process ${first.gatewayPid}.`,
      )
    }
    // The log is that of the gateway that runs: the refused ones left nothing in it.
    const entries = readFileSync(join(first.dataDir, 'gateway.log'), 'utf8').trimEnd().split('\n')
    for (const entry of entries) expect(entry).toMatch(/^\{/)
    expect(await isListening(first.port)).toBe(true)
    expect(lockHolder(first.dataDir, 'gateway')).toBe(first.gatewayPid)
  })

  test.for([QUICKSTART, GATEWAY])('belongs to root (%s)', async (program) => {
    const sentence = expectOneSentence(await start({ BLUEWIRE_DATA_DIR: '/usr/bluewire-data' }, program))
    expect(sentence).toMatch(
      /^\/usr may not be written by user \S+; it belongs to root\. Give it .*, or choose another folder: BLUEWIRE_DATA_DIR=~\/bluewire-data npm start$/,
    )
  })

  test('may not be written', async () => {
    const folder = newOwnFolder()
    chmodSync(folder, 0o555)
    const sentence = expectOneSentence(await start({ BLUEWIRE_DATA_DIR: folder }))
    expect(sentence).toContain(`${folder} may not be written by user`)
    expect(sentence).toContain('it belongs to that user, but its mode forbids it.')
  })

  test('was made by root, who ran it once', async ({ skip }) => {
    skip(!isRoot, 'only root can leave files of root behind')
    const folder = newFolder()
    const first = await startQuickstart(folder)
    await stop(first)
    chmodSync(folder, 0o777)
    const sentence = expectOneSentence(await start({ BLUEWIRE_DATA_DIR: folder }))
    expect(sentence).toMatch(/\/node\.log may not be written by user \S+; it belongs to root\. .*chown -R/)
    // The gateway alone writes no log file: it is the database that stops it.
    const [line] = (await start({ BLUEWIRE_DATA_DIR: folder }, GATEWAY)).stderr.split('\n')
    expect(line).toMatch(/may not be written by user \S+; it belongs to root\. .*chown -R/)
  })

  test.for([
    ['is a file', (folder: string) => join(folder, 'file')],
    ['is in a file', (folder: string) => join(folder, 'file/data')],
  ] as const)('%s', async ([, path]) => {
    const folder = newOwnFolder()
    writeFileSync(join(folder, 'file'), '')
    const sentence = expectOneSentence(await start({ BLUEWIRE_DATA_DIR: path(folder) }))
    expect(sentence).toBe(
      `BLUEWIRE_DATA_DIR is ${path(folder)}, but that is not a folder. Choose another one: BLUEWIRE_DATA_DIR=~/bluewire-data npm start`,
    )
  })
})

describe('a folder that cannot be', { timeout: STORY_MS }, () => {
  test.for([QUICKSTART, GATEWAY])('where the system makes none (%s)', async (program, { skip }) => {
    skip(process.platform !== 'linux', 'only Linux has /proc')
    const ran = await run(['node', LAUNCHER, program], { env: { BLUEWIRE_DATA_DIR: '/proc/x' } })
    expect(expectOneSentence(ran)).toBe(
      'BLUEWIRE_DATA_DIR is /proc/x, but the system makes no folder there. Choose another one: BLUEWIRE_DATA_DIR=~/bluewire-data npm start',
    )
  })
})

describe('the disk', { timeout: STORY_MS }, () => {
  const mounted: string[] = []
  afterEach(() => {
    for (const folder of mounted.splice(0)) execFileSync('umount', ['-l', folder])
  })

  /** A small file system; a reason when this machine allows none. */
  function mountSmallDisk(size: string): { folder: string } | { why: string } {
    if (process.platform !== 'linux' || !isRoot) return { why: 'a small file system is made by root on Linux' }
    const folder = newFolder()
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},uid=65534,gid=65534`, 'tmpfs', folder], {
        stdio: 'pipe',
      })
    } catch {
      return { why: 'this machine allows no mounts' }
    }
    mounted.push(folder)
    return { folder }
  }

  function fill(folder: string, leave = 0): void {
    const { bavail, bsize } = statfsSync(folder)
    writeFileSync(join(folder, 'filler'), Buffer.alloc(bavail * bsize - leave))
  }

  test.for([
    ['full', 0],
    ['too full for a database', 64 * 1024],
  ] as const)('is %s; with space again it starts', async ([, leave], { skip }) => {
    const disk = mountSmallDisk('96m')
    if ('why' in disk) return skip(disk.why)
    fill(disk.folder, leave)
    const env = {
      BLUEWIRE_DATA_DIR: join(disk.folder, 'data'),
      BLUEWIRE_DISK_ACCEPT_FREE: '1MiB',
      BLUEWIRE_DISK_DISPATCH_FREE: '1MiB',
    }
    for (const program of [QUICKSTART, GATEWAY]) {
      const sentence = expectOneSentence(await start(env, program))
      expect(sentence).toMatch(
        /^The disk that holds \S+ is full \(\S+ left\)\. Free some space, then start again; nothing that was stored is lost\.$/,
      )
    }
    rmSync(join(disk.folder, 'filler'))
    const command = new Command(['node', LAUNCHER, QUICKSTART], {
      env: { ...env, BLUEWIRE_PORT: String(await freePort()) },
      isUnprivileged: true,
    })
    await command.until(({ stdout }) => stdout.includes('Stop '))
    command.killGroup('SIGTERM')
    expect(await command.ended).toEqual({ code: 0, signal: null })
  })

  test('has less space than is kept free: it starts, and says that nothing is accepted', async ({ skip }) => {
    const disk = mountSmallDisk('96m')
    if ('why' in disk) return skip(disk.why)
    const story = await startQuickstart(join(disk.folder, 'data'))
    expect(story.command.stderr).toMatch(
      /^Nothing is accepted now: the disk that holds \S+ has \S+MiB left, and 256MiB are kept free .*\n$/,
    )
    await stop(story)
  })
})

describe('the database', { timeout: STORY_MS }, () => {
  /** A folder with a database in it that a gateway made; nobody may write it. */
  async function usedFolder(folder = newOwnFolder()): Promise<{ folder: string; database: string }> {
    const port = await freePort()
    const command = new Command(['node', LAUNCHER, GATEWAY], {
      env: { BLUEWIRE_DATA_DIR: folder, BLUEWIRE_PORT: String(port) },
      isUnprivileged: true,
    })
    await expect.poll(() => isListening(port), { timeout: 15_000, interval: 20 }).toBe(true)
    command.killGroup('SIGTERM')
    expect((await command.ended).code).toBe(0)
    return { folder, database: join(folder, 'bluewire.sqlite') }
  }

  function overwrite(path: string, from: number, to: number): void {
    const bytes = readFileSync(path)
    bytes.fill(0xa5, from, to)
    writeFileSync(path, bytes)
  }

  test.for([
    ['at its head', (path: string) => overwrite(path, 0, 100)],
    ['in its schema', (path: string) => overwrite(path, 100, 4096)],
    ['by being cut off', (path: string) => truncateSync(path, 5000)],
    ['by being something else', (path: string) => writeFileSync(path, 'hello '.repeat(1000))],
  ] as const)('is damaged %s', async ([, damage]) => {
    const { folder, database } = await usedFolder()
    damage(database)
    const before = readFileSync(database)
    for (const program of [QUICKSTART, GATEWAY]) {
      const sentence = expectOneSentence(await start({ BLUEWIRE_DATA_DIR: folder }, program))
      expect(sentence).toMatch(
        new RegExp(
          `^The database ${database} is damaged \\(.*\\); nothing was changed\\. Put a backup of it in its place, or move ${folder} away .*$`,
        ),
      )
    }
    expect(readFileSync(database).equals(before)).toBe(true)
  })

  test('is sound, but its lock is damaged; the advice works', async () => {
    const { folder } = await usedFolder()
    const lock = join(folder, 'gateway.lock')
    writeFileSync(lock, 'hello '.repeat(1000))
    expect(expectOneSentence(await start({ BLUEWIRE_DATA_DIR: folder }))).toBe(
      `The lock file ${lock} is damaged. Delete it, then start again; it holds nothing.`,
    )
    rmSync(lock)
    await usedFolder(folder)
  })

  test('is a folder', async () => {
    const folder = newOwnFolder()
    mkdirSync(join(folder, 'bluewire.sqlite'))
    for (const program of [QUICKSTART, GATEWAY]) {
      const sentence = expectOneSentence(await start({ BLUEWIRE_DATA_DIR: folder }, program))
      expect(sentence).toMatch(
        /bluewire\.sqlite is a folder, but the database is a file of that name; nothing was changed\. /,
      )
    }
  })

  test.for(['quickstart.json', 'node'])('was emptied, which %s beside it shows', async (sign) => {
    const { folder, database } = await usedFolder()
    writeFileSync(join(folder, sign), '')
    truncateSync(database, 0)
    for (const program of [QUICKSTART, GATEWAY]) {
      const sentence = expectOneSentence(await start({ BLUEWIRE_DATA_DIR: folder }, program))
      expect(sentence).toMatch(
        new RegExp(
          `^The database ${database} is empty, but ${folder} was in use before \\(${sign} is there\\): what was stored is gone\\. Put a backup `,
        ),
      )
    }
    expect(readFileSync(database)).toHaveLength(0)
  })

  test('is of a newer Bluewire', async () => {
    const { folder, database } = await usedFolder()
    const db = new DatabaseSync(database)
    db.exec("insert into migrations values (9001, '9001_from_the_future', 1, 0)")
    db.close()
    const sentence = expectOneSentence(await start({ BLUEWIRE_DATA_DIR: folder }))
    expect(sentence).toMatch(
      new RegExp(`^${database} cannot be used: The database was made by a newer Bluewire .*9001_from_the_future.*$`),
    )
  })
})

describe('the settings', { timeout: STORY_MS }, () => {
  test.for([QUICKSTART, GATEWAY])('hold an unknown name: the nearest is suggested (%s)', async (program) => {
    const ran = await start({ BLUEWIRE_DATA_DIR: newOwnFolder(), BLUEWIRE_LINE_RATES: '2' }, program)
    expect(expectOneSentence(ran, EXIT_BAD_CONFIGURATION)).toBe(
      'BLUEWIRE_LINE_RATES is not a setting. Did you mean BLUEWIRE_LINE_RATE?',
    )
  })

  test('hold a value out of range', async () => {
    const ran = await start({ BLUEWIRE_DATA_DIR: newOwnFolder(), BLUEWIRE_PORT: '70000' })
    expect(expectOneSentence(ran, EXIT_BAD_CONFIGURATION)).toBe(
      'BLUEWIRE_PORT is "70000", but it must be a whole number from 0 to 65535.',
    )
  })

  test('are all named at once, and nothing is made before', async () => {
    const dataDir = join(newOwnFolder(), 'data')
    mkdirSync(join(dataDir, '..', 'other'))
    const ran = await start({
      BLUEWIRE_DATA_DIR: dataDir,
      BLUEWIRE_SEND_WAIT: 'soon',
      BLUEWIRE_LINE_BURST: '0',
      BLUEWIRE_PUBLIC_URL: 'ftp://x',
    })
    expect(ran.code).toBe(EXIT_BAD_CONFIGURATION)
    expect(ran.stdout).toBe('')
    expect(ran.stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^BLUEWIRE_PUBLIC_URL is "ftp:\/\/x", but it must be an address like /),
      expect.stringMatching(/^BLUEWIRE_SEND_WAIT is "soon", but it must be a duration from 0s to 5m, /),
      'BLUEWIRE_LINE_BURST is "0", but it must be a whole number from 1 to 1000.',
    ])
    expect(existsSync(dataDir)).toBe(false)
  })
})
