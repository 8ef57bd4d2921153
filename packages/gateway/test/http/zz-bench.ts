import { fastify } from 'fastify'
import { execFileSync, spawnSync, spawn } from 'node:child_process'
import { HttpWorld } from './http-world.ts'
import { parseSendText } from '../../src/http/routes/send-text/parse-request.ts'
import { addBodyParsers } from '../../src/http/body-parsers.ts'
const mode = process.argv[2]!
async function cpu(label: string, port: number, token: string) { const a = process.cpuUsage(); const r = await load(port, token); const d = process.cpuUsage(a); const n = Object.values(JSON.parse(r).codes as Record<string, number>).reduce((x, y) => x + y, 0); console.log(label.padEnd(8), r, ((d.user + d.system) / n).toFixed(1), 'us cpu/request') }
async function load(port: number, token: string, s = 4) { const p = spawn(process.execPath, ['/tmp/spike/load.mjs', String(port), '/send/text', token, String(s), '64']); let o = ''; p.stdout.on('data', (d) => o += d); p.stderr.pipe(process.stderr); await new Promise((r) => p.on('close', r)); return o.trim() }
if (mode === 'bare') {
  const app = fastify(); addBodyParsers(app)
  app.post('/send/text', async (req) => { const p = parseSendText(req.body, { region: 'US', textUnitsMax: 20000 }); return { message: 'Successfully sent', crumbs: { plan: 'unlimited', quota: 12, type: 'imessage', ad: false }, message_id: 'x', status: 'queued', to: p.ok ? p.send.to : '' } })
  await app.listen({ port: 18090, host: '127.0.0.1' })
  await load(18090, 'x', 2); await cpu('bare', 18090, 'x')
} else {
  const wrap = mode === 'nostore' ? (store: any) => { let used = 0; return { ...store, accept: (m: any) => new Promise((r) => setImmediate(() => r({ kind: 'accepted', id: m.id, used: ++used }))) } } : undefined
  const w = new HttpWorld({ logTo: process.env['LOGTO'] ?? '/dev/null',  tokenRatePerS: 1e9, tokenBurst: 1e9, expiresInMsDefault: 1e15, ...(wrap ? { wrapStore: wrap } : {}) })
  const t = await w.tenant(); const n = await w.node(t); n.disconnect()
  await w.app.listen({ port: 18091, host: '127.0.0.1' })
  await load(18091, t.token, 2); w.logged.length = 0
  if (process.argv[3]) { const { Session } = await import('node:inspector/promises'); const s = new Session(); s.connect(); await s.post('Profiler.enable'); await s.post('Profiler.start'); console.log(mode, await load(18091, t.token)); const { profile } = await s.post('Profiler.stop'); (await import('node:fs')).writeFileSync('/tmp/spike/steady.cpuprofile', JSON.stringify(profile)) }
  else await cpu(mode, 18091, t.token)
  await w.stop()
}
process.exit()
