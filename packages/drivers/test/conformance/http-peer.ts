/** The provider `http` and its peer, set up by the example settings of a JSON API. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { httpProvider } from '../../src/http/http-provider.ts'
import { PATHS } from '../../src/http/http-callback.ts'
import { pathKey, signPath } from '../../src/web/signed-path.ts'
import type { Peer } from './peer.ts'
import { startWebPeer } from './web-peer.ts'

const TOKEN = 'token-of-the-http-peer'
const EXAMPLES = join(import.meta.dirname, '../../../../docs/examples/providers')

export function startHttpPeer(): Promise<Peer> {
  return startWebPeer({
    script: join(import.meta.dirname, 'http-peer-process.ts'),
    argument: TOKEN,
    kind: httpProvider,
    settings: (peerUrl, { answerWithinMs = 20_000 }) => ({
      ...exampleSettings('http-json.json', peerUrl),
      answer_within: `${answerWithinMs}ms`,
    }),
    secrets: ({ badCredentials }) => ({ token: badCredentials ? 'another-token' : TOKEN }),
    inboundUrl: (context) => `${context.callbackUrl}/${signPath(pathKey(context), PATHS.inbound)}`,
    unable: new Map(),
  })
}

/** An example of the documentation, pointed at another host. */
export function exampleSettings(file: string, origin: string): Record<string, unknown> {
  const text = readFileSync(join(EXAMPLES, file), 'utf8').replaceAll('https://sms.example.com', origin)
  return JSON.parse(text) as Record<string, unknown>
}
