/**
 * The GSM 7-bit default alphabet and its extension table (3GPP TS 23.038, 6.2.1): what an SMS holds 160 of. One byte per septet here, as
 * SMPP carries it; a character of the extension table is two septets, the first being the escape.
 */
const BASIC =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u001bÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?' +
  '¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà'
const ESCAPE = 0x1b
const EXTENSION: ReadonlyMap<number, string> = new Map([
  [0x0a, '\f'],
  [0x14, '^'],
  [0x28, '{'],
  [0x29, '}'],
  [0x2f, '\\'],
  [0x3c, '['],
  [0x3d, '~'],
  [0x3e, ']'],
  [0x40, '|'],
  [0x65, '€'],
])
/** What stands for a byte that is no septet: the text was not in this alphabet. */
const UNREADABLE = '\ufffd'

const SEPTETS: ReadonlyMap<string, readonly number[]> = new Map<string, readonly number[]>([
  ...[...BASIC].map((character, code) => [character, [code]] as const).filter(([, [code]]) => code !== ESCAPE),
  ...[...EXTENSION].map(([code, character]) => [character, [ESCAPE, code]] as const),
])

/** 1 or 2; 0: the alphabet does not have it. */
export function septetsOf(character: string): 0 | 1 | 2 {
  return (SEPTETS.get(character)?.length ?? 0) as 0 | 1 | 2
}

/** Null: the alphabet does not have all of it. */
export function encodeGsm(text: string): Uint8Array | null {
  const septets: number[] = []
  for (const character of text) {
    const code = SEPTETS.get(character)
    if (!code) return null
    septets.push(...code)
  }
  return Uint8Array.from(septets)
}

/** Reads what it can: an escape before an unknown code shows that code's own character, as phones do; a lone escape is a space. */
export function decodeGsm(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at++) {
    const code = bytes[at] as number
    if (code !== ESCAPE) {
      text += BASIC[code] ?? UNREADABLE
      continue
    }
    const escaped = bytes[++at]
    if (escaped === undefined || escaped === ESCAPE) text += ' '
    else text += EXTENSION.get(escaped) ?? BASIC[escaped] ?? UNREADABLE
  }
  return text
}
