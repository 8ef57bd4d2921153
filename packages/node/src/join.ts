/** `join`: a one-time code becomes this machine's own credential, kept in node.json. */
import { existsSync, renameSync } from 'node:fs'
import { hostname } from 'node:os'
import { joinResponse } from '@bluewire/contract/node-protocol/join'
import type { JoinRequest, JoinResponse } from '@bluewire/contract/node-protocol/join'
import { createDriver, SIMULATED_DRIVERS } from '@bluewire/drivers/registry'
import type { DriverName } from '@bluewire/drivers/registry'
import { systemClock } from '@bluewire/platform/clock'
import { takeExclusiveLock } from '@bluewire/platform/exclusive-lock'
import { makeFolder } from '@bluewire/platform/make-folder'
import { programName } from '@bluewire/platform/program-name'
import { isCredentialKnown } from './credential-check.ts'
import { driverFor, thisMachine } from './driver-choice.ts'
import { gatewayAddress } from './gateway-address.ts'
import type { GatewayAddress } from './gateway-address.ts'
import { machineId } from './machine-id.ts'
import { isEnrolled, NodeConfigError, readNodeConfig, writeNodeConfig } from './node-config.ts'
import type { NodeConfig } from './node-config.ts'
import { postJson } from './post-json.ts'
import { journalPath, LOCK_NAME } from './node-files.ts'

export type JoinOptions = Readonly<{
  url: string
  code: string
  directory: string
  name?: string
  /** Undefined: what this machine has. */
  driver?: string
  /** `+15005550001:imessage,sms` */
  lines: readonly string[]
  simulatorLog?: string
  freeBytesMin?: number
  insecure: boolean
  replace: boolean
  /** A node that is enrolled here already, at the same gateway and with the same driver, stays, and the code is not used. */
  keep: boolean
}>

/**
 * Everything that can be wrong on this side is found before the code is spent.
 * @throws NodeConfigError, AddressError or LockHeldError, each with a sentence
 */
export async function join(options: JoinOptions): Promise<string> {
  const { directory, insecure } = options
  const address = gatewayAddress(options.url)
  const driver = driverFor(options.driver)
  const settings = driverSettings(driver, options)
  makeFolder(directory)
  if (options.keep && !options.replace && isEnrolled(directory)) {
    const kept = await keptNode(options, { address, driver })
    if (kept !== null) return kept
  } else if (isEnrolled(directory) && !options.replace) {
    throw new NodeConfigError(
      `${directory} holds an enrolled node already. Use --replace to enrol it anew, or --dir for another one.`,
    )
  }
  const lock = takeExclusiveLock(directory, LOCK_NAME)
  try {
    await (await createDriver(driver, { clock: systemClock, dataDirectory: directory, settings })).stop()
    const name = options.name ?? hostname().slice(0, 64)
    const simulated = SIMULATED_DRIVERS.includes(driver)
    const joined = await ask(address, insecure, {
      code: options.code,
      name,
      machine: machineId(directory),
      driver,
      simulated,
    })
    const kept = keptSettings(directory)
    putOldJournalAside(directory)
    writeNodeConfig(directory, {
      ...kept,
      url: address.base,
      node: joined.node,
      credential: joined.credential,
      name,
      insecure,
      driver: { name: driver, settings },
      ...(options.freeBytesMin === undefined ? {} : { free_bytes_min: options.freeBytesMin }),
    })
    const isSimulated = simulated ? ' It is simulated: nothing leaves this machine.' : ''
    return `This machine is node ${joined.node} (${name}) of ${address.base}.${isSimulated} Start it with \`${programName('bluewire-node')} run --dir ${directory}\`.`
  } finally {
    lock.release()
  }
}

/** Null: the gateway does not know the node that was here any more, so that a new one has to take its place. */
async function keptNode(
  { directory }: JoinOptions,
  wanted: { address: GatewayAddress; driver: DriverName },
): Promise<string | null> {
  const { base } = wanted.address
  const there = readNodeConfig(directory)
  const differs = there.url !== base ? `of ${there.url}` : `with the driver ${there.driver.name}`
  if (there.url !== base || there.driver.name !== wanted.driver) {
    throw new NodeConfigError(
      `${directory} holds a node ${differs} already (${there.name}). Use --replace to enrol it anew, or --dir for another one.`,
    )
  }
  if (!(await isCredentialKnown(wanted.address, there))) return null
  return `This machine is node ${there.node} (${there.name}) of ${base} already; the code was not used.`
}

function driverSettings(driver: DriverName, { lines, simulatorLog }: JoinOptions): object {
  const { macTools } = thisMachine()
  return {
    ...(driver === 'messages-app' && macTools !== undefined ? { tools: macTools } : {}),
    ...(lines.length === 0 ? {} : { lines: lines.map(lineOf) }),
    ...(simulatorLog === undefined ? {} : { log: simulatorLog }),
  }
}

function lineOf(text: string): { address: string; services: string[] } {
  const [, address, services] = /^([^:]+):([a-z]+(?:,[a-z]+)?)$/.exec(text) ?? []
  const list = [...new Set(services?.split(','))]
  if (
    address === undefined ||
    !/^(\+\d{7,15}|[^@\s]+@[^@\s]+)$/.test(address) ||
    !list.every((s) => s === 'imessage' || s === 'sms')
  ) {
    throw new NodeConfigError(
      `${text} is not a line: write it as +15005550001:imessage,sms (or only one of the services).`,
    )
  }
  return { address, services: list }
}

async function ask(address: GatewayAddress, insecure: boolean, body: JoinRequest): Promise<JoinResponse> {
  const answer = await postJson(address.join, body, { insecure })
  const parsed = joinResponse.safeParse(answer.body)
  if (answer.status === 200 && parsed.success) return parsed.data
  throw new NodeConfigError(
    `The gateway at ${address.base} did not enrol this machine (${answer.status}): ${sentenceOf(answer.body)}`,
  )
}

/** Errors of the gateway carry a sentence; anything else is not a gateway. */
function sentenceOf(body: unknown): string {
  const known = typeof body === 'object' && body !== null && 'message' in body && typeof body.message === 'string'
  return known
    ? String((body as { message: string }).message).slice(0, 500)
    : 'its answer is not that of a Bluewire gateway.'
}

/** What a person wrote into node.json by hand holds for the machine, whichever node it is. */
function keptSettings(directory: string): Pick<NodeConfig, 'keep_awake' | 'updates'> {
  try {
    const { keep_awake: keepAwake, updates } = readNodeConfig(directory)
    return {
      ...(keepAwake === undefined ? {} : { keep_awake: keepAwake }),
      ...(updates === undefined ? {} : { updates }),
    }
  } catch (error) {
    if (error instanceof NodeConfigError) return {}
    throw error
  }
}

/** A journal belongs to the node it was made by: its frames would mean nothing under another name. */
function putOldJournalAside(directory: string): void {
  const path = journalPath(directory)
  if (!existsSync(path)) return
  let owner = 'former-node'
  try {
    owner = readNodeConfig(directory).node
  } catch (error) {
    if (!(error instanceof NodeConfigError)) throw error
  }
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(path + suffix)) renameSync(path + suffix, `${path}.${owner}${suffix}`)
  }
}
