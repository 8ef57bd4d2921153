/** Every provider there is, by name. Its code is loaded when it is used: nobody pays for what they do not have. */
import type { ProviderKind } from './provider.ts'

const PROVIDERS = {
  http: async () => (await import('./http/http-provider.ts')).httpProvider,
  simulator: async () => (await import('./simulator/simulator-provider.ts')).simulatorProvider,
  smpp: async () => (await import('./smpp/smpp-provider.ts')).smppProvider,
  twilio: async () => (await import('./twilio/twilio-provider.ts')).twilioProvider,
} as const satisfies Record<string, () => Promise<unknown>>

export type ProviderName = keyof typeof PROVIDERS

export const PROVIDER_NAMES = Object.keys(PROVIDERS) as readonly ProviderName[]

export function isProviderName(name: string): name is ProviderName {
  return Object.hasOwn(PROVIDERS, name)
}

/** Null: there is none of that name. */
export async function providerKindOf(name: string): Promise<ProviderKind | null> {
  return isProviderName(name) ? providerKind(name) : null
}

export async function providerKind(name: ProviderName): Promise<ProviderKind> {
  // Settings and secrets are parsed with the kind's own schemas before they reach its `create`.
  return await PROVIDERS[name]()
}
