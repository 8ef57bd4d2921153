/** The pages and files under `/docs`, and the OpenAPI document they show. */
import type { FastifyInstance, FastifyReply } from 'fastify'
import { pagePolicy } from '../security-headers.ts'
import { errorPage, STYLE } from './error-page.ts'
import { referencePage, scalarScript, startScript } from './reference-page.ts'
import { hash } from 'node:crypto'

const HIDDEN = { schema: { hide: true } }

/** Scalar sets styles while it runs, so they cannot be listed; scripts, and everything it loads, come from here alone. */
const REFERENCE_POLICY = pagePolicy({
  scriptSrc: ["'self'"],
  styleSrc: ["'unsafe-inline'"],
  imgSrc: ["'self'", 'data:'],
  fontSrc: ["'self'", 'data:'],
  connectSrc: ["'self'"],
})

const ERRORS_POLICY = pagePolicy({ styleSrc: [`'sha256-${hash('sha256', STYLE, 'base64')}'`] })

export function docs(app: FastifyInstance, publicUrl: string): void {
  const base = new URL(publicUrl).pathname.replace(/\/+$/, '')
  app.get('/', HIDDEN, (_request, reply) => reply.redirect(`${base}/docs`))
  app.get('/openapi.json', HIDDEN, () => app.swagger())
  app.get('/docs', { ...HIDDEN, ...REFERENCE_POLICY }, (_request, reply) => html(reply, referencePage(base)))
  app.get('/docs/errors', { ...HIDDEN, ...ERRORS_POLICY }, (_request, reply) => html(reply, errorPage()))
  app.get('/docs/start.js', HIDDEN, (_request, reply) => script(reply, startScript(base)))
  app.get('/docs/scalar.js', HIDDEN, async (_request, reply) => script(reply, await scalarScript()))
}

function html(reply: FastifyReply, page: string): FastifyReply {
  return reply.type('text/html; charset=utf-8').send(page)
}

function script(reply: FastifyReply, text: string): FastifyReply {
  return reply.type('text/javascript; charset=utf-8').header('cache-control', 'public, max-age=3600').send(text)
}
