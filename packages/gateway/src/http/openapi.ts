/** The OpenAPI 3.1 document, generated from the schemas that validate. */
import swagger from '@fastify/swagger'
import { errorBody } from '@bluewire/contract/api/error-body'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Scope } from '../accounts/tokens.ts'

const ERROR_ID = 'Error'

export type Operation = Readonly<{
  id: string
  summary: string
  description: string
  /** Null: any active token. Absent: no token is needed. */
  scope?: Scope | null
  params?: z.ZodType
  headers?: z.ZodType
  body?: z.ZodType
  answer: z.ZodType
  errors: readonly number[]
}>

/** A route's `schema`: it documents, and neither validates nor serialises (see `documentOnly`). */
export function describe(operation: Operation) {
  const { params, headers, body } = operation
  const scope =
    operation.scope === undefined || operation.scope === null ? '' : ` Needs the scope \`${operation.scope}\`.`
  return {
    operationId: operation.id,
    summary: operation.summary,
    description: `${operation.description}${scope}`,
    ...(operation.scope === undefined ? {} : { security: [{ token: [] }, { apiKey: [] }] }),
    ...(params === undefined ? {} : { params: jsonSchema(params) }),
    ...(headers === undefined ? {} : { headers: jsonSchema(headers) }),
    ...(body === undefined
      ? {}
      : { consumes: ['application/json', 'application/x-www-form-urlencoded'], body: jsonSchema(body) }),
    response: {
      200: { description: 'Success', ...jsonSchema(operation.answer) },
      ...Object.fromEntries(operation.errors.map((status) => [status, { $ref: `${ERROR_ID}#` }])),
    },
  }
}

/** It lists the routes that are added after it, in plugins of their own. */
export function addOpenApi(app: FastifyInstance, publicUrl: string): void {
  documentOnly(app)
  app.addSchema({ $id: ERROR_ID, ...jsonSchema(errorBody) })
  void app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Bluewire',
        version: '1',
        description: `Sends iMessages and SMS from programs. Error codes: ${publicUrl}/docs/errors`,
      },
      servers: [{ url: publicUrl }],
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: '`Token YOUR_TOKEN` is understood as well' },
          apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'The token alone' },
        },
      },
    },
    refResolver: { buildLocalReference: () => ERROR_ID },
  })
}

/** Routes validate with the schemas of the contract themselves, and name every bad field at once, which a compiled schema cannot. */
function documentOnly(app: FastifyInstance): void {
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => (body) => JSON.stringify(body))
}

function jsonSchema(schema: z.ZodType): Record<string, unknown> {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, { io: 'input', override: withoutSafeRange })
  return json
}

/** Every integer of JavaScript has these bounds; written out, they would look like a rule of ours. */
function withoutSafeRange({ jsonSchema: json }: { jsonSchema: { minimum?: number; maximum?: number } }): void {
  if (json.minimum === Number.MIN_SAFE_INTEGER) delete json.minimum
  if (json.maximum === Number.MAX_SAFE_INTEGER) delete json.maximum
}
