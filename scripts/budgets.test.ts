/**
 * Budgets and promises about the files themselves.
 * Proves: no file outgrows its limit; types tell the truth; no test is skipped, focused, left to do, or waits for time to pass; a rule
 * that is switched off says why; nothing names a machine that only its author has; licences are stated.
 * World: the files of this work tree, but for what is installed or written by running it.
 */
import { globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { ROOT } from './steps.ts'

const LINES_MAX = 500
const NOT_OURS = /(^|\/)(node_modules|coverage|\.git)(\/|$)|^data(\/|$)/
const BINARY = /\.(png|jpe?g|gif|ico|woff2?|db|zip|gz)$/

const files = globSync('**/*', { cwd: ROOT, exclude: (path) => NOT_OURS.test(path) })
  .concat(globSync('{.ci/*,.*.{json,cjs}}', { cwd: ROOT }))
  .filter((path) => !BINARY.test(path) && statSync(join(ROOT, path)).isFile())
const sources = files.filter((path) => path.endsWith('.ts') || path.endsWith('.cjs'))
const isTest = (path: string) => path.endsWith('.test.ts') || /^packages\/[^/]+\/test\//.test(path)

const textOf = (path: string) => readFileSync(join(ROOT, path), 'utf8')

/** `file:line: text` of each line that matches, as in an error message. */
function linesMatching(paths: readonly string[], pattern: RegExp): string[] {
  return paths.flatMap((path) =>
    textOf(path)
      .split('\n')
      .flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}: ${line.trim().slice(0, 120)}`] : [])),
  )
}

/** Where a file says `any`, as a type and not as a word. */
function anysIn(path: string): string[] {
  const file = ts.createSourceFile(path, textOf(path), ts.ScriptTarget.Latest)
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (node.kind === ts.SyntaxKind.AnyKeyword) {
      found.push(`${path}:${file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1}`)
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

describe('sources', () => {
  it('were found', () => {
    expect(sources).toContain('scripts/budgets.test.ts')
    expect(files).toContain('.dependency-cruiser.cjs')
  })

  it(`have at most ${LINES_MAX} lines that are not blank`, () => {
    const linesOf = (path: string) =>
      textOf(path)
        .split('\n')
        .filter((line) => line.trim() !== '').length
    expect(
      sources.map((path) => `${path}: ${linesOf(path)}`).filter((s) => Number(s.split(': ')[1]) > LINES_MAX),
    ).toEqual([])
  })

  it('have no `any` outside tests, and no suppressed type error without a reason', () => {
    const product = sources.filter((path) => !isTest(path))
    expect(product.flatMap(anysIn)).toEqual([])
    expect(linesMatching(product, /@ts-(ignore|nocheck)/)).toEqual([])
    expect(linesMatching(sources, /@ts-expect-error\s*$/)).toEqual([])
  })

  it('say why a rule is switched off, on the same line', () => {
    expect(linesMatching(sources, /eslint-disable(?!.* -- \S+ \S+)/)).toEqual([])
    expect(linesMatching(['eslint.config.js'], /'off'(?!.*\/\/ \S+ \S+)/)).toEqual([])
  })
})

describe('tests', () => {
  const tests = sources.filter((path) => isTest(path) && path !== 'scripts/budgets.test.ts')

  it('all run: what cannot run here asks its context to skip it, with the reason', () => {
    const notRun = /\b(it|test|describe|suite)(\.\w+)*\.(only|skip|skipIf|runIf|todo|fails)\b/
    expect(linesMatching(tests, notRun)).toEqual([])
  })

  it('wait for what happens, never for time to pass', () => {
    const sleep = /\bsleep\(|new Promise.*\bsetTimeout\b|\bsetTimeout\b.*timers\/promises/
    expect(linesMatching(tests, sleep)).toEqual([])
  })
})

describe('the project', () => {
  it('names no folder of one machine and no registry', () => {
    expect(linesMatching(files, /(^|[\s'"`(=:])\/(work|root|home\/\w+)\//)).toEqual([])
    expect(linesMatching(files, /\bregistry\.[\w-]+\.(org|com|net|io)\b|\b(deb|ftp)\.debian\.org\b/)).toEqual([])
  })

  it('records no download address in the lockfile', () => {
    expect(linesMatching(['package-lock.json'], /"resolved": "\w+:/)).toEqual([])
  })

  it('states its licence, in every package', () => {
    expect(textOf('LICENSE')).toContain('Apache License')
    const packages = globSync('{.,packages/*}/package.json', { cwd: ROOT })
    expect(packages.length).toBeGreaterThan(1)
    const unlicensed = packages.filter(
      (path) => (JSON.parse(textOf(path)) as { license?: string }).license !== 'Apache-2.0',
    )
    expect(unlicensed).toEqual([])
  })
})
