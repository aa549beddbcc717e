import { once } from 'node:events'
import { resultsChannel } from '../channel/names.js'
import { Subscriber } from '../channel/subscriber.js'
import type { Command } from './command.js'
import { jsonLine, resultLine } from './result-line.js'

/** `servery results`: how jobs and tasks end, as it comes. */
export const results: Command = {
  summary: 'Print how tasks and jobs end, as it comes.',
  details: ['Whatever comes on the channel task:results; Ctrl-C ends it.'],
  options: {
    json: { type: 'boolean', about: 'the messages as they are, JSON, one a line' },
  },
  waitsForRedis: true,
  async run({ given, redis, log, signal, print }) {
    const subscriber = new Subscriber(redis.waiting(), log)
    const toLine = given.json ? jsonLine : resultLine
    const stopped = signal.aborted ? undefined : once(signal, 'abort')
    void subscriber.subscribe([resultsChannel], (_channel, message) => print(toLine(message)))
    await stopped
    await subscriber.stop()
    return 0
  },
}
