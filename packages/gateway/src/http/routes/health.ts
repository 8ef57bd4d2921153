/** `/healthz`: the process runs. `/readyz`: it may be given work. `/metrics`: for Prometheus. */
import { healthAnswer } from '@bluewire/contract/api/health'
import type { HealthAnswer } from '@bluewire/contract/api/health'
import { BluewireError } from '@bluewire/contract/errors'
import type { FastifyInstance } from 'fastify'
import type { HttpDeps } from '../http-deps.ts'
import { describe } from '../openapi.ts'

export function health(app: FastifyInstance, deps: HttpDeps): void {
  app.get('/healthz', { schema: HEALTH }, (): HealthAnswer => ({ status: 'ok' }))

  app.get('/readyz', { schema: READY }, async (): Promise<HealthAnswer> => {
    if (deps.state.draining()) throw new BluewireError('draining', 'The gateway is shutting down.')
    if (deps.state.diskFull())
      throw new BluewireError('disk_full', 'The disk of the gateway has too little free space.')
    try {
      await deps.store.ping()
    } catch (cause) {
      throw new BluewireError('store_unavailable', 'The database cannot be read.', { cause })
    }
    return { status: 'ok' }
  })

  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) => {
    return reply.type(deps.metrics.registry.contentType).send(await deps.metrics.registry.metrics())
  })
}

const HEALTH = describe({
  id: 'getHealth',
  summary: 'The process runs',
  description: 'Answers as long as the process does.',
  answer: healthAnswer,
  errors: [],
})

const READY = describe({
  id: 'getReadiness',
  summary: 'The gateway takes work',
  description: 'The database answers, the disk has room, and the gateway is not shutting down.',
  answer: healthAnswer,
  errors: [503],
})
