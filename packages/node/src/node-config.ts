/** `node.json`: what joining gave this node. It holds the credential, so only its owner may read it. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { nodeId } from '@bluewire/contract/node-protocol/common'
import { writeFileAtomically } from '@bluewire/platform/atomic-file'
import { programName } from '@bluewire/platform/program-name'

/** A full sentence, for the person at the terminal. */
export class NodeConfigError extends Error {
  override name = 'NodeConfigError'
}

const nodeConfig = z.object({
  url: z.string(),
  node: nodeId,
  credential: z.string().min(1),
  name: z.string(),
  /** Plain text to a public address was accepted. */
  insecure: z.boolean().default(false),
  driver: z.object({ name: z.string(), settings: z.unknown() }),
  /** Below this much free disk nothing is taken. */
  free_bytes_min: z.number().int().min(0).optional(),
  /** On a Mac: false lets it sleep. */
  keep_awake: z.boolean().optional(),
  /** `forbidden`: the command `update` does nothing. */
  updates: z.enum(['allowed', 'forbidden']).optional(),
})
export type NodeConfig = z.infer<typeof nodeConfig>

/** Where the node of a user is, unless `--dir` says otherwise. */
export function defaultDirectory(home: string): string {
  return join(home, '.bluewire-node')
}

export function configPath(directory: string): string {
  return join(directory, 'node.json')
}

export function isEnrolled(directory: string): boolean {
  return existsSync(configPath(directory))
}

/** @throws NodeConfigError */
export function readNodeConfig(directory: string): NodeConfig {
  const path = configPath(directory)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new NodeConfigError(
        `No node is enrolled in ${directory}. Run \`${programName('bluewire-node')} join URL CODE\` first.`,
      )
    }
    throw new NodeConfigError(`${path} cannot be read (${(error as Error).message}).`)
  }
  const parsed = nodeConfig.safeParse(jsonOf(text))
  if (!parsed.success)
    throw new NodeConfigError(
      `${path} is damaged. Join again with a new code: \`${programName('bluewire-node')} join URL CODE --replace\`.`,
    )
  return parsed.data
}

export function writeNodeConfig(directory: string, config: NodeConfig): void {
  writeFileAtomically(configPath(directory), `${JSON.stringify(config, null, 2)}\n`)
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
