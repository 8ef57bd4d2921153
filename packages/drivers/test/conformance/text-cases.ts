/** Texts of any length and kind arrive whole, unchanged and once. */
import assert from 'node:assert/strict'
import { aCase } from './case.ts'
import type { Case } from './case.ts'

const LENGTHS: ReadonlyArray<readonly [what: string, body: string]> = [
  ['one letter', 'a'],
  ['160 letters of the GSM alphabet', 'x'.repeat(160)],
  ['161 letters of the GSM alphabet', `${'y'.repeat(160)}z`],
  ['signs that take two places, where a part ends', `${'a'.repeat(152)}€${'b'.repeat(152)}[${'c'.repeat(20)}`],
  ['70 letters of another alphabet', 'ж'.repeat(70)],
  ['71 letters of another alphabet', 'ж'.repeat(71)],
  ['an emoji where a part ends', `${'ж'.repeat(66)}🎉${'щ'.repeat(66)}🎈 end`],
  ['1,600 letters', 'The quick brown fox jumps over the lazy dog 0123456789. '.repeat(30).slice(0, 1_600)],
  ['1,600 letters of another alphabet', 'Съешь же ещё этих мягких французских булок. '.repeat(40).slice(0, 1_600)],
]

const KINDS: ReadonlyArray<readonly [what: string, body: string]> = [
  ['written from right to left', 'שלום עולם, مرحبا بالعالم! \u202Eabc\u202C'],
  ['emoji of several signs', '👨‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇩🇪 é vs é'],
  ['line ends of all kinds', 'one\r\ntwo\nthree\n\nfour '],
  ['quotes and backslashes', `"double" 'single' \`back\` \\ \\n \\u0041 \\"`],
  ['our own placeholders', '{to} {from} {text} {attempt_id} {callback_url} {secret.token} {{text}} %s $1 $&'],
  ['signs of JSON', '{"text":"x","to":["y"]},}]'],
  ['signs of XML', '<a href="b">c</a> &lt; &#65; ]]> <![CDATA[ x ]]> <!-- -->'],
  ['signs of a form or an address', 'a=b&c=d+e %20 %2B %zz ?x#y;z/../'],
  ['headers', 'Subject: x\r\nBcc: y\r\n\r\n.\r\nHTTP/1.1 200 OK'],
  ['spaces around it', '  two before, two after  '],
  ['the whole GSM alphabet', '@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&()*+,-./0123456789:;<=>?¡ÄÖÑÜ§¿äöñüà^{}\\[~]|€'],
]

const arrives = ([what, body]: readonly [string, string]): Case =>
  aCase(`a text arrives as it was: ${what}`, async (world) => {
    await world.connect()
    const outcome = await world.send(world.sms(body))
    assert.equal(outcome.kind, 'sent', JSON.stringify(outcome))
    assert.deepEqual(
      (await world.phone()).map((arrived) => arrived.body),
      [body],
    )
  })

export const TEXT_CASES: readonly Case[] = [...LENGTHS, ...KINDS].map(arrives)
