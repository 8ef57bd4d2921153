/** The body of a request, as JSON or as a form with files. */
import type { IncomingMessage } from 'node:http'
import type { Request } from './routes.ts'

export async function readRequest(request: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const bytes = Buffer.concat(chunks)
  const url = new URL(request.url ?? '/', 'http://fake')
  const type = request.headers['content-type'] ?? ''
  const form = type.startsWith('multipart/form-data') ? await readForm(bytes, type) : null
  return {
    method: request.method ?? 'GET',
    path: url.pathname.replace(/^\/api\/v1\//, ''),
    query: url.searchParams,
    body: form?.body ?? readJson(bytes),
    files: form?.files ?? new Map(),
  }
}

/** As a browser's own parser does. */
async function readForm(bytes: Buffer, type: string): Promise<Pick<Request, 'body' | 'files'>> {
  const form = await new Response(new Uint8Array(bytes), { headers: { 'content-type': type } }).formData()
  const body: Record<string, unknown> = {}
  const files = new Map<string, { name: string; bytes: number }>()
  for (const [name, value] of form) {
    if (typeof value === 'string') body[name] = value
    else files.set(name, { name: value.name, bytes: value.size })
  }
  return { body, files }
}

function readJson(bytes: Buffer): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(bytes.toString('utf8'))
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
