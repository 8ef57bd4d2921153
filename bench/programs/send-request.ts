/** The request that all load consists of: the documented one, each to another recipient and with its number in the text. */

/** An iMessage unless it says otherwise. */
export type Target = Readonly<{ url: string; token: string; isAsync: boolean; service?: 'sms' }>

/** All of them are numbers that exist in form, and none is a magic one. */
const RECIPIENTS = 10_000
const NUMBER_IN_TEXT = /^Bench (\d{8}): /

/** Makes the request with this number. Its length never changes, so its head is made once. */
export function requestMaker({ url, token, isAsync, service }: Target): (number: number) => string {
  const body = (number: number): string =>
    `{"to":"+1415555${digits(number % RECIPIENTS, 4)}","message":"Bench ${digits(number, 8)}: Your table is ready, see you at eight."` +
    (service === 'sms' ? '}' : `,"beta_features":{"imessage":true,"fallback":false}}`)
  const head = [
    'POST /send/text HTTP/1.1',
    `Host: ${new URL(url).host}`,
    `Authorization: Token ${token}`,
    'Content-Type: application/json',
    ...(isAsync ? ['Prefer: respond-async'] : []),
    `Content-Length: ${body(0).length}`,
  ].join('\r\n')
  return (number) => `${head}\r\n\r\n${body(number)}`
}

/** The number of the request whose text this is. */
export function numberIn(text: string): number | null {
  const match = NUMBER_IN_TEXT.exec(text)
  return match === null ? null : Number(match[1])
}

function digits(number: number, many: number): string {
  return String(number).padStart(many, '0')
}
