/** Proves: settings and credentials that are right by themselves, and cannot work together, are refused in a sentence. */
import { providerKind } from '@bluewire/drivers/provider-registry'
import type { ProviderName } from '@bluewire/drivers/provider-registry'
import { expect, test } from 'vitest'
import { usableSettings } from './make-provider.ts'
import { UnusableProvider } from './provider-settings.ts'

const HTTP = { url: 'https://sms.example/', headers: { authorization: 'Bearer {secret.token}' } }
const TWILIO = { account_sid: `AC${'1'.repeat(32)}`, api_key_sid: `SK${'2'.repeat(32)}` }

type Case = Readonly<{ driver: ProviderName; settings: Record<string, unknown>; secrets: Record<string, string> }>

async function used({ driver, settings, secrets }: Case) {
  const kind = await providerKind(driver)
  return () => usableSettings(kind, settings, secrets)
}

const TOKEN_MISSING = 'There is no value for the placeholder {secret.token}.'
const KEY_MISSING = 'The setting api_key_sid needs the secret api_key_secret.'

test.each<Case & { sentence: string }>([
  { driver: 'http', settings: HTTP, secrets: {}, sentence: TOKEN_MISSING },
  { driver: 'twilio', settings: TWILIO, secrets: { auth_token: 'a' }, sentence: KEY_MISSING },
  {
    driver: 'twilio',
    settings: TWILIO,
    secrets: {},
    sentence: 'Its credentials cannot be used. auth_token is missing.',
  },
])('$driver: $sentence', async (one) => {
  expect(await used(one)).toThrow(new UnusableProvider(one.sentence))
})

test.each<Case>([
  { driver: 'http', settings: HTTP, secrets: { token: 'a' } },
  { driver: 'twilio', settings: TWILIO, secrets: { auth_token: 'a', api_key_secret: 'b' } },
])('$driver with all that it needs', async (one) => {
  expect((await used(one))().secrets).toEqual(one.secrets)
})
