/** Bodies of messages by chance: of every script, with attachments and attributes, of lengths at which their encoding changes. */
import { ATTACHMENT_CHARACTER } from '../fake-mac/write-attributed-body.ts'
import type { BodyToWrite, Span } from '../fake-mac/write-attributed-body.ts'
import type { Random } from '../simulator/random.ts'

/** The length of a text is one byte up to 127, two up to 32,767 and four from there. */
const EDGES = [127, 128, 129, 255, 256, 257]
const FAR_EDGES = [20_000, 32_767, 32_768, 65_535, 65_536]
/** Far edges cost hundreds of times as much as other texts. */
const FAR_CHANCE = 0.002

const PIECES = [
  'a',
  'Hello ',
  '\n',
  '\r\n',
  '\u2028',
  '\u0085',
  'ñ',
  'e\u0301',
  'Привет ',
  'שלום ',
  'مرحبا',
  '\u202eabc\u202c',
  '日本語',
  '한국어',
  '👍🏽',
  '👩‍👩‍👧‍👦',
  '🏳️‍🌈',
  '🇩🇪',
  '\u{e0001}',
  '\ufeff',
  '\ufffd',
  '+',
  'NSString',
  'streamtyped',
  '\u0084\u0086\u0092',
  '“quoted” — ',
]

export function randomBody(random: Random): BodyToWrite {
  const plain = randomText(random)
  const attachments: Array<{ at: number; guid: string }> = []
  let text = ''
  for (const [index, piece] of splitInto(plain, random.chance(0.2) ? random.between(2, 5) : 1).entries()) {
    if (index > 0) {
      attachments.push({ at: text.length, guid: `at_${index}_${random.between(0, 2 ** 31).toString(16)}` })
      text += ATTACHMENT_CHARACTER
    }
    text += piece
  }
  const spans = random.chance(0.4) && text.length > 0 ? randomSpans(random, text.length) : []
  return { text, mutable: random.chance(0.3), attachments, spans }
}

function randomText(random: Random): string {
  if (random.chance(0.3)) return exactly(random.pick(random.chance(FAR_CHANCE / 0.3) ? FAR_EDGES : EDGES), random)
  let text = ''
  for (let pieces = Math.round(random.delay(1, 60)); pieces > 0; pieces--) text += random.pick(PIECES)
  return text
}

/** A text of so many bytes. */
function exactly(bytes: number, random: Random): string {
  const piece = random.pick(PIECES)
  const text = piece.repeat(Math.floor(bytes / Buffer.byteLength(piece)))
  return text + '.'.repeat(bytes - Buffer.byteLength(text))
}

function splitInto(text: string, count: number): string[] {
  const characters = [...text]
  const size = Math.ceil(characters.length / count)
  return Array.from({ length: count }, (_, index) => characters.slice(index * size, (index + 1) * size).join(''))
}

function randomSpans(random: Random, textLength: number): Span[] {
  return Array.from({ length: random.between(1, 5) }, () => {
    const start = random.between(0, textLength)
    return { start, length: random.between(1, textLength - start + 1), ...randomAttribute(random) }
  })
}

function randomAttribute(random: Random): Omit<Span, 'start' | 'length'> {
  return random.pick([
    { mention: '+15550100' },
    { link: 'https://example.org/a?b=c#d' },
    { oneTimeCode: '123456' },
    { bold: true },
    { italic: true, underline: true },
    { strikethrough: true },
    { effect: random.between(1, 13) },
    { detected: Uint8Array.from({ length: random.between(0, 600) }, () => random.between(0, 256)) },
  ])
}
