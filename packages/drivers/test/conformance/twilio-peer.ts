/** The provider `twilio` and its peer, a fake Twilio. */
import { join } from 'node:path'
import { twilioProvider } from '../../src/twilio/twilio-provider.ts'
import type { Peer } from './peer.ts'
import { startWebPeer } from './web-peer.ts'

const TOKEN = 'auth-token-of-the-twilio-peer'

export function startTwilioPeer(): Promise<Peer> {
  return startWebPeer({
    script: join(import.meta.dirname, 'twilio-peer-process.ts'),
    argument: TOKEN,
    kind: twilioProvider,
    settings: (peerUrl, { answerWithinMs = 20_000 }) => ({
      account_sid: `AC${'a'.repeat(32)}`,
      base_url: peerUrl,
      answer_within: `${answerWithinMs}ms`,
    }),
    secrets: ({ badCredentials }) => ({ auth_token: badCredentials ? 'another-auth-token' : TOKEN }),
    inboundUrl: ({ callbackUrl }) => `${callbackUrl}/inbound`,
    unable: new Map(),
  })
}
