'use strict'
/**
 * `node scripts/launch.cjs <file.ts> [arguments]` runs a TypeScript file on Node.js 24, whichever Node.js from 18 on runs this.
 * Plain JavaScript without dependencies: it is the first thing that runs, before anything is known to work.
 *
 * The child holds one end of a pipe (its number is in BLUEWIRE_LIFELINE_FD): when this process dies, however, the child knows.
 */
const { spawn } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

const MAJOR_NEEDED = 24
const LIFELINE_FD = 3
const PARENT_CHECK_MS = 1000
const ROOT = path.join(__dirname, '..')
/** Compiled code of the start before: about a third of the time to start. Where it cannot be written, Node.js goes without. */
const COMPILE_CACHE = path.join(ROOT, 'node_modules', '.cache', 'bluewire')
const WHERE_TO_GET_IT = `Get Node.js ${MAJOR_NEEDED} from https://nodejs.org/en/download and run the command again.`

/** Ends this process with one sentence. */
function refuse(sentence) {
  process.stderr.write(`${sentence}\n`)
  process.exit(1)
}

/** The Node.js 24 that came with the dependencies, or undefined. */
function installedNode() {
  const binary = path.join(ROOT, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node')
  if (!fs.existsSync(binary)) return undefined
  try {
    fs.accessSync(binary, fs.constants.X_OK)
  } catch {
    try {
      fs.chmodSync(binary, 0o755)
    } catch {
      refuse(
        `${binary} is not executable and its mode cannot be changed by this user. Run as its owner: chmod 755 ${binary}`,
      )
    }
  }
  return binary
}

/** The program to run the file with. */
function findNode() {
  if (!fs.existsSync(path.join(ROOT, 'node_modules'))) {
    return refuse(`The dependencies of Bluewire are not installed. Run npm ci in ${ROOT} first.`)
  }
  if (Number.parseInt(process.versions.node, 10) >= MAJOR_NEEDED) return process.execPath
  const installed = installedNode()
  if (installed !== undefined) return installed
  return refuse(
    `Bluewire needs Node.js ${MAJOR_NEEDED}; this is ${process.versions.node}, and the package node-${process.platform}-${process.arch} that brings it ` +
      `is not installed (npm leaves it out with --omit=optional, and there is none for some systems). ${WHERE_TO_GET_IT}`,
  )
}

/** npm may be killed without telling us. What it started then belongs to another parent. */
function watchNpm(gone) {
  if (process.env.npm_lifecycle_event === undefined) return
  const parent = process.ppid
  setInterval(() => {
    if (process.ppid !== parent) gone()
  }, PARENT_CHECK_MS).unref()
}

function launch(file, args) {
  const node = findNode()
  const child = spawn(node, [path.resolve(ROOT, file), ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env, BLUEWIRE_LIFELINE_FD: String(LIFELINE_FD) },
  })
  child.on('error', (error) => {
    refuse(
      `Node.js ${MAJOR_NEEDED} was found at ${node} but does not run on this system (${error.code || error.message}). ${WHERE_TO_GET_IT}`,
    )
  })
  child.on('exit', (code, signal) => process.exit(signal === null ? code : 128 + os.constants.signals[signal]))
  // A child that ends while we wait closes the pipe; that is no error of ours.
  child.stdio[LIFELINE_FD].on('error', () => undefined)

  // Ctrl-C reaches the child too: it must stand a second signal.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  watchNpm(() => child.kill('SIGTERM'))
}

const [file, ...args] = process.argv.slice(2)
if (file === undefined) refuse('Usage: node scripts/launch.cjs <file.ts> [arguments]')
launch(file, args)
