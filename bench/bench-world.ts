/** What every measurement needs: a folder on the disk that is measured, and programs that are stopped whatever happens. */
import { join } from 'node:path'
import { Child } from './child.ts'
import { makePlace, startGateway } from './instance.ts'
import type { EnrolledNode, Gateway, GatewayOptions, Place } from './instance.ts'
import type { ClosedLoad, LoadAnswer, OpenLoad } from './programs/generator.ts'
import type { ConnectNodes } from './programs/nodes.ts'

/** The most that one node may offer. */
export const LINES_PER_NODE_MAX = 50

export type WorldGateway = Readonly<{
  env?: GatewayOptions['env']
  /** Runs before it starts. */
  prepare?: (place: Place) => void | Promise<void>
}>

const program = (name: string): string => join(import.meta.dirname, 'programs', `${name}.ts`)

export class World implements AsyncDisposable {
  readonly directory: string
  readonly #profileTo: string | undefined
  readonly #stops: Array<() => Promise<void>> = []
  #generator: Child | null = null

  constructor(directory: string, profileTo?: string) {
    this.directory = directory
    this.#profileTo = profileTo
  }

  /** A gateway of its own, with so many nodes enrolled and none connected. */
  async gateway(name: string, nodes: number, options: WorldGateway = {}): Promise<Place & Gateway> {
    const place = await makePlace(join(this.directory, name), nodes)
    await options.prepare?.(place)
    const gateway = await startGateway(place, {
      nodeOptions: this.#profileTo === undefined ? [] : profiling(join(this.#profileTo, name)),
      ...(options.env === undefined ? {} : { env: options.env }),
    })
    this.#stops.push(() => gateway.stop())
    return { ...place, ...gateway }
  }

  program(name: string, options: Omit<ConstructorParameters<typeof Child>[0], 'file'> = {}): Child {
    const nodeOptions = this.#profileTo === undefined ? [] : profiling(join(this.#profileTo, name))
    const child = new Child({ file: program(name), nodeOptions, ...options })
    this.#stops.push(() => child.stop())
    return child
  }

  /** @throws when any request was not answered with 200: then there is nothing to compare */
  async load(load: ClosedLoad | OpenLoad): Promise<LoadAnswer> {
    this.#generator ??= this.program('generator')
    const answer = await this.#generator.ask<LoadAnswer>(load)
    if (answer.refused !== null) throw new Error(`a request was refused: ${answer.refused}`)
    return answer
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) await stop()
    this.#generator = null
  }
}

/** Gives the lines out to the nodes, none more than it may have. */
export function withLines(nodes: readonly EnrolledNode[], lines: number): ConnectNodes['nodes'] {
  const addresses = Array.from({ length: lines }, (_, i) => `+1500555${String(1000 + i)}`)
  return nodes.map((node, i) => ({
    ...node,
    lines: addresses.slice(i * LINES_PER_NODE_MAX, (i + 1) * LINES_PER_NODE_MAX),
  }))
}

function profiling(directory: string): readonly string[] {
  return ['--cpu-prof', `--cpu-prof-dir=${directory}`]
}
