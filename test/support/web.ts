import { givenProcess, type TestProcess } from './process.js'
import type { TestRedis } from './redis.js'

/** A real web process, and where its page is. */
export interface GivenWeb {
  process: TestProcess
  url: string
}

/** Starts the web process on a free port, or on the port of one that ended. */
export async function givenWeb(
  redis: Pick<TestRedis, 'url'>,
  port = '0',
  env: Record<string, string> = {},
): Promise<GivenWeb> {
  const process = givenProcess('src/server.js', {
    REDIS_URL: redis.url,
    PORT: port,
    LOG_FORMAT: 'json',
    ...env,
  })
  const line = await process.line(/the page is at/)
  return { process, url: /http:\/\/[\d.]+:\d+/.exec(line)?.[0] ?? line }
}
