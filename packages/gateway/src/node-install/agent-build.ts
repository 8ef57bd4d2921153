/**
 * The node agent as one file that needs nothing but Node.js: a Mac that reaches only its gateway can run it.
 * The same sources and packages give the same bytes, wherever they lie: its SHA-256 names it.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BuildFailure, BuildOptions, BuildResult } from 'esbuild'

/** Where `packages/` and `node_modules/` are. */
export const SOURCE_ROOT = join(import.meta.dirname, '..', '..', '..', '..')

/** The message is one line that says what is wrong. */
export class AgentBuildError extends Error {
  override name = 'AgentBuildError'
}

// Not imported: the gateway does not depend on the node, it only serves it.
const ENTRY = 'packages/node/src/main.ts'

/** Packages that are made to be `require`d find it here; `import.meta.url` is that of the one file. */
const HEAD =
  "// The Bluewire node agent, made by its gateway. Run it with Node.js 24: node bluewire-node.mjs --help\nimport { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);"

const OPTIONS = {
  entryPoints: [ENTRY],
  outfile: 'bluewire-node.mjs',
  bundle: true,
  write: false,
  metafile: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  charset: 'utf8',
  legalComments: 'none', // the whole licences are at the end
  minifySyntax: true,
  minifyWhitespace: true, // names stay, so that a stack trace can be read
  banner: { js: HEAD },
  // `ws` would load these two from wherever it finds them, compiled for whatever Node.js.
  define: { 'process.env.WS_NO_BUFFER_UTIL': '"1"', 'process.env.WS_NO_UTF_8_VALIDATE': '"1"' },
  external: ['bufferutil', 'utf-8-validate', 'kerberos'],
  tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  logLevel: 'silent',
} as const satisfies BuildOptions

/** Everything but the sources that decides what comes out. */
export const RECIPE = JSON.stringify(OPTIONS)

/**
 * About half a second of another process.
 * @throws AgentBuildError
 */
export async function buildAgent(root: string): Promise<Buffer> {
  const { outputFiles, metafile } = await bundle(root)
  const [output] = outputFiles ?? []
  if (output === undefined || metafile === undefined) throw new AgentBuildError('esbuild made no file.')
  return Buffer.concat([output.contents, Buffer.from(licences(root, Object.keys(metafile.inputs)))])
}

async function bundle(root: string): Promise<BuildResult> {
  try {
    const esbuild = await import('esbuild') // loaded by those who need it: few starts of a gateway do
    try {
      return await esbuild.build({
        ...OPTIONS,
        entryPoints: [ENTRY],
        external: [...OPTIONS.external],
        absWorkingDir: root,
      })
    } finally {
      await esbuild.stop()
    }
  } catch (error) {
    throw new AgentBuildError(reasonOf(error), { cause: error })
  }
}

/** The first thing that esbuild complains about; without that, what any error says first. */
function reasonOf(error: unknown): string {
  const { errors } = error as Partial<BuildFailure>
  const text = errors?.[0]?.text ?? (error instanceof Error ? error.message : String(error))
  return text.trim().split('\n')[0] ?? ''
}

/** What the licences of the packages inside ask for: that they come along. */
function licences(root: string, inputs: readonly string[]): string {
  const packages = new Set(inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []))
  const texts = [...packages].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Record<
      string,
      unknown
    >
    const file = readdirSync(join(root, folder))
      .sort()
      .find((entry) => /^licen[cs]e(\.\w+)?$/i.test(entry))
    const text = file === undefined ? `Licence: ${String(license)}` : readFileSync(join(root, folder, file), 'utf8')
    return `${String(name)} ${String(version)}\n\n${text.trim()}`
  })
  const whole = ['What is inside, besides Bluewire itself (Apache-2.0):', ...texts].join('\n\n-----\n\n')
  return `/*\n${whole.replaceAll('\r', '').replaceAll('*/', '* /')}\n*/\n`
}
