import { dispatchChannel } from '../src/channel/names.js'
import { Subscriber } from '../src/channel/subscriber.js'
import { runService } from '../src/process/service.js'
import { Connections } from '../src/redis/connections.js'
import { valueLine } from '../src/worker/print.js'

// Subscribes to the pubsub lane, and to the channel of its own name: prints each message it gets.
runService('pubsub', ({ config, log, fatal }) => {
  const { channel, workerName: worker } = config
  const redis = new Connections(config.redisUrl, { log, fatal })
  const subscriber = new Subscriber(redis.waiting(), log)

  return {
    async start() {
      const isListening = await subscriber.subscribe([channel, dispatchChannel(worker)], (from, message) => {
        process.stdout.write(valueLine('Message get', message, { channel: from, worker }))
      })
      if (isListening) log.info({ channel, worker }, 'listening')
    },
    async stop() {
      await subscriber.stop()
      redis.close()
    },
  }
})
