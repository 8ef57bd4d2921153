/** Loaded with `--import` before a simulator run: applies one mutant's edits to the sources as they are read. */
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { MUTANTS } from './mutants.ts'

const PACKAGES = join(import.meta.dirname, '..', '..', '..')

/** @throws when an edit's text is not in its file exactly once: the list is out of date. */
export function mutated(source: string, edit: { file: string; find: string; replace: string }): string {
  const parts = source.split(edit.find)
  if (parts.length !== 2) throw new Error(`${edit.file} holds ${parts.length - 1} times: ${edit.find}`)
  return parts.join(edit.replace)
}

export function mutatedFiles(name: string): Map<string, string> {
  const mutant = MUTANTS.find((m) => m.name === name)
  if (mutant === undefined) throw new Error(`no such mutant: ${name}`)
  const files = new Map<string, string>()
  for (const edit of mutant.edits) {
    const path = join(PACKAGES, edit.file)
    files.set(path, mutated(files.get(path) ?? readFileSync(path, 'utf8'), edit))
  }
  return files
}

const chosen = process.env['BLUEWIRE_MUTANT']
if (chosen !== undefined) {
  const sources = new Map([...mutatedFiles(chosen)].map(([path, source]) => [pathToFileURL(path).href, source]))
  registerHooks({
    load(url, context, next) {
      const source = sources.get(url)
      return source === undefined ? next(url, context) : { format: 'module-typescript', shortCircuit: true, source }
    },
  })
}
