/** Headers that tell browsers what an answer may do. Programs ignore them. */
import helmet from '@fastify/helmet'
import type { FastifyHelmetRouteOptions } from '@fastify/helmet'
import type { FastifyInstance } from 'fastify'

type Directives = Record<string, string[]>

/** An API answer shows nothing and loads nothing. */
const NOTHING: Directives = {
  defaultSrc: ["'none'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
}

export function addSecurityHeaders(app: FastifyInstance, publicUrl: string): void {
  void app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: NOTHING },
    // Over plain http the header means nothing; and other hosts of the domain are not ours to speak for.
    strictTransportSecurity: publicUrl.startsWith('https:') ? { includeSubDomains: false } : false,
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
  })
}

/** For a page: what it may load beyond nothing. */
export function pagePolicy(allowed: Directives): FastifyHelmetRouteOptions {
  return { helmet: { contentSecurityPolicy: { useDefaults: false, directives: { ...NOTHING, ...allowed } } } }
}
