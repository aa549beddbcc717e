import { cpus, release, totalmem, type } from 'node:os'
import { readFileSync } from 'node:fs'

/** What this was measured on. @param {import('ioredis').Redis} redis */
export async function describeMachine(redis) {
  const [cpu] = cpus()
  return {
    cpu: cpu?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.versions.node,
    redis: /redis_version:(\S+)/.exec(await redis.info('server'))?.[1],
    peers: Object.fromEntries(['bullmq', 'bee-queue', 'ioredis'].map((name) => [name, versionOf(name)])),
  }
}

function versionOf(name) {
  const path = new URL(`../node_modules/${name}/package.json`, import.meta.url)
  return JSON.parse(readFileSync(path, 'utf8')).version
}
