/** The part of the store that providers use: each a transaction of its own, or a read. */
import type { ProvidersStore } from '../providers-store.ts'
import type { Absences } from './absences.ts'
import type { AttemptParts } from './attempt-parts.ts'
import type { GroupWriter } from './group-writer.ts'
import type { Leases } from './leases.ts'
import type { Inbound } from './inbound.ts'
import type { ProviderFacts } from './provider-facts.ts'
import type { Providers } from './providers.ts'

export type ProviderWrites = Readonly<{
  providers: Providers
  leases: Leases
  providerFacts: ProviderFacts
  attemptParts: AttemptParts
  inbound: Inbound
}>

export function providerMethods(writer: GroupWriter, w: ProviderWrites, absences: Absences): ProvidersStore {
  return {
    createProvider: (actor, provider) => writer.run((tx) => w.providers.create(tx, actor, provider)),
    changeProvider: (actor, id, change) => writer.run((tx) => w.providers.change(tx, actor, { id, ...change })),
    providers: () => Promise.resolve(w.providers.list()),
    addProviderLine: (actor, line) => writer.run((tx) => w.providers.addLine(tx, actor, line)),
    removeProviderLine: (actor, id) => writer.run((tx) => w.providers.removeLine(tx, actor, id)),
    takeLease: (input) => writer.run((tx) => w.leases.take(tx, input)),
    renewLease: (session, leaseMs) => writer.run((tx) => w.leases.renew(tx, session, leaseMs)),
    async providerReady(session, isReady) {
      const { kind, isNews } = await writer.run((tx) => w.leases.ready(tx, session, isReady))
      if (isReady) absences.back(session.node)
      else if (isNews) absences.left(session.node)
      return { kind }
    },
    providerHealth: (id, health) => writer.run((tx) => w.leases.health(tx, id, health)),
    providerFinding: (session, attempt, finding) =>
      writer.run((tx) => w.providerFacts.finding(tx, session, { attempt, finding })),
    providerReceipt: (session, receipt) => writer.run((tx) => w.providerFacts.receipt(tx, session, receipt)),
    providerInbound: (session, message) => writer.run((tx) => w.inbound.fromProvider(tx, session, message)),
    isRefTaken: (provider, ref, except) => Promise.resolve(w.attemptParts.isRefTaken(provider, ref, except)),
    openAttempt: (provider, attempt) => Promise.resolve(w.leases.open(provider, attempt)),
    dropReceipts: () => writer.run((tx) => w.providerFacts.dropOld(tx)),
  }
}
