import neostandard from 'neostandard'
import tseslint from 'typescript-eslint'
import vitest from '@vitest/eslint-plugin'

/**
 * The arrows of the design: a folder may import only from those below it.
 * entrypoints → web, worker, start → schedules → queue, channel → redis → process, config
 */
const forbidden = {
  process: ['redis', 'queue', 'channel', 'schedules', 'worker', 'web', 'start'],
  redis: ['queue', 'channel', 'schedules', 'worker', 'web', 'start'],
  queue: ['channel', 'schedules', 'worker', 'web', 'start'],
  channel: ['queue', 'schedules', 'worker', 'web', 'start'],
  schedules: ['channel', 'worker', 'web', 'start'],
  worker: ['schedules', 'web', 'start'],
  web: ['worker', 'start'],
  start: ['queue', 'channel', 'schedules', 'worker', 'web'],
}

const arrows = Object.entries(forbidden).map(([folder, others]) => ({
  files: [`src/${folder}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          ...others.map((other) => ({
            group: [`**/${other}/**`],
            message: `src/${folder} must not know src/${other} (docs/architecture.md).`,
          })),
          {
            group: ['**/app.js', '**/server.js', '**/start.js'],
            message: 'Entrypoints import, they are not imported.',
          },
        ],
      },
    ],
  },
}))

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
      'max-depth': ['error', 3],
      'max-lines': ['error', 300],
      'max-params': ['error', 4],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
    },
  },
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
        { selector: "NewExpression[callee.name='Redis']", message: 'Only src/redis makes connections.' },
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
      // What supertest gives back is any.
      '@typescript-eslint/no-unsafe-assignment': 'off',
    },
  },
]
