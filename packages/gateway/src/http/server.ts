/** The HTTP face of a gateway: what every route shares. It does not listen by itself; `listen` is the caller's. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { fastify } from 'fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { MessageId } from '@bluewire/contract/ids'
import { AcceptUnknownError } from '../store/store.ts'
import { authenticate, CallerLookup } from './auth.ts'
import { addBodyParsers } from './body-parsers.ts'
import { crumbsForError } from './crumbs.ts'
import { docs } from './docs/docs.ts'
import { errorIdOf } from './envelope.ts'
import { asBluewireError, errorAnswer } from './errors.ts'
import { failedInternally, requestAnswered } from './events.ts'
import { sendAnswer } from './http-deps.ts'
import type { HttpDeps } from './http-deps.ts'
import { answerUnknownRoutes } from './not-found.ts'
import { addOpenApi } from './openapi.ts'
import { TokenBuckets } from './rate-limit.ts'
import { getAvailability } from './routes/get-availability.ts'
import { getMessage } from './routes/get-message.ts'
import { getQuota } from './routes/get-quota.ts'
import { health } from './routes/health.ts'
import { LineBook } from './routes/send-text/line-book.ts'
import { sendText } from './routes/send-text/send-text.ts'
import { addDataHeaders, addPageHeaders, dataHeaders } from './security-headers.ts'
import { answerExpectation, answerSocketError, OpenAnswers } from './socket-errors.ts'

/** A request must have arrived whole within this time. */
const REQUEST_TIMEOUT_MS = 30_000
/** Node.js looks this often for requests that are late; its own 30 s would make half a minute a whole one and more. */
const REQUEST_CHECK_MS = 2_000
/** Longer than the idle time of common load balancers (60 s), so that they close first and no request meets a closed socket. */
const KEEP_ALIVE_MS = 72_000

export function createHttpServer(deps: HttpDeps): FastifyInstance {
  const open = new OpenAnswers()
  const app = newApp(deps, open)
  open.watch(app.server)
  app.decorateRequest('caller', null)
  app.decorateRequest('service', null)
  app.decorateRequest('messageId', null)
  app.server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) =>
    answerExpectation(deps, response),
  )
  addBodyParsers(app)
  logRequests(app, deps)
  answerUnknownRoutes(app, deps.options.publicUrl)
  app.setErrorHandler((error, request, reply) => answerError(deps, { error, request, reply }))
  addDataHeaders(app, deps.options.publicUrl)
  addOpenApi(app, deps.options.publicUrl)
  void app.register((scope, _options, done) => {
    addRoutes(scope, deps)
    done()
  })
  void app.register(async (pages) => {
    await addPageHeaders(pages, deps.options.publicUrl)
    docs(pages, deps.options.publicUrl)
  })
  return app
}

function newApp(deps: HttpDeps, open: OpenAnswers): FastifyInstance {
  const { trustProxy } = deps.options
  return fastify({
    logger: false, // one line per request, below; a child logger per request would cost more than the line
    genReqId: () => `req_${deps.ulid()}`,
    trustProxy: typeof trustProxy === 'object' ? [...trustProxy] : trustProxy,
    bodyLimit: deps.options.bodyBytesMax,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    return503OnClosing: false, // draining is answered by the routes, in the shape of every error
    routerOptions: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true, maxParamLength: 500 },
    http: { requireHostHeader: false, connectionsCheckingInterval: REQUEST_CHECK_MS },
    clientErrorHandler: (error, socket) => answerSocketError({ ...deps, open }, error, socket),
    frameworkErrors: (error, request, reply) =>
      void answerError(deps, { error, request, reply: reply.headers(dataHeaders(deps.options.publicUrl)) }),
  })
}

function addRoutes(app: FastifyInstance, deps: HttpDeps): void {
  const auth = {
    store: deps.store,
    clock: deps.clock,
    buckets: new TokenBuckets(deps.options, deps.clock),
    callers: new CallerLookup(deps.store, deps.clock),
  }
  const parts = { ...deps, book: new LineBook(deps.store, deps.clock) }
  sendText(app, parts, authenticate(auth, 'messages:send'))
  getMessage(app, deps, authenticate(auth, 'messages:read'))
  getQuota(app, deps, authenticate(auth, null))
  getAvailability(app, deps, authenticate(auth, 'lines:read'))
  health(app, deps)
}

function logRequests(app: FastifyInstance, deps: HttpDeps): void {
  app.addHook('onResponse', (request, reply, done) => {
    requestAnswered(deps, {
      id: request.id,
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      status: reply.statusCode,
      ms: reply.elapsedTime,
      account: request.caller?.account.id,
      token: request.caller?.token.id,
      message: request.messageId ?? undefined,
    })
    done()
  })
}

type Failed = Readonly<{ error: unknown; request: FastifyRequest; reply: FastifyReply }>

async function answerError(deps: HttpDeps, { error, request, reply }: Failed): Promise<FastifyReply> {
  const known = asBluewireError(error, deps.options)
  if (known.code === 'internal') failedInternally(deps, { id: errorIdOf(request.id), error: known.cause })
  const caller = request.caller ?? null // a request with an address that cannot be read has no such property
  const who = caller === null ? null : { account: caller.account, adText: deps.options.adText }
  const crumbs = who === null ? null : await crumbsForError(deps.store, who, request.service ?? null)
  const answer = errorAnswer(known, {
    stamp: { requestId: request.id, nowMs: deps.clock.nowMs() },
    publicUrl: deps.options.publicUrl,
    crumbs,
    about: aboutOf(error),
  })
  return sendAnswer(reply, answer)
}

/** After an ambiguous commit the caller gets the id to ask about. */
function aboutOf(error: unknown): { message_id?: MessageId } {
  return error instanceof AcceptUnknownError ? { message_id: error.message_id } : {}
}
