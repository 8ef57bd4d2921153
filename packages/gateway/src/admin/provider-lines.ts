/** Numbers that a provider sends from: lines as those of nodes are. */
import { newUlidSource, systemChance } from '@bluewire/platform/chance'
import { convertRecipient } from '@bluewire/contract/recipient'
import type { Account } from '../store/accounts-store.ts'
import type { ProviderRow } from '../store/providers-store.ts'
import { findAccount } from './find-account.ts'
import { findProvider } from './find-provider.ts'
import { PROGRAM } from './program.ts'
import { ACCOUNT_OPTION, Refused } from './verb.ts'
import type { Answer, Call, Verb } from './verb.ts'

/** A sender that is no number: up to 11 letters, digits and spaces, as GSM allows; or a short code. */
const SENDER_NAME = /^(?! )(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}(?<! )$/
const SHORT_CODE = /^\d{3,8}$/

export const lineVerbs: readonly Verb[] = [
  {
    name: 'line-add',
    summary: 'let an account send from a number (or short code, or name) of the provider',
    takes: ['PROVIDER', 'NUMBER'],
    options: {
      ...ACCOUNT_OPTION,
      rate: { value: 'N', help: 'messages a second, sustained (default: BLUEWIRE_LINE_RATE), or unlimited' },
      burst: { value: 'N', help: 'messages at once after a rest (default: BLUEWIRE_LINE_BURST)' },
    },
    run: addLine,
  },
  {
    name: 'line-remove',
    summary: 'send no more from it; its history stays',
    takes: ['PROVIDER', 'NUMBER'],
    options: ACCOUNT_OPTION,
    run: removeLine,
  },
]

async function addLine(call: Call): Promise<Answer> {
  const { store, actor, config, given } = call
  const row = await findProvider(call)
  const account = await findAccount(call, given.text('account') ?? row.account)
  if (!row.shared && account.id !== row.account)
    throw new Refused(
      `The provider ${row.name} is of another account. Only one that was added with --shared has lines of all.`,
    )
  const address = addressOf(given.positionals[1] ?? '', account.region)
  const added = await store.addProviderLine(actor, {
    id: `line_${newUlidSource(Date.now, systemChance)()}`,
    provider: row.id,
    account: account.id,
    address,
    gapMs: gapOf(given.text('rate')) ?? config.lineGapMs,
    burst: burstOf(given.text('burst')) ?? config.lineBurst,
  })
  if (added === 'no_provider') throw new Refused(`The provider ${row.name} does not exist any more.`)
  if (added === 'taken') throw new Refused(await whyTaken(call, account, { address, simulated: row.simulated }))
  return {
    json: { address, account: account.id, provider: row.id },
    lines: [`The account ${account.name} can send SMS from ${address}, within seconds.`],
  }
}

async function whyTaken(
  { store }: Call,
  account: Account,
  { address, simulated }: { address: string; simulated: boolean },
): Promise<string> {
  const line = (await store.lines(account.id)).find((l) => l.address === address)
  if (line?.sends === true && line.node !== null) {
    const holder = `${line.node.isProvider ? 'the provider' : 'the node'} ${line.node.name}`
    return `The account ${account.name} has the line ${address} already: it is on ${holder}.`
  }
  // Its history says that nothing really left, or that all did; the two must not mix.
  return `${address} was a line of the account ${account.name} before, and what it sent then was ${simulated ? 'not simulated' : 'simulated'}. Use it in another account: ${PROGRAM} account create NAME`
}

async function removeLine(call: Call): Promise<Answer> {
  const row = await findProvider(call)
  const account = await findAccount(call, call.given.text('account') ?? row.account)
  const wanted = call.given.positionals[1] ?? ''
  const address = addressOf(wanted, account.region)
  const line = row.lines.find((l) => l.account === account.id && l.address === address)
  if (line === undefined) throw new Refused(noSuchLine(row, account, wanted))
  await call.store.removeProviderLine(call.actor, line.id)
  const queued = (await call.store.lines(account.id)).find((l) => l.id === line.id)?.queued ?? 0
  const waiting = `${queued === 1 ? 'A message is' : `${queued} messages are`} queued for it: what waits leaves when the line is added again, or expires.`
  return {
    json: { address, removed: true, queued },
    lines: [`Nothing is sent from ${address} any more.`, ...(queued > 0 ? [waiting] : [])],
  }
}

function noSuchLine(row: ProviderRow, account: Account, wanted: string): string {
  const others = row.lines.map((l) => l.address).join(', ')
  const all = others === '' ? 'It has no lines.' : `Its lines: ${others} (${PROGRAM} provider list says whose).`
  return `The provider ${row.name} has no line ${wanted} of the account ${account.name}. ${all}`
}

function addressOf(text: string, region: string): string {
  if (SENDER_NAME.test(text) || SHORT_CODE.test(text)) return text
  const number = convertRecipient(text, { region, fromForm: false })
  if (number.ok && number.kind === 'phone') return number.e164
  const why = number.ok ? 'an e-mail address sends no SMS' : number.reason
  throw new Refused(`${text} is no sender: ${why}`)
}

function gapOf(text: string | undefined): number | undefined {
  if (text === undefined || text === 'unlimited') return text === undefined ? undefined : 0
  const rate = Number(text)
  if (!(rate >= 0.001 && rate <= 1000))
    throw new Refused(`--rate is ${text}, but it must be 0.001 to 1000, or unlimited.`)
  return Math.ceil(1000 / rate)
}

function burstOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d{1,4}$/.test(text) || Number(text) < 1) throw new Refused(`--burst is ${text}, but it must be 1 to 9999.`)
  return Number(text)
}
