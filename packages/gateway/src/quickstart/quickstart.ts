import { statfsSync } from 'node:fs'
import { setTimeout as passed } from 'node:timers/promises'
import { makeFolder } from '@bluewire/platform/make-folder'
import { openStore } from '../admin/open-store.ts'
import { isPublicUrlSet } from '../config/config.ts'
import type { GatewayConfig } from '../config/config.ts'
import { sizeText } from '../config/values.ts'
import type { Account } from '../store/accounts-store.ts'
import type { Store } from '../store/store.ts'
import type { Announced } from './announcement.ts'
import type { Child, ChildEnd } from './child.ts'
import { startGatewayProcess } from './gateway-process.ts'
import { FolderWatch } from './folder-watch.ts'
import { createEnrolment, prepareInstance } from './instance.ts'
import { logPath, openLogFile } from './log-file.ts'
import {
  joined,
  joinedNode,
  NodeKeeper,
  nodePlace,
  SIMULATED_LINE,
  startJoining,
  updateNodeFile,
} from './node-process.ts'
import type { NodePlace } from './node-process.ts'
import { isMac, macCommand } from './mac-command.ts'
import { pausedFor, RealNodeWatch } from './real-node-watch.ts'
import { readQuickstartFile, writeQuickstartFile } from '../config/quickstart-file.ts'
import { prepareKey, prepareProvider, SIMULATED_SMS_LINE } from './simulated-provider.ts'
import { StartFailed } from './start-failed.ts'

const POLL_MS = 25
const ONLINE_WITHIN_MS = 15_000
/** A node that ended so often before it was ever online will not come. */
const NODE_ENDS_MAX = 3
/** The gateway lets callers and the node finish first; then everything must be gone within the 5 s that people wait. */
const GATEWAY_STOP_MS = 4000
const STOP_MS_MAX = 4600

export type Told = (sentence: string) => void

/** The two processes, from the first start to the stop. */
export class Quickstart {
  readonly #config: GatewayConfig
  readonly #tell: Told
  #gateway: Child | undefined
  #joining: Child | undefined
  #node: NodeKeeper | undefined
  #folder: FolderWatch | undefined
  #real: RealNodeWatch | undefined

  /** `tell` gets what people must know at once and that is no part of the announcement. */
  constructor(config: GatewayConfig, tell: Told) {
    this.#config = config
    this.#tell = tell
  }

  /**
   * Resolves when a message can be sent. Whatever it throws: call `stop`.
   *
   * @throws StartFailed, or what explainStartFailure knows.
   */
  async start(): Promise<Announced & { gatewayEnded: Promise<ChildEnd> }> {
    const { dataDir } = this.#config
    makeFolder(dataDir)
    this.#folder = new FolderWatch(dataDir, () =>
      this.#tell(
        `The data folder ${dataDir} is gone. If it was moved, everything is where it is now; if it was removed, it is lost. ` +
          'Put the folder back before the next start.',
      ),
    )
    const place = nodePlace(dataDir, openLogFile(logPath(dataDir, 'node')))
    const saved = readQuickstartFile(dataDir)?.token
    const gateway = startGatewayProcess(openLogFile(logPath(dataDir, 'gateway')))
    this.#gateway = gateway.child
    const listening = await gateway.ready
    const url = isPublicUrlSet(process.env) ? this.#config.publicUrl : listening.url
    const store = openStore(this.#config)
    try {
      const { account, token, tokenIs } = await prepareInstance(store, saved)
      await this.#joinWhereNeeded(store, { account, place, url: listening.url })
      this.#node = new NodeKeeper(place, this.#tell)
      this.#node.start()
      await prepareProvider(store, account, this.#config)
      const key = await prepareKey(store, this.#config)
      if (key.problem !== null) this.#tell(key.problem)
      const node = await this.#untilOnline(store, account, place)
      this.#tellIfDiskIsFull()
      writeQuickstartFile(dataDir, { url, token, node, line: SIMULATED_LINE })
      const lines = await store.lines(account.id)
      const realLines = lines.filter((line) => !line.simulated).map((line) => line.address)
      this.#real = new RealNodeWatch(openStore(this.#config), account.id, this.#tell)
      const keyFile = key.path === null ? null : { path: key.path, isNew: key.isNew }
      return {
        ...{ url, token, tokenIs, dataDir, keyFile, realLines, pausedFor: pausedFor(lines), pid: process.pid },
        macCommand: isMac(process.env) ? await macCommand(store, account, { url, dataDir }) : null,
        gatewayEnded: gateway.child.ended,
      }
    } finally {
      await store.close()
    }
  }

  /** The gateway first: while it answers those who wait, its node must still be there. */
  async stop(): Promise<void> {
    this.#folder?.look()
    this.#folder?.stop()
    void this.#real?.stop()
    const deadline = passed(STOP_MS_MAX)
    this.#joining?.kill('SIGTERM')
    this.#gateway?.kill('SIGTERM')
    await Promise.race([this.#gateway?.ended, passed(GATEWAY_STOP_MS)])
    const stopped = Promise.all([this.#gateway?.ended, this.#node?.stop()])
    await Promise.race([stopped, deadline])
    this.#gateway?.kill('SIGKILL')
    this.#joining?.kill('SIGKILL')
    await this.#node?.stop('SIGKILL')
  }

  async #joinWhereNeeded(
    store: Store,
    { account, place, url }: { account: Account; place: NodePlace; url: string },
  ): Promise<void> {
    const node = joinedNode(place)
    const isKnown = (await store.nodes(account.id)).some(({ id }) => id === node)
    if (!isKnown) {
      this.#joining = startJoining(place, url, await createEnrolment(store, account))
      await joined(this.#joining, place.log)
    }
    updateNodeFile(place, { url, minFreeBytes: this.#config.nodeMinFreeBytes })
  }

  /** Returns the id of the node that has the line. */
  async #untilOnline(store: Store, account: Account, place: NodePlace): Promise<string> {
    const deadlineMs = performance.now() + ONLINE_WITHIN_MS
    while (performance.now() < deadlineMs && (this.#node?.ends ?? 0) < NODE_ENDS_MAX) {
      const lines = (await store.lines(account.id)).filter((line) => line.simulated)
      const sms = lines.find((line) => line.address === SIMULATED_SMS_LINE)
      const node = lines.find((line) => line.address === SIMULATED_LINE && line.node?.online === true)?.node
      // The provider may have been removed; where it is there, the first SMS must not wait for it.
      const isSmsReady = sms?.node == null || sms.node.online
      if (node && isSmsReady) return node.id
      await passed(POLL_MS)
    }
    const reason = place.log.lastSentence() ?? `see ${place.log.path}`
    throw new StartFailed(`The simulated node did not connect to the gateway: ${reason}`)
  }

  #tellIfDiskIsFull(): void {
    const { dataDir, diskAcceptFreeBytes } = this.#config
    const { bavail, bsize } = statfsSync(dataDir)
    if (bavail * bsize >= diskAcceptFreeBytes) return
    this.#tell(
      `Nothing is accepted now: the disk that holds ${dataDir} has ${sizeText(bavail * bsize)} left, ` +
        `and ${sizeText(diskAcceptFreeBytes)} are kept free (BLUEWIRE_DISK_ACCEPT_FREE). Free some space.`,
    )
  }
}
