import { addAbortSignal, type Readable } from 'node:stream'
import { ActivityReporter } from '../queue/activity.js'
import { BulkPusher } from '../queue/bulk-pusher.js'
import { RedisUnavailableError } from '../redis/errors.js'
import { type Command, CommandError, type CommandContext } from './command.js'
import { LineTooLongError, readLines } from './lines.js'
import { queueOption } from './options.js'
import { ProgressLine } from './progress-line.js'
import { prompt } from './prompt.js'

const defaultEnd = 'over'
/** Longest line. Redis itself would take eight times as much. */
const maxLineBytes = 64 * 1024 * 1024
/** What the page shows of a value, in bytes that are enough for it. */
const shownBytes = 1000

/** `servery publish`: each line of the input becomes a value of a list. */
export const publish: Command = {
  summary: 'Push each line that is typed, or piped in, onto a queue.',
  details: [
    'At a terminal it asks for them with "publish:"; "over" or Ctrl-D ends it.',
    'Any program that knows LPUSH and BRPOP can stand on the other side.',
  ],
  options: {
    queue: { type: 'string', hint: '<key>', about: 'the list key; QUEUE unless given' },
    'if-exists': {
      type: 'boolean',
      about: 'only onto a queue that exists (LPUSHX), and say when there is none',
    },
    right: { type: 'boolean', about: 'onto the other end (RPUSH)' },
    until: {
      type: 'string',
      hint: '<line>',
      about: `the line that ends the input, "${defaultEnd}"; "" for none`,
    },
  },
  check: (given) => void queueOption(given),
  async run(context) {
    const { given, config, redis } = context
    const key = queueOption(given) ?? config.queue
    const reporter = new ActivityReporter(redis.commands, { action: 'pushed', queue: key, by: 'publish' })
    const newPusher = () =>
      new BulkPusher(redis.commands, {
        key,
        side: given.right ? 'right' : 'left',
        ifExists: given['if-exists'] === true,
        onPushed: (count, last) => reporter.report(last.toString('utf8', 0, shownBytes), count),
      })
    const publishing = { context, key, newPusher, end: String(given.until ?? defaultEnd) }
    try {
      return await (process.stdin.isTTY ? publishTyped(publishing) : publishPiped(publishing))
    } finally {
      await reporter.stop()
    }
  },
}

interface Publishing {
  context: CommandContext
  key: string
  newPusher: () => BulkPusher
  end: string
}

// A line that fails is one line: the next may be taken.
async function publishTyped({ context: { signal }, key, newPusher, end }: Publishing): Promise<number> {
  const { stdin: input, stdout: output } = process
  await prompt({ input, output, signal, end }, async (line) => {
    const pusher = newPusher()
    await pusher.push([Buffer.from(line)])
    await pusher.drained()
    return pusher.refused > 0 ? noSuchQueue(key, 1) : undefined
  })
  return 0
}

async function publishPiped(publishing: Publishing): Promise<number> {
  const { context, key, newPusher } = publishing
  const pusher = newPusher()
  const startedAt = Date.now()
  const seconds = () => ((Date.now() - startedAt) / 1000).toFixed(1)
  const progress = new ProgressLine(() => `${valuesOf(pusher.pushed)} published, ${seconds()} s`)
  try {
    await pushAll(publishing, pusher).catch(saySoFar(pusher))
  } finally {
    progress.stop()
  }
  if (pusher.refused > 0) console.error(`servery publish: ${noSuchQueue(key, pusher.refused)}`)
  context.print(`published ${valuesOf(pusher.pushed)} to ${key} in ${seconds()} s`)
  if (context.signal.aborted) return 130
  return pusher.refused > 0 ? 1 : 0
}

async function pushAll({ context: { signal }, end }: Publishing, pusher: BulkPusher): Promise<void> {
  const last = Buffer.from(end)
  const stopping = AbortSignal.any([signal, pusher.failed])
  for await (const lines of readLines(interruptible(process.stdin, stopping), maxLineBytes)) {
    // The last line may be half a line.
    if (stopping.aborted) break
    const endsAt = end === '' ? -1 : lines.findIndex((line) => line.equals(last))
    await pusher.push(endsAt < 0 ? lines : lines.slice(0, endsAt))
    if (endsAt < 0) continue
    if (endsAt < lines.length - 1)
      console.error(`servery publish: "${end}" ends it; what follows is not read`)
    break
  }
  await pusher.drained()
}

async function* interruptible(input: Readable, signal: AbortSignal): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of addAbortSignal(signal, input)) yield chunk as Buffer
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

const saySoFar =
  (pusher: BulkPusher) =>
  (error: Error): never => {
    const isOurs = error instanceof LineTooLongError || error instanceof RedisUnavailableError
    if (!isOurs) throw error
    const unknown = pusher.unknown > 0 ? `, of the next ${pusher.unknown} it is not known` : ''
    throw new CommandError(`${error.message}; ${valuesOf(pusher.pushed)} published${unknown}`, {
      cause: error,
    })
  }

function noSuchQueue(key: string, count: number): string {
  return `there is no queue ${key}: ${valuesOf(count)} not published`
}

const valuesOf = (count: number): string => (count === 1 ? '1 value' : `${count} values`)
