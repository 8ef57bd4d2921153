import { join } from 'node:path'
import { z } from 'zod'
import type { NodeConfig } from '../../node-config.ts'

const settings = z.object({ messages_dir: z.string() })

/** Where Messages keeps its database: the driver's setting, or where macOS has it. */
export function messagesFolder(home: string, config: NodeConfig | null): string {
  const parsed = settings.safeParse(config?.driver.settings)
  return parsed.success ? parsed.data.messages_dir : join(home, 'Library/Messages')
}
