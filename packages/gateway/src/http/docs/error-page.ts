/** `/docs/errors`: the error catalogue as a page, with an anchor for each code; every error answer links here. */
import { ERRORS } from '@bluewire/contract/errors'
import type { ErrorArea, ErrorSpec } from '@bluewire/contract/errors'

const AREAS: Readonly<Record<ErrorArea, string>> = {
  request: 'The request',
  recipient: 'The recipient',
  access: 'Access',
  limit: 'Limits',
  outcome: 'Accepted, and then not sent',
  service: 'The service',
}

/** Stands in no answer's `data.code`: it is no error. A message's `failure.code` may be it. */
const UNKNOWN_OUTCOME =
  '<tr id="outcome_unknown"><td><code>outcome_unknown</code></td><td>200</td>' +
  '<td>It cannot be learnt (yet) whether the message went out</td><td>never by itself</td>' +
  '<td>Do not send it again without looking: the recipient may have it. <code>GET /messages/:id</code> tells when more is known.</td></tr>'

export function errorPage(): string {
  const specs = Object.entries<ErrorSpec>(ERRORS)
  const sections = Object.entries(AREAS).map(([area, title]) => {
    const rows = specs.filter(([, spec]) => spec.area === area).map(([code, spec]) => row(code, spec))
    if (area === 'outcome') rows.push(UNKNOWN_OUTCOME)
    return `<h2>${title}</h2>
<table>
<thead><tr><th>Code</th><th>HTTP</th><th>Meaning</th><th>Again</th><th>What to do</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>`
  })
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Bluewire: errors</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Errors</h1>
<p>Every error is JSON. <code>data.code</code> is one of the words below, <code>data.error</code> says what happened and what to do,
and <code>data.fields</code> names each parameter that is wrong. <em>Again</em> says whether the same request may succeed later.
After an error of the request, the recipient, access or limits nothing was accepted.</p>
${sections.join('\n')}
</main>
</body>
</html>
`
}

function row(code: string, spec: ErrorSpec): string {
  const again = spec.retryable ? 'later' : 'no'
  const cells = [`<code>${code}</code>`, spec.status, spec.title, again, html(spec.todo)]
  return `<tr id="${code}">${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`
}

/** Code in backticks; links lead to pages of the repository, which are not here, so just their names stay. */
function html(markdown: string): string {
  const escaped = markdown.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`)
  return escaped.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/`([^`]*)`/g, '<code>$1</code>')
}

export const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 0.3rem 1rem 0.3rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); vertical-align: top; }
@media (max-width: 40rem) {
  thead { display: none; }
  tr { display: block; padding: 0.5rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
  td { display: block; border: 0; padding: 0; overflow-wrap: anywhere; }
  td:nth-child(1) { font-weight: bold; }
  td:nth-child(2)::before { content: 'HTTP '; }
  td:nth-child(4)::before { content: 'Again: '; }
  td:nth-child(5)::before { content: 'What to do: '; }
}
tr:target { background: color-mix(in srgb, gold 35%, transparent); }
`
