/**
 * The text of a row.
 * Proves: which of the two columns is believed; that what Messages may change on the way does not tell a sent text from its row, and
 * that other changes do.
 */
import { writeAttributedBody } from '@bluewire/testkit/fake-mac/write-attributed-body'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bodyText, normalizedBody } from './body-text.ts'

const body = writeAttributedBody({ text: 'body' })
const broken = Buffer.from('broken')
const attachmentOnly = writeAttributedBody({ text: '\uFFFC', attachments: [{ at: 0, guid: 'at_0_1' }] })

describe('the text of a row', () => {
  it.each([
    ['its text column', { text: 'column', attributedBody: body, isEdited: false }, 'column'],
    ['its body where the column is null', { text: null, attributedBody: body, isEdited: false }, 'body'],
    ['its body where the column is empty', { text: '', attributedBody: body, isEdited: false }, 'body'],
    ['its body after an edit', { text: 'column', attributedBody: body, isEdited: true }, 'body'],
    ['its column after an edit without a body', { text: 'column', attributedBody: null, isEdited: true }, 'column'],
    [
      'its column after an edit with a broken body',
      { text: 'column', attributedBody: broken, isEdited: true },
      'column',
    ],
    ['not known where its body is broken', { text: null, attributedBody: broken, isEdited: false }, null],
    ['empty where there is neither', { text: null, attributedBody: null, isEdited: false }, ''],
    ['empty where its body has no bytes', { text: null, attributedBody: Buffer.alloc(0), isEdited: false }, ''],
    ['empty where there is only a file', { text: null, attributedBody: attachmentOnly, isEdited: false }, ''],
    ['without the places of files', { text: '\uFFFCsee \uFFFC\n', attributedBody: null, isEdited: false }, 'see \n'],
  ])('is %s', (_, row, text) => {
    expect(bodyText(row)).toBe(text)
  })
})

describe('the form for comparing', () => {
  it.each([
    ['round quotes', `"It's" 'so'`, '“It’s” ‘so’'],
    ['quotes of other languages', '"a" "b"', '„a“ «b»'],
    ['long dashes', 'a -- b - c', 'a — b – c'],
    ['a minus', '-1', '\u22121'],
    ['composed letters', 'Ünï', 'U\u0308ni\u0308'],
    ['variation selectors', '❤ ☎', '❤\uFE0F ☎\uFE0E'],
    ['line ends', 'a\nb\nc\nd', 'a\r\nb\rc\u2028d'],
    ['space around', 'a b', '\n a b\u00a0\t'],
    ['the place of a file', 'photo', '\uFFFCphoto'],
    ['half of a character', 'a\ufffdb', 'a\ud83db'],
  ])('is the same for %s', (_, sent, row) => {
    expect(normalizedBody(row)).toBe(normalizedBody(sent))
  })

  it.each([
    ['case', 'Yes', 'yes'],
    ['a word', 'see you', 'see you then'],
    ['space within', 'a b', 'ab'],
    ['punctuation', 'really?', 'really!'],
    ['scripts that have no letters of ours', 'да', 'нет'],
    ['skin', '👍', '👍🏽'],
    ['joined emoji', '👩‍👧', '👩👧'],
    ['a sign', '-1', '1'],
  ])('is another with another %s', (_, one, other) => {
    expect(normalizedBody(one)).not.toBe(normalizedBody(other))
  })

  it('has itself for its form, whatever the text', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: fc.constantFrom(...'-–"“\'’\r\n\u2028 e\u0301\uFE0F\uFFFC') }),
    )
    fc.assert(
      fc.property(text, (given) => {
        expect(normalizedBody(normalizedBody(given))).toBe(normalizedBody(given))
      }),
      { numRuns: 1000 },
    )
  })
})
