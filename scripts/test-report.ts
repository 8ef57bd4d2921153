/**
 * A vitest reporter: writes one line of JSON for each test and for each error outside of tests to the file named by TEST_REPORT_FILE.
 * Vitest's own JSON report leaves out why a test was skipped, and errors that nobody caught.
 */
import { writeFileSync } from 'node:fs'
import type { Reporter, SerializedError, TestModule } from 'vitest/node'
import type { ReportLine } from './tally.ts'

export default class TestReport implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], uncaught: readonly SerializedError[]): void {
    const path = process.env['TEST_REPORT_FILE']
    if (path === undefined) return
    const lines = [
      ...modules.flatMap(linesOf),
      ...uncaught.map(() => ({ state: 'failed', test: 'error outside of tests' }) as const),
    ]
    writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  }
}

function linesOf(file: TestModule): ReportLine[] {
  const tests = [...file.children.allTests()].map((test): ReportLine => {
    const result = test.result()
    if (result.state !== 'skipped')
      return { test: test.fullName, state: result.state === 'passed' ? 'passed' : 'failed' }
    return { test: test.fullName, state: 'skipped', why: result.note }
  })
  // A file that cannot be loaded, or whose hooks fail, fails by itself.
  const failsItself = file.state() === 'failed' && tests.every(({ state }) => state !== 'failed')
  return failsItself ? [...tests, { test: file.relativeModuleId, state: 'failed' }] : tests
}
