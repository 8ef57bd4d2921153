/** The bundles of the gateway on this Mac: fetched whole and checked, or not at all; one of them in use. install.sh makes the same layout. */
import { createHash } from 'node:crypto'
import { closeSync, createReadStream, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { readdirSync, renameSync, rmSync, symlinkSync, writeSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { makeFolder } from '@bluewire/platform/make-folder'
import { runTool } from '@bluewire/platform/run-tool'
import type { NodeConfig } from '../node-config.ts'
import { BUNDLE_NAME, bundleHash, isSha256, realPath, versionPaths } from './agent-paths.ts'
import { getFromGateway } from './gateway-get.ts'
import { MacError } from './mac-host.ts'
import type { MacHost } from './mac-host.ts'

const FETCH_MS = 5 * 60_000
const BYTES_MAX = 64 * 1024 ** 2
const SENTENCE_MAX = 500
const STARTS_WITHIN_MS = 30_000

/** The hash of the bundle in use; null when there is none. */
export function currentBundle(home: string): string | null {
  return bundleHash(versionPaths(home).program, home)
}

export function bundlePath(sha256: string, home: string): string {
  return join(versionPaths(home).versions, sha256, BUNDLE_NAME)
}

/**
 * Puts the bundle of that hash there, from the node's own gateway and from nowhere else.
 * @throws MacError when it is not what was asked for, AddressError, or what the system says
 */
export async function placeBundle(sha256: string, config: NodeConfig, home: string): Promise<void> {
  const { root, versions } = versionPaths(home)
  const path = bundlePath(sha256, home)
  if (existsSync(path) && (await hashOf(path)) === sha256) return
  makeFolder(versions)
  const draft = join(root, `.draft-${process.pid}`)
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft, { mode: 0o700 })
  try {
    const got = await fetchInto(join(draft, BUNDLE_NAME), sha256, config)
    if (got !== sha256) {
      throw new MacError(
        `What came from ${config.url} is not what was asked for: its SHA-256 is ${got}. It was not run, and is removed. Somebody on the way may have changed it.`,
      )
    }
    rmSync(join(versions, sha256), { recursive: true, force: true })
    renameSync(draft, join(versions, sha256))
    syncFolder(versions)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

/** A bundle that does not even say its version need not be tried. @throws MacError */
export async function proveStarts(sha256: string, { node, home }: MacHost): Promise<string> {
  const asked = await runTool(node, [bundlePath(sha256, home), '--version'], { timeoutMs: STARTS_WITHIN_MS })
  if (asked.kind === 'ended' && asked.code === 0) return asked.stdout.trim().split('\n')[0] ?? ''
  throw new MacError(
    `The new version does not start with Node.js ${process.versions.node} (${node}). Nothing was changed.`,
  )
}

/** From one moment to the next: a start finds the old one or the new one. */
export function useBundle(sha256: string, home: string): void {
  const { root, current } = versionPaths(home)
  const draft = join(root, `.draft-link-${process.pid}`)
  rmSync(draft, { force: true })
  symlinkSync(join('versions', sha256), draft)
  renameSync(draft, current)
  syncFolder(root)
}

/** What is neither in use nor the one before is removed. */
export function forgetBundles(keep: readonly string[], home: string): void {
  const { versions } = versionPaths(home)
  for (const name of readdirSync(versions)) {
    if (isSha256(name) && !keep.includes(name)) rmSync(join(versions, name), { recursive: true, force: true })
  }
}

export function isRunning(sha256: string, script: string, home: string): boolean {
  return realPath(script) === realPath(bundlePath(sha256, home))
}

/** Returns the hash of what came. */
async function fetchInto(path: string, sha256: string, { url, insecure }: NodeConfig): Promise<string> {
  const from = new URL(`${url}/node/bluewire-node-${sha256}.mjs`)
  const answer = await getFromGateway(from, { insecure, timeoutMs: FETCH_MS })
  if (answer.statusCode !== 200)
    throw new MacError(
      `The gateway did not give that version (${answer.statusCode ?? '?'}): ${await sentenceOf(answer)}`,
    )
  const hash = createHash('sha256')
  const file = openSync(path, 'wx', 0o600)
  try {
    let bytes = 0
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > BYTES_MAX)
        throw new MacError(
          `What comes from ${url} is larger than ${BYTES_MAX / 1024 ** 2} MiB. It was not run, and is removed.`,
        )
      hash.update(chunk)
      writeSync(file, chunk)
    }
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  return hash.digest('hex')
}

async function sentenceOf(answer: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    text += chunk.toString()
    if (text.length > SENTENCE_MAX * 4) break
  }
  const message = /"message":\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1]
  return message === undefined ? 'its answer is not that of a Bluewire gateway.' : message.slice(0, SENTENCE_MAX)
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hash.update(chunk)
  return hash.digest('hex')
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
