import { randomUUID } from 'node:crypto'
import { Dispatch, type DispatchOutcome } from '../channel/dispatch.js'
import { resultsChannel } from '../channel/names.js'
import { Publisher } from '../channel/publisher.js'
import { Roll } from '../channel/roll.js'
import { Subscriber } from '../channel/subscriber.js'
import { visibleText } from '../visible-text.js'
import { checkedJob, jobOptions } from './checked-job.js'
import { type Command, CommandError, type CommandContext, type Given, UsageError } from './command.js'
import { durationOption, integerOption, jsonOption, workersOption } from './options.js'
import { ProgressLine } from './progress-line.js'
import { resultLine } from './result-line.js'

const jobsOf = (given: Given) => integerOption(given, 'jobs', { min: 1, max: 10_000_000, otherwise: 100 })
const deadlineOf = (given: Given) => durationOption(given, 'deadline', { most: '1d', otherwise: '30s' })

/** `servery dispatch`: the master of numbered workers. */
export const dispatch: Command = {
  summary: 'Send numbered jobs, each to a pubsub worker drawn at random, and print their results.',
  details: [
    'A worker gets the bare number, or with --task {"job", "task", "data", "run"}, on task:dispatch:<worker>.',
    'The exit code is 0 if every job has finished.',
  ],
  options: {
    jobs: { type: 'string', hint: '<n>', about: 'how many; 100 unless given' },
    workers: { type: 'string', hint: '<names>', about: 'their names, as 1,2,3; all that live unless given' },
    ...jobOptions('the handler that runs each; else a job is echoed'),
    deadline: { type: 'string', hint: '<time>', about: 'a job without a result for so long is missing; 30s' },
  },
  check(given) {
    jobsOf(given)
    deadlineOf(given)
    workersOption(given)
    jsonOption(given, 'data')
    if (given.data !== undefined && given.task === undefined)
      throw new UsageError('--data: expected --task too')
  },
  async run(context) {
    const { redis, log, print, signal } = context
    const master = await createMaster(context, (outcome) => {
      progress.hide()
      print(outcomeLine(outcome))
    })
    const progress = new ProgressLine(() => `${summaryOf(master)} …`)
    const subscriber = new Subscriber(redis.waiting(), log)
    // Else a subscription that Redis does not grant would be waited for.
    signal.addEventListener('abort', () => void subscriber.stop())
    try {
      await subscriber.subscribe([resultsChannel], (_channel, message) => master.onResult(message))
      await master.run(signal)
    } finally {
      progress.stop()
      print(summaryOf(master))
      await subscriber.stop()
    }
    const { sent, finished } = master.counts
    return sent === jobsOf(context.given) && finished === sent ? 0 : 1
  },
}

async function createMaster(
  { given, config, redis }: CommandContext,
  onOutcome: (outcome: DispatchOutcome) => void,
): Promise<Dispatch> {
  const publisher = new Publisher(redis.commands, config.channel)
  const deadlineMs = deadlineOf(given)
  const job = given.task === undefined ? undefined : await checkedJob(given, config)
  const run = job && randomUUID()
  return new Dispatch({
    jobs: jobsOf(given),
    workers: workersOption(given) ?? (await liveNames(new Roll(redis.commands, config.channel))),
    messageFor: (number) => (job ? withNumber(job, number, run) : String(number)),
    ...(run && { run }),
    send: (worker, message) => publisher.dispatch(worker, message),
    untilBack: () => redis.ready(deadlineMs),
    deadlineMs,
    onOutcome,
  })
}

const withNumber = (job: { task: string; data: string }, number: number, run: string | undefined): string =>
  `{"job":${number},"task":${JSON.stringify(job.task)},"data":${job.data},"run":${JSON.stringify(run)}}`

async function liveNames(roll: Roll): Promise<string[]> {
  const names = [...new Set((await roll.call()).map(({ name }) => name))]
  if (names.length > 0) return names
  throw new CommandError('no pubsub worker lives: start some, or name others with --workers')
}

function outcomeLine(outcome: DispatchOutcome): string {
  const { state, job, worker } = outcome
  if (state === 'finished') return resultLine(outcome.message)
  if (state === 'failed')
    return `Dispatch job ${job} failed: ${visibleText(outcome.reason)}  worker=${worker}`
  return `Dispatch job ${job} missing: no result in time  worker=${worker}`
}

function summaryOf({ counts: { sent, finished, failed, missing } }: Dispatch): string {
  return `sent ${sent}, finished ${finished}, failed ${failed}, missing ${missing}`
}
