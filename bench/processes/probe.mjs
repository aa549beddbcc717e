// Loaded into Servery's own processes before their program, and into their threads: tells what the process uses.
import { isMainThread } from 'node:worker_threads'
import { answer } from './serve.mjs'

if (isMainThread) {
  answer({})
  // The program must end as if nothing listened.
  process.channel.unref()
}
