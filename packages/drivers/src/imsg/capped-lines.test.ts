/**
 * Bytes into lines.
 * Proves: lines are whole whatever the chunks are; a line that is too long is told once and skipped to its end; no more than the limit is kept.
 * World: none.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CappedLines } from './capped-lines.ts'

function linesOf(chunks: readonly string[], bytesMax = 1_000): string[] {
  const lines = new CappedLines(bytesMax)
  return chunks
    .flatMap((chunk) => lines.push(Buffer.from(chunk)))
    .map((line) => (line.kind === 'line' ? line.text : '<too long>'))
}

describe('lines', () => {
  it('are whole, whatever the chunks are', () => {
    const parts = fc.array(fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => text.replaceAll('\n', '')))
    fc.assert(
      fc.property(parts, fc.infiniteStream(fc.integer({ min: 1, max: 7 })), (texts, sizes) => {
        const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''))
        const lines = new CappedLines(1_000)
        const seen: string[] = []
        for (let at = 0; at < bytes.length;) {
          const size = Number(sizes.next().value)
          for (const line of lines.push(bytes.subarray(at, at + size)))
            seen.push(line.kind === 'line' ? line.text : '?')
          at += size
        }
        expect(seen).toEqual(texts)
      }),
    )
  })

  it('that are too long are told once, and those after them are read', () => {
    expect(linesOf(['short\n', 'x'.repeat(11), 'x'.repeat(50), '\nnext\n'], 10)).toEqual([
      'short',
      '<too long>',
      'next',
    ])
    expect(linesOf([`${'x'.repeat(11)}\n${'y'.repeat(10)}\n`], 10)).toEqual(['<too long>', 'y'.repeat(10)])
  })

  it('without an end are not told', () => {
    expect(linesOf(['no end'])).toEqual([])
    expect(linesOf(['', '\n', 'a\r\n'])).toEqual(['', 'a\r'])
  })
})
