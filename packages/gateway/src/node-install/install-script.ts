/** The script that makes a Mac a node, and the command that runs it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const PLACE = '@GATEWAY@'

/** Nothing in it means anything to a shell, inside quotes or outside; but for the brackets of an IPv6 address, which have to be quoted. */
const PLAIN_URL = /^https?:\/\/[\w.:%[\]-]+(?:\/[\w./~%-]*)?$/

/** @throws when the address could be more than an address to a shell. The setting refuses such ones: it would be a bug. */
export function installScript(publicUrl: string): string {
  const script = readFileSync(join(import.meta.dirname, 'install.sh'), 'utf8')
  return script.replace(PLACE, () => plain(publicUrl))
}

/** What is typed on the Mac. `code` and `sha256` are ours. */
export function installCommand({ url, code, sha256 }: { url: string; code: string; sha256: string }): string {
  const address = `${plain(url)}/node/install.sh`
  // zsh takes brackets for a pattern.
  return `curl -fsSL ${address.includes('[') ? `'${address}'` : address} | sh -s -- ${code} ${sha256}`
}

function plain(url: string): string {
  if (!PLAIN_URL.test(url)) throw new Error('the public URL holds characters that a shell would read')
  return url
}
