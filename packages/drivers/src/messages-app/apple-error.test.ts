/** Proves: the number is found in any language, and nothing that a text quotes is taken for it. */
import { expect, test } from 'vitest'
import { appleErrorNumber } from './apple-error.ts'

test.each([
  ['120:155: execution error: Messages got an error: Can’t get chat id "x". (-1728)\n', -1728],
  ['0:5: execution error: Erreur dans Messages : Impossible d’obtenir chat id "(-1743)". (-1728)\n', -1728],
  ['execution error: “信息”遇到一个错误：未获得授权将Apple事件发送给信息。 (-1743)', -1743],
  ['Nicht autorisiert. (-1743)\nwarning: something else\n', -1743],
  ['execution error: An error of type 1002 has occurred. (1002)', 1002],
  ['', null],
  ['osascript: no such component "AppleScript".', null],
  ['(-)(x)(12345678)', null],
])('%j: %s', (stderr, number) => {
  expect(appleErrorNumber(stderr)).toBe(number)
})
