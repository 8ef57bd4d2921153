/** A form with one file in it, as `multipart/form-data` (RFC 7578). */
import { randomUUID } from 'node:crypto'

export type FormBody = Readonly<{ type: string; bytes: Uint8Array }>

export type FormFile = Readonly<{ field: string; name: string; bytes: Uint8Array }>

export function multipart(fields: Readonly<Record<string, string>>, file: FormFile): FormBody {
  const boundary = `bluewire-${randomUUID()}`
  const head = (name: string, more = ''): string =>
    `--${boundary}\r\ncontent-disposition: form-data; name="${quoted(name)}"${more}\r\n`
  const texts = Object.entries(fields).map(([name, value]) => `${head(name)}\r\n${value}\r\n`)
  const filename = `; filename="${quoted(file.name)}"\r\ncontent-type: application/octet-stream`
  const before = `${texts.join('')}${head(file.field, filename)}\r\n`
  const bytes = Buffer.concat([Buffer.from(before), file.bytes, Buffer.from(`\r\n--${boundary}--\r\n`)])
  return { type: `multipart/form-data; boundary=${boundary}`, bytes }
}

/** As browsers write a name that would end its quotes or its line. */
function quoted(name: string): string {
  return name.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}
