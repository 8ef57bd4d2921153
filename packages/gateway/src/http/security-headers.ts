/** Headers that tell browsers what an answer may do. Programs ignore them. */
import helmet from '@fastify/helmet'
import type { FastifyHelmetRouteOptions } from '@fastify/helmet'
import type { FastifyInstance } from 'fastify'

type Directives = Record<string, string[]>

/** What any answer may load and do unless a page says more: nothing. */
const NOTHING: Directives = {
  defaultSrc: ["'none'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
}

/**
 * For answers that are data. A constant, not helmet: helmet builds every header anew for each request, which costs more than
 * all the rest of a bare route together.
 */
export function dataHeaders(publicUrl: string): Readonly<Record<string, string>> {
  return {
    'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    ...(isHttps(publicUrl) ? { 'strict-transport-security': 'max-age=31536000' } : {}),
  }
}

/** Everywhere but on pages with a policy of their own, which helmet writes. */
export function addDataHeaders(app: FastifyInstance, publicUrl: string): void {
  const headers = dataHeaders(publicUrl)
  app.addHook('onRequest', (request, reply, done) => {
    if (!('helmet' in request.routeOptions.config)) reply.headers(headers)
    done()
  })
}

/** In the scope that has the pages, and nowhere else. */
export async function addPageHeaders(pages: FastifyInstance, publicUrl: string): Promise<void> {
  await pages.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: NOTHING },
    // Over plain http the header means nothing; and other hosts of the domain are not ours to speak for.
    strictTransportSecurity: isHttps(publicUrl) ? { includeSubDomains: false } : false,
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
  })
}

/** What a page may load beyond nothing. */
export function pagePolicy(allowed: Directives): FastifyHelmetRouteOptions {
  return { helmet: { contentSecurityPolicy: { useDefaults: false, directives: { ...NOTHING, ...allowed } } } }
}

function isHttps(publicUrl: string): boolean {
  return publicUrl.startsWith('https:')
}
