/** Addresses that lead nowhere, and methods that are not possible where they lead: 404, or 405 with `Allow`. */
import { BluewireError } from '@bluewire/contract/errors'
import type { FastifyInstance } from 'fastify'

/** Call it before any route is added: it listens for them. */
export function answerUnknownRoutes(app: FastifyInstance, publicUrl: string): void {
  const routes = new Map<string, { matches: RegExp; methods: Set<string> }>()
  app.addHook('onRoute', ({ url, method }) => {
    const known = routes.get(url) ?? { matches: patternOf(url), methods: new Set() }
    for (const one of [method].flat()) known.methods.add(one)
    routes.set(url, known)
  })
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.replace(/[?#].*$/s, '')
    const methods = [...routes.values()].filter((r) => r.matches.test(path)).flatMap((r) => [...r.methods])
    if (methods.length === 0) {
      throw new BluewireError('not_found', `There is nothing at this address. ${publicUrl}/docs lists what there is.`)
    }
    const allow = [...new Set(methods)].sort().join(', ')
    void reply.header('allow', allow)
    throw new BluewireError('method_not_allowed', `This address does not take ${request.method}, only ${allow}.`)
  })
}

/** In a route: `:id`, or `:id(^[0-9]+)`, which says itself what it takes. */
const PARAMETER = /(:\w+(?:\([^)]*\))?)/

/** `/messages/:id` as an expression that tolerates what the router does: doubled slashes and one at the end. */
function patternOf(url: string): RegExp {
  const parts = url.split('/').filter((part) => part !== '')
  const source = parts.map((part) => part.split(PARAMETER).map(expressionOf).join('')).join('/+')
  return new RegExp(`^/*${source}/*$`)
}

function expressionOf(text: string): string {
  if (!text.startsWith(':')) return text.replace(/[^\w-]/g, '\\$&')
  const [, own] = /\(\^?(.*?)\$?\)$/.exec(text) ?? []
  return own ?? '[^/]+'
}
