/** Files that are sent: which of them Messages can read, and what it knows of their transfers (MACOS 1.6). */
import { createHash } from 'node:crypto'
import { readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, extname, join, relative } from 'node:path'
import { macPaths } from '../mac-folder.ts'

export type SentFile = Readonly<{
  path: string
  name: string
  /** As `attachment.filename` has it. */
  filename: string
  bytes: number
  mime: string | null
  uti: string
}>

/** Messages is in a sandbox; these are the places of a home that it can read. */
const READABLE = ['Library/Messages', 'Pictures', 'Downloads', 'Documents']

const TYPES: Readonly<Record<string, readonly [mime: string, uti: string]>> = {
  '.gif': ['image/gif', 'com.compuserve.gif'],
  '.heic': ['image/heic', 'public.heic'],
  '.jpeg': ['image/jpeg', 'public.jpeg'],
  '.jpg': ['image/jpeg', 'public.jpeg'],
  '.mov': ['video/quicktime', 'com.apple.quicktime-movie'],
  '.mp4': ['video/mp4', 'public.mpeg-4'],
  '.pdf': ['application/pdf', 'com.adobe.pdf'],
  '.png': ['image/png', 'public.png'],
  '.txt': ['text/plain', 'public.plain-text'],
  '.vcf': ['text/vcard', 'public.vcard'],
}

export function describeFile(folder: string, path: string): SentFile {
  const { home } = macPaths(folder)
  const [mime, uti] = TYPES[extname(path).toLowerCase()] ?? [null, 'public.data']
  return {
    path,
    name: basename(path),
    filename: isInside(path, home) ? `~/${relative(home, path)}` : path,
    bytes: statSync(path, { throwIfNoEntry: false })?.size ?? 0,
    mime,
    uti,
  }
}

/** A link that leads out of these places does not help. */
export function isReadable(folder: string, path: string): boolean {
  try {
    const home = realpathSync(macPaths(folder).home)
    const real = realpathSync(path)
    return statSync(real).isFile() && READABLE.some((place) => isInside(real, join(home, place)))
  } catch {
    return false
  }
}

export function contentOf(path: string): { bytes: number; sha256: string } {
  const content = readFileSync(path)
  return { bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') }
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return way !== '' && !way.startsWith('..')
}
