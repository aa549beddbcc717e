import type { Callback, Redis } from 'ioredis'
import { ifAllowed } from './errors.js'

type Section = string | Buffer

/**
 * Lets a server count as loaded whose user may not ask INFO. ioredis, which looks there whether it is still loading,
 * does so too, but prints a line about it with each new connection.
 */
export function withQuietReadyCheck(redis: Redis): Redis {
  const ask = redis.info.bind(redis) as (...sections: Section[]) => Promise<string>

  function info(...args: (Section | Callback<string> | undefined)[]): Promise<string> {
    const onInfo = args.at(-1)
    // With a callback only ioredis itself asks.
    if (typeof onInfo !== 'function') return ask(...(args as Section[]))
    const text = ifAllowed(ask()).then((answer = '') => answer)
    text.then((answer) => onInfo(null, answer), onInfo)
    return text
  }

  return Object.assign(redis, { info })
}
