import { readFileSync } from 'node:fs'
import type { Redis, Result } from 'ioredis'

declare module 'ioredis' {
  interface RedisCommander<Context> {
    push(list: string, ...limitIfExistsValues: string[]): Result<[outcome: string, length: number], Context>
  }
}

const names = ['push'] as const

/** Gives a connection the queue's scripts as commands. Calling it again changes nothing. */
export function withScripts(redis: Redis): Redis {
  for (const name of names) redis.defineCommand(name, load(name))
  return redis
}

function load(name: string): { lua: string; numberOfKeys: number } {
  const lua = readFileSync(new URL(`./scripts/${name}.lua`, import.meta.url), 'utf8')
  return { lua, numberOfKeys: lua.match(/^-- KEYS\[\d+\]/gm)?.length ?? 0 }
}
