import { commandLine } from './command-line.ts'

// Whoever read the output may be gone: that is no reason to stop halfway.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

process.umask(0o077) // credentials, texts and numbers are in these files
process.exitCode = await commandLine(process.argv.slice(2), { out: console.log, err: console.error })
