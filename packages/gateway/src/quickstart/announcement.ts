/** What the quick start prints. Nothing else of it, and nothing of its parts, goes to the terminal. */

export type Announced = Readonly<{
  url: string
  token: string
  tokenIs: 'new' | 'kept' | 'replaced'
  dataDir: string
  /** What encrypts the credentials of providers; null: there is no file. */
  keyFile: Readonly<{ path: string; isNew: boolean }> | null
  /** Lines of the account that do send. */
  realLines: readonly string[]
  /** Why the simulated node is paused; null: it is not. */
  pausedFor: string | null
  pid: number
  /** What makes this Mac's own Messages a node; null: this is no Mac, or it has one. */
  macCommand: string | null
}>

export function announcementLines(a: Announced): string[] {
  return [
    ...simulatedLines(a),
    '',
    `URL    ${a.url}`,
    `Token  ${a.token}${tokenNote(a)}`,
    '',
    'Send a message:',
    '',
    ...curlLines(a),
    '',
    `Data   ${a.dataDir}${a.tokenIs === 'new' ? '' : ' (kept from the start before)'}`,
    ...(a.keyFile === null ? [] : [keyLine(a.keyFile)]),
    `Stop   Ctrl-C, or kill ${a.pid}`,
    ...(a.macCommand === null
      ? []
      : [`Mac    To send from this Mac's own Messages, type this within 15 minutes: ${a.macCommand}`]),
  ]
}

/** On purpose not in the data folder: with both, credentials of providers can be read. */
function keyLine({ path, isNew }: NonNullable<Announced['keyFile']>): string {
  return `Key    ${path}${isNew ? ' (new: it encrypts credentials of providers; keep it apart from copies of the data)' : ''}`
}

/** The request of the documentation page, with host and token of this gateway. */
export function curlLines({ url, token }: Pick<Announced, 'url' | 'token'>): string[] {
  return [
    `curl -X POST ${url}/send/text \\`,
    `  -H "Authorization: Token ${token}" \\`,
    '  -H "Content-Type: application/json" \\',
    "  -d '{",
    '    "to": "+1234567890",',
    '    "message": "Hello, this is a test iMessage.",',
    '    "beta_features": {',
    '      "imessage": true,',
    '      "fallback": false',
    '    }',
    "  }'",
  ]
}

function simulatedLines({ realLines, pausedFor }: Pick<Announced, 'realLines' | 'pausedFor'>): string[] {
  if (realLines.length === 0) return ['Bluewire is running. Its node is simulated: nothing leaves this machine.']
  return [
    'Bluewire is running. The node of the quick start is simulated, but the account in this data folder also has real lines:',
    `${realLines.join(', ')}. Messages that name no line go out by those.`,
    ...(pausedFor === null ? [] : [`The simulated node is paused: ${pausedFor}.`]),
  ]
}

function tokenNote({ tokenIs }: Announced): string {
  switch (tokenIs) {
    case 'new':
      return ''
    case 'kept':
      return '  (kept from the start before)'
    case 'replaced':
      return '  (new: quickstart.json held none that works)'
    default:
      return tokenIs satisfies never
  }
}
