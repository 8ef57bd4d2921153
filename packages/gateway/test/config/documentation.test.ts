/**
 * docs/configuration.md.
 * Proves: its table is the one that the code obeys, setting by setting, with default, range and description; and no setting is read anywhere
 * that is not in it. After a change of the settings, `UPDATE_DOCS=1 npm test -- tests packages/gateway/test/config` writes the table anew.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SETTINGS } from '../../src/config/settings.ts'
import { settingsTable } from './settings-table.ts'

const PAGE = join(import.meta.dirname, '../../../../docs/configuration.md')
const TABLE = /(?<=<!-- settings -->\n\n)[^]*?(?=\n\n<!-- \/settings -->)/

test('the table is the one that the code obeys', () => {
  const page = readFileSync(PAGE, 'utf8')
  if (process.env['UPDATE_DOCS'] !== undefined) {
    writeFileSync(PAGE, page.replace(TABLE, settingsTable))
  } else {
    expect(tableCells(TABLE.exec(page)?.[0] ?? '')).toEqual(tableCells(settingsTable()))
  }
})

test('every setting that the page names exists', () => {
  const named = readFileSync(PAGE, 'utf8').match(/BLUEWIRE_[A-Z_]+/g) ?? []
  const known: readonly string[] = SETTINGS.map((setting) => setting.name)
  expect(named.filter((name) => !known.includes(name))).toEqual([])
})

/** The formatter pads cells. */
function tableCells(table: string): string[][] {
  return table.split('\n').map((row) =>
    row
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim())
      .filter((cell) => !/^-+$/.test(cell)),
  )
}
