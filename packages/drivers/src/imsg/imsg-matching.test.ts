/**
 * Which rows can be a message.
 * Proves: only rows of ours, after the mark, in the right chat and with the same text or file; what Messages writes in its own way is the
 * same text, and what is not is not.
 * World: none.
 */
import { describe, expect, it } from 'vitest'
import { messageAnswer } from './imsg-answers.ts'
import { isTo, matching, sameText } from './imsg-matching.ts'

const TO = '+14155552671'

function row(more: object = {}) {
  const usual = { id: 11, guid: 'A', is_from_me: true, text: 'Hello.', chat_guid: `iMessage;-;${TO}` }
  return messageAnswer.parse({ ...usual, ...more })
}

describe('a row', () => {
  const wanted = { to: TO, mark: 10, content: { kind: 'text', text: 'Hello.' } } as const
  const isMatch = (more: object) => matching([row(more)], wanted).length === 1

  it.each([
    ['that is it', {}, true],
    ['at the mark', { id: 10 }, false],
    ['of somebody else', { is_from_me: false }, false],
    ['that is a reaction', { is_reaction: true }, false],
    ['with another text', { text: 'Hello' }, false],
    ['to another', { chat_guid: 'iMessage;-;+14155550000' }, false],
    ['in a group with the same person', { chat_guid: 'iMessage;+;chat1', participants: [TO] }, false],
    ['in the same chat under its new name', { chat_guid: `any;-;${TO}` }, true],
    ['in a chat of the other service', { chat_guid: `SMS;-;${TO}` }, true],
    ['whose chat is known by its identifier', { chat_guid: '', chat_identifier: '+1 415 555 2671' }, true],
    ['whose chat is known by its participant', { chat_guid: '', participants: [TO] }, true],
    ['of a ghost', { chat_guid: '', text: '' }, false],
  ])('%s', (_what, more, is) => {
    expect(isMatch(more)).toBe(is)
  })

  it('is after the mark, and not after the next one', () => {
    const rows = [9, 12, 11, 14].map((id) => row({ id, guid: String(id) }))
    expect(matching(rows, { ...wanted, until: 12 }).map(({ id }) => id)).toEqual([11, 12])
  })

  it('with a file has it under our name, however it was staged', () => {
    const file = (name: string) => ({ to: TO, mark: 10, content: { kind: 'file', name } }) as const
    const staged = row({ attachments: [{ filename: '~/Library/x/2C-plan.pdf', transfer_name: 'plan.pdf' }] })
    expect(matching([staged], file('plan.pdf'))).toHaveLength(1)
    expect(matching([staged], file('an.pdf'))).toHaveLength(0)
    const renamed = row({ attachments: [{ filename: 'x/2C-plan.pdf', transfer_name: '2C-plan.pdf' }] })
    expect(matching([renamed], file('plan.pdf'))).toHaveLength(1)
  })

  it('of a group is in it, whatever macOS calls the service', () => {
    const inGroup = { chat_guid: 'any;+;chat1', chat_identifier: 'chat1', participants: [TO] }
    expect(isTo(inGroup, 'iMessage;+;chat1')).toBe(true)
    expect(isTo({ ...inGroup, chat_guid: '' }, 'iMessage;+;chat1')).toBe(true)
    expect(isTo(inGroup, 'iMessage;+;chat2')).toBe(false)
  })
})

describe('texts', () => {
  it.each([
    [`"It's"`, '“It’s”'],
    ['a -- b', 'a — b'],
    ['wait...', 'wait…'],
    ['é', 'e\u0301'],
    ['❤️', '❤'],
    ['a\r\nb', 'a\nb'],
    ['  a ', 'a'],
    ['\ufffcpicture', 'picture'],
  ])('%j is %j', (a, b) => {
    expect(sameText(a, b)).toBe(true)
  })

  it.each([
    ['код 1', 'код 2'],
    ['你好', '再见'],
    ['👍', '👎'],
    ['a b', 'ab'],
    ['A', 'a'],
  ])('%j is not %j', (a, b) => {
    expect(sameText(a, b)).toBe(false)
  })
})
