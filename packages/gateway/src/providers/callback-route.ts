/**
 * `/callbacks/<provider>/…`: what providers report over HTTP, receipts and inbound messages. Nobody has a token here; each provider checks
 * that a request is its own, and what is not changes nothing.
 */
import { isProviderId } from '@bluewire/contract/ids'
import type { FastifyInstance } from 'fastify'
import type { ProviderHost } from './provider-host.ts'

const BODY_BYTES_MAX = 64 * 1024

export function registerCallbackRoute(
  app: FastifyInstance,
  deps: { providers: Pick<ProviderHost, 'session' | 'isKnown'>; publicUrl: string },
): void {
  void app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers()
    // Signatures are made over the body as it came.
    scope.addContentTypeParser('*', { parseAs: 'string', bodyLimit: BODY_BYTES_MAX }, (_request, body, parsed) =>
      parsed(null, body),
    )
    scope.route<{ Params: { provider: string; '*': string } }>({
      method: ['GET', 'POST'],
      exposeHeadRoute: false,
      url: '/callbacks/:provider/*',
      schema: { hide: true },
      handler: async (request, reply) => {
        const { provider, '*': path } = request.params
        const session = isProviderId(provider) ? deps.providers.session(provider) : null
        if (session === null) {
          if (!isProviderId(provider) || !deps.providers.isKnown(provider))
            return reply.code(404).send({ code: 404, message: 'There is no such provider here.' })
          // It begins anew, or lacks something: what it is told now would be lost, so it has to be told again.
          const message = 'The provider is not working at the moment. Say it again in a moment.'
          return reply.code(503).header('retry-after', '10').send({ code: 503, message })
        }
        const url = `${deps.publicUrl}${request.raw.url ?? ''}`
        const answer = await session.callback({
          method: request.method,
          url,
          path,
          query: new URL(url).searchParams,
          headers: Object.fromEntries(
            Object.entries(request.headers).map(([name, value]) => [
              name,
              Array.isArray(value) ? value.join(', ') : value,
            ]),
          ),
          body: typeof request.body === 'string' ? request.body : '',
        })
        return reply
          .code(answer.status)
          .type(answer.contentType ?? 'application/json; charset=utf-8')
          .send(answer.body ?? JSON.stringify({ code: answer.status }))
      },
    })
    done()
  })
}
