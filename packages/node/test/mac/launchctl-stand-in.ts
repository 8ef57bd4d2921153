/**
 * launchd and launchctl in small, for one user session: jobs are real processes, kept alive, with their output appended to their files.
 * Started by `SmallMac` as a program named launchctl. `SMALL_MAC` is its folder, `SMALL_MAC_OWNER` the process it must not outlive.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = join(process.env['SMALL_MAC'] ?? '', 'launchd')
const OWNER = Number(process.env['SMALL_MAC_OWNER'])
/** For the ten seconds of ThrottleInterval. */
const THROTTLE_MS = 100

type Plist = { [key: string]: string | number | boolean | string[] | Record<string, string> }

const [verb, ...args] = process.argv.slice(2)
mkdirSync(FOLDER, { recursive: true })
if (verb === 'managername') console.log(kept('session') ?? 'Aqua')
else if (verb === 'bootstrap') bootstrap(args)
else if (verb === 'bootout') await bootout(args)
else if (verb === 'kickstart') kickstart(args)
else if (verb === 'print') print(args)
else if (verb === 'supervise') supervise(args)
else end(64, `Unrecognized subcommand: ${verb ?? ''}`)

function bootstrap([domain, path]: string[]): void {
  if (domain !== `gui/${process.getuid?.() ?? ''}`)
    return end(125, 'Bootstrap failed: 125: Domain does not support specified action')
  if (path === undefined || !existsSync(path)) return end(2, `${path ?? ''}: No such file or directory`)
  const label = textOf(readPlist(path)['Label'])
  if (kept(`${label}.supervisor`) !== null) return end(5, 'Bootstrap failed: 5: Input/output error')
  const child = spawn(process.execPath, [import.meta.filename, 'supervise', path], { detached: true, stdio: 'ignore' })
  keep(`${label}.supervisor`, String(child.pid))
  keep(`${label}.path`, path)
  child.unref()
}

async function bootout([target = '']: string[]): Promise<void> {
  const label = labelOf(target)
  const pid = kept(`${label}.supervisor`)
  if (pid === null) return end(3, 'Boot-out failed: 3: No such process')
  process.kill(Number(pid), 'SIGTERM')
  while (isAlive(Number(pid))) await new Promise((resolve) => setImmediate(resolve))
}

function kickstart(words: string[]): void {
  const label = labelOf(words.at(-1) ?? '')
  const supervisor = kept(`${label}.supervisor`)
  if (supervisor === null) return end(113, 'Could not find service')
  const child = kept(`${label}.child`)
  if (words[0] === '-k' && child !== null) process.kill(Number(child), 'SIGKILL')
  process.kill(Number(supervisor), 'SIGUSR2')
}

function print([target = '']: string[]): void {
  const label = labelOf(target)
  if (kept(`${label}.supervisor`) === null) return end(113, `Could not find service "${label}" in domain for user gui`)
  const child = kept(`${label}.child`)
  console.log(`${target} = {
	active count = ${child === null ? 0 : 1}
	path = ${kept(`${label}.path`) ?? ''}
	type = LaunchAgent
	state = ${child === null ? 'not running' : 'running'}
${child === null ? '' : `	pid = ${child}\n`}	last exit code = ${kept(`${label}.exit`) ?? '(never exited)'}
}`)
}

function supervise([path = '']: string[]): void {
  const plist = readPlist(path)
  const label = textOf(plist['Label'])
  const [program = '', ...words] = plist['ProgramArguments'] as string[]
  let child: ReturnType<typeof spawn> | null = null
  let isLeaving = false
  let again: NodeJS.Timeout | undefined
  const start = () => {
    clearTimeout(again)
    if (child || isLeaving) return
    child = spawn(program, words, {
      cwd: textOf(plist['WorkingDirectory']),
      env: plist['EnvironmentVariables'] as Record<string, string>,
      stdio: [
        'ignore',
        openSync(textOf(plist['StandardOutPath']), 'a'),
        openSync(textOf(plist['StandardErrorPath']), 'a'),
      ],
    })
    keep(`${label}.child`, String(child.pid))
    child.once('exit', (code) => {
      child = null
      rmSync(join(FOLDER, `${label}.child`), { force: true })
      keep(`${label}.exit`, String(code))
      if (isLeaving) return gone()
      if (plist['KeepAlive'] === true) again = setTimeout(start, THROTTLE_MS)
    })
  }
  const gone = () => {
    for (const name of ['supervisor', 'child', 'path', 'exit'])
      rmSync(join(FOLDER, `${label}.${name}`), { force: true })
    process.exit(0)
  }
  const leave = (signal: NodeJS.Signals) => {
    isLeaving = true
    if (child) child.kill(signal)
    else gone()
  }
  process.on('SIGTERM', () => leave('SIGTERM'))
  process.on('SIGUSR2', start)
  setInterval(() => isAlive(OWNER) || leave('SIGKILL'), 500)
  if (plist['RunAtLoad'] === true) start()
}

function labelOf(target: string): string {
  const [domain, uid, label] = target.split('/')
  if (domain !== 'gui' || uid !== String(process.getuid?.()) || label === undefined)
    end(64, `Unrecognized target specifier: ${target}`)
  return label ?? ''
}

function readPlist(path: string): Plist {
  const text = readFileSync(path, 'utf8')
  const tokens = [...text.replace(/^[\s\S]*?<plist[^>]*>/, '').matchAll(/<(\/?[a-z]+)(\/?)>([^<]*)/g)]
  let at = 0
  const value = (): Plist[string] => {
    const [, tag, , content = ''] = tokens[at++] ?? []
    if (tag === 'true' || tag === 'false') return tag === 'true'
    if (tag === 'string' || tag === 'key' || tag === 'integer') {
      at++ // its end
      const plain = content
        .replaceAll('&lt;', '<')
        .replaceAll('&gt;', '>')
        .replaceAll('&quot;', '"')
        .replaceAll('&apos;', "'")
        .replaceAll('&amp;', '&')
      return tag === 'integer' ? Number(plain) : plain
    }
    const list: Plist[string][] = []
    while (tokens[at]?.[1] !== `/${tag ?? ''}`) list.push(value())
    at++
    if (tag === 'array') return list as string[]
    const pairs = list.flatMap((key, i) => (i % 2 === 0 ? [[textOf(key), list[i + 1]] as const] : []))
    return Object.fromEntries(pairs) as Record<string, string>
  }
  return value() as Plist
}

function textOf(value: Plist[string] | undefined): string {
  return typeof value === 'string' ? value : ''
}

function kept(name: string): string | null {
  const path = join(FOLDER, name)
  return existsSync(path) ? readFileSync(path, 'utf8') : null
}

function keep(name: string, content: string): void {
  writeFileSync(join(FOLDER, name), content)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function end(code: number, sentence: string): void {
  console.error(sentence)
  process.exit(code)
}
