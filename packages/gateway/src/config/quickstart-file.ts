/** What a program needs to use the quick start: written last, whole or not at all, for its owner only. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeFileAtomically } from '@bluewire/platform/atomic-file'

export type QuickstartFile = Readonly<{
  url: string
  token: string
  /** The id of the node. */
  node: string
  /** The address of the line. */
  line: string
}>

export function quickstartPath(dataDir: string): string {
  return join(dataDir, 'quickstart.json')
}

/** Undefined: there is none, or it is not one. */
export function readQuickstartFile(dataDir: string): QuickstartFile | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(quickstartPath(dataDir), 'utf8'))
    return isQuickstartFile(value) ? value : undefined
  } catch (error) {
    if (error instanceof SyntaxError || (error instanceof Error && 'code' in error && error.code === 'ENOENT'))
      return undefined
    throw error
  }
}

export function writeQuickstartFile(dataDir: string, content: QuickstartFile): void {
  writeFileAtomically(quickstartPath(dataDir), `${JSON.stringify(content, null, 2)}\n`)
}

function isQuickstartFile(value: unknown): value is QuickstartFile {
  if (typeof value !== 'object' || value === null) return false
  const file = value as Record<string, unknown>
  return ['url', 'token', 'node', 'line'].every((key) => typeof file[key] === 'string')
}
