import neostandard from 'neostandard'
import tseslint from 'typescript-eslint'
import vitest from '@vitest/eslint-plugin'

/** The arrows of the design (docs/architecture.md): what each folder may import from, beside itself and the leaves. */
const mayImport = {
  process: ['config'],
  redis: ['process'],
  channel: ['redis', 'process'],
  queue: ['redis', 'process'],
  handlers: ['queue', 'process'],
  schedules: ['queue', 'redis', 'process'],
  worker: ['handlers', 'queue', 'channel', 'redis', 'process'],
  library: ['worker', 'schedules', 'handlers', 'queue', 'redis', 'process'],
  cli: ['library', 'handlers', 'queue', 'channel', 'redis', 'process', 'config', 'index'],
  memcached: ['queue', 'redis', 'process'],
  web: ['schedules', 'handlers', 'queue', 'channel', 'redis', 'process'],
  start: ['process'],
}

/** Small files without a folder that import nothing of ours, and so may be imported by all. */
const leaves = ['allowed-hosts', 'exact-json', 'loopback', 'redis-url', 'units', 'visible-text']
const entrypoints = ['app', 'web-side', 'server', 'fastify', 'memcached', 'start', 'index']
const settings = ['config', 'settings']

const folderPattern = (folder) => `**/${folder}/**`
const filePattern = (file) => `**/${file}.js`
const allPatterns = [
  ...Object.keys(mayImport).map(folderPattern),
  ...[...leaves, ...entrypoints, ...settings].map(filePattern),
]

/** Forbids all imports of ours but those of `allowed`; a folder that is new here is forbidden until it is told. */
const arrow = (files, allowed) => ({
  files,
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: allPatterns
          .filter((pattern) => !allowed.includes(pattern))
          .map((pattern) => ({
            group: [pattern],
            message: 'The arrows do not point there (docs/architecture.md).',
          })),
      },
    ],
  },
})

const arrows = [
  ...Object.entries(mayImport).map(([folder, others]) =>
    arrow(
      [`src/${folder}/**/*.ts`],
      [
        ...[folder, ...others].map(folderPattern),
        ...leaves.map(filePattern),
        ...others.filter((other) => [...settings, ...entrypoints].includes(other)).map(filePattern),
      ],
    ),
  ),
  arrow(
    settings.map((file) => `src/${file}.ts`),
    [...leaves, 'settings'].map(filePattern),
  ),
  arrow(
    leaves.map((file) => `src/${file}.ts`),
    [],
  ),
]

const limits = {
  'max-depth': ['error', 3],
  'max-lines': ['error', 300],
  'max-params': ['error', 3],
  'max-lines-per-function': ['error', { max: 40, skipBlankLines: true, skipComments: true }],
}

export default [
  { ignores: ['dist/', 'data/', 'coverage/'] },
  ...neostandard({ ts: true, noStyle: true }),
  ...neostandard({ env: ['browser'], noStyle: true, files: ['views/**/*.js'] }),
  ...tseslint.configs.recommendedTypeChecked.map((config) => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      // Fastify's plugins and handlers are async by contract, with or without something to await.
      '@typescript-eslint/require-await': 'off',
      // no-floating-promises asks for it.
      'no-void': 'off',
      curly: 'off',
    },
  },
  { files: ['**/*.ts', '{setup,bench}/**/*.{js,mjs}', 'views/**/*.js'], rules: limits },
  {
    files: ['src/**/*.ts', 'workers/**/*.ts'],
    ignores: ['src/config.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Only src/config.ts reads the environment.' },
      ],
    },
  },
  {
    files: ['src/**/*.ts', 'workers/**/*.ts'],
    ignores: ['src/redis/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'NewExpression[callee.name=/^(Redis|Cluster)$/]',
          message: 'Only src/redis makes connections.',
        },
      ],
    },
  },
  { files: ['views/**/*.js'], rules: { 'new-cap': ['error', { newIsCapExceptions: ['uPlot'] }] } },
  ...arrows,
  {
    files: ['test/**/*.ts'],
    plugins: { vitest },
    rules: {
      ...vitest.configs.recommended.rules,
      'vitest/valid-expect': 'error',
      // supertest's request(…).get(…).expect(…) asserts as well, and so do the readers of a browser's page.
      'vitest/expect-expect': [
        'error',
        { assertFunctionNames: ['expect', 'expect.*', '**.expect', 'shows', 'untilLive'] },
      ],
      'max-lines-per-function': 'off',
      'max-lines': ['error', 400],
      // A row of it.each has as many cells as it needs.
      'max-params': ['error', 4],
      // What supertest gives back is any.
      '@typescript-eslint/no-unsafe-assignment': 'off',
    },
  },
]
