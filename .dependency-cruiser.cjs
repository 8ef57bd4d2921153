'use strict'
/**
 * Who may import whom. The two tables below are the architecture; the rules are made from them.
 * A package or a gateway folder that stands in no table is an error: add it, with its edges, in the commit that makes it.
 * scripts/boundaries.test.ts plants one forbidden import of each kind and expects it to be found.
 */

/** Between packages: contract ← engine, platform ← drivers ← node; all but drivers and node ← gateway. */
const PACKAGES = {
  contract: [],
  engine: ['contract'],
  platform: ['contract'],
  drivers: ['contract', 'platform'],
  gateway: ['contract', 'drivers', 'engine', 'platform'],
  node: ['contract', 'drivers', 'platform'],
  // The test kit builds whole worlds. It is imported by tests, the bench and scripts only.
  testkit: ['contract', 'drivers', 'engine', 'gateway', 'node', 'platform'],
}

/**
 * Inside the gateway: folders, and files beside them. `store` is the port, `store/sqlite` one of its adapters: whoever needs a store
 * takes the port, and only what starts a program chooses the adapter. `http`, `nodes` and `providers` do not know each other: they meet in
 * `delivery`, which sends through the sessions that nodes and providers have.
 */
const GATEWAY = {
  config: [],
  'logger.ts': ['config'],
  'metrics.ts': [],
  store: [],
  'store/sqlite': ['store'],
  bus: ['store'],
  accounts: ['store'],
  'node-install': [],
  nodes: ['accounts', 'bus', 'logger.ts', 'metrics.ts', 'store'],
  delivery: ['bus', 'logger.ts', 'metrics.ts', 'store'],
  secrets: ['config'],
  providers: ['delivery', 'secrets', 'store'],
  http: ['accounts', 'bus', 'delivery', 'logger.ts', 'metrics.ts', 'store'],
  'startup-errors.ts': ['config', 'store/sqlite'],
  admin: ['accounts', 'config', 'node-install', 'providers', 'secrets', 'startup-errors.ts', 'store', 'store/sqlite'],
  quickstart: ['accounts', 'admin', 'config', 'node-install', 'secrets', 'startup-errors.ts', 'store', 'store/sqlite'],
  'compose.ts': [
    'accounts',
    'bus',
    'config',
    'delivery',
    'http',
    'logger.ts',
    'metrics.ts',
    'node-install',
    'nodes',
    'providers',
    'store',
    'store/sqlite',
  ],
  'main.ts': ['compose.ts', 'config', 'logger.ts', 'startup-errors.ts'],
}

/** Plain JavaScript that finds the right Node.js; every program may begin with it. */
const LAUNCHER = '^scripts/launch[.]cjs$'
const TEST = '[.]test[.]ts$|^packages/[^/]+/test/'
const GATEWAY_SRC = '^packages/gateway/src/'

const oneOf = (names) => `(?:${names.map((name) => name.replaceAll('.', '[.]')).join('|')})`

/** Matches the files of one unit of the gateway, and not those of a unit inside it. */
function gatewayUnit(unit) {
  if (unit.endsWith('.ts')) return `${GATEWAY_SRC}${unit.replaceAll('.', '[.]')}$`
  const inner = Object.keys(GATEWAY).filter((other) => other.startsWith(`${unit}/`))
  const butInner = inner.length === 0 ? '' : `(?!${oneOf(inner.map((name) => name.slice(unit.length + 1)))}/)`
  return `${GATEWAY_SRC}${unit}/${butInner}`
}

const packageRules = Object.entries(PACKAGES).map(([name, mayImport]) => ({
  name: `${name}-imports`,
  comment: mayImport.length === 0 ? `${name} imports no other package` : `${name} may import ${mayImport.join(', ')}`,
  severity: 'error',
  from: { path: `^packages/${name}/`, pathNot: TEST },
  to: { path: '^(?:packages|bench|scripts)/', pathNot: [`^packages/${oneOf([name, ...mayImport])}/`, LAUNCHER] },
}))

const gatewayRules = Object.entries(GATEWAY).map(([unit, mayImport]) => ({
  name: `gateway-${unit}-imports`,
  comment: `gateway/src/${unit} may import ${mayImport.join(', ') || 'nothing else of the gateway'}`,
  severity: 'error',
  from: { path: gatewayUnit(unit), pathNot: TEST },
  to: { path: GATEWAY_SRC, pathNot: [unit, ...mayImport].map(gatewayUnit) },
}))

module.exports = {
  forbidden: [
    ...packageRules,
    ...gatewayRules,
    {
      name: 'package-in-no-table',
      comment: 'name the new package in PACKAGES',
      severity: 'error',
      from: { path: '^packages/', pathNot: `^packages/${oneOf(Object.keys(PACKAGES))}/` },
      to: {},
    },
    {
      name: 'gateway-unit-in-no-table',
      comment: 'name the new folder or file in GATEWAY',
      severity: 'error',
      from: { path: GATEWAY_SRC, pathNot: [TEST, ...Object.keys(GATEWAY).map(gatewayUnit)] },
      to: {},
    },
    {
      name: 'no-cycles',
      comment: 'nothing may run in a circle; types may',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-test-from-product',
      comment: 'what is shipped does not import tests',
      severity: 'error',
      from: { pathNot: TEST },
      to: { path: TEST },
    },
    {
      name: 'declared-dependencies',
      comment: 'what is shipped imports only what its own package.json declares as a dependency',
      severity: 'error',
      from: { path: '^packages/', pathNot: [TEST, '^packages/testkit/'] },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'resolvable',
      comment: 'an import that is not found would pass every other rule',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    moduleSystems: ['es6', 'cjs'],
    tsPreCompilationDeps: true, // an import of types is a dependency too
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['node', 'import', 'default', 'types'],
      extensions: ['.ts', '.js', '.cjs', '.mjs', '.json', '.d.ts'],
    },
    skipAnalysisNotInRules: true,
  },
}
