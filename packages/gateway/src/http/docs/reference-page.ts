/** `/docs`: the API reference, drawn by Scalar from `/openapi.json`. Everything it loads comes from this gateway. */
import { fastify } from 'fastify'

/** What Scalar is told: nothing that would call another host, and no test requests that would need a token in a page. */
const CONFIGURATION = {
  title: 'Bluewire API',
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
  showDeveloperTools: 'never',
  agent: { disabled: true, hideAddApi: true },
  mcp: { disabled: true },
} as const

export function referencePage(base: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Bluewire API</title>
<link rel="icon" href="data:,">
</head>
<body>
<div id="app"></div>
<noscript>This page needs JavaScript. The same as data: <a href="${base}/openapi.json">openapi.json</a>;
the error codes: <a href="${base}/docs/errors">errors</a>.</noscript>
<script src="${base}/docs/scalar.js"></script>
<script src="${base}/docs/start.js"></script>
</body>
</html>
`
}

/** A file of its own, so that the page needs no inline script. */
export function startScript(base: string): string {
  return `Scalar.createApiReference('#app', ${JSON.stringify({ ...CONFIGURATION, url: `${base}/openapi.json` })})\n`
}

let script: Promise<string> | undefined

/**
 * Scalar's script, several megabytes: loaded when somebody first opens the page, because most gateways are never asked for it.
 * The package hands it out through its Fastify plugin alone, so a server that never listens is asked for it.
 */
export function scalarScript(): Promise<string> {
  script ??= loadScript()
  return script
}

async function loadScript(): Promise<string> {
  const { default: scalar } = await import('@scalar/fastify-api-reference')
  const app = fastify()
  await app.register(scalar, { routePrefix: '/reference', configuration: { url: '/openapi.json' } })
  const answer = await app.inject('/reference/js/scalar.js')
  await app.close()
  if (answer.statusCode !== 200) throw new Error('the API reference has no script')
  return answer.payload
}
