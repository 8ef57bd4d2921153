/** `GET /node/install.sh` and the agent it fetches: what a Mac needs that reaches nothing but its gateway. No credential is needed. */
import { BluewireError } from '@bluewire/contract/errors'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { AgentUnavailableError } from './agent-files.ts'
import type { AgentFile, AgentFiles } from './agent-files.ts'
import { installScript } from './install-script.ts'

const HIDDEN = { schema: { hide: true } }
const RETRY_AFTER_S = '30'

export type InstallDeps = Readonly<{
  agent: Pick<AgentFiles, 'current'>
  /** Where Macs reach this gateway. Asked when it listens. */
  publicUrl: () => string
  onError: (error: unknown) => void
}>

export function registerInstallRoutes(app: FastifyInstance, { agent, publicUrl, onError }: InstallDeps): void {
  app.get('/node/install.sh', HIDDEN, (_request, reply) =>
    reply
      .type('text/x-shellscript; charset=utf-8')
      .header('cache-control', 'no-cache')
      .send(installScript(publicUrl())),
  )

  app.get<{ Params: { sha256: string } }>(
    '/node/bluewire-node-:sha256(^[0-9a-f]{64}).mjs',
    HIDDEN,
    async (request, reply) => {
      const current = await agentOr(reply)
      if (current === undefined) return reply
      if (request.params.sha256 !== current.sha256) {
        throw new BluewireError(
          'not_found',
          `This gateway has no agent with that SHA-256: it has bluewire-node-${current.sha256}.mjs now. ` +
            'A new command names it: bluewire-gateway enrol.',
        )
      }
      void reply.type('text/javascript; charset=utf-8').header('etag', `"${current.sha256}"`)
      void reply.header('cache-control', 'public, max-age=31536000, immutable')
      if (request.headers['if-none-match'] === `"${current.sha256}"`) return reply.code(304).send()
      return reply.send(current.content) // one buffer for everybody: a slow reader holds no copy of it
    },
  )

  async function agentOr(reply: FastifyReply): Promise<AgentFile | undefined> {
    try {
      return await agent.current()
    } catch (error) {
      if (!(error instanceof AgentUnavailableError)) throw error
      onError(error)
      const message = 'This gateway cannot make the agent. Its log says why.'
      void reply.code(503).header('retry-after', RETRY_AFTER_S).send({ code: 503, message })
      return undefined
    }
  }
}
