import { reasonOf } from '../channel/job.js'
import { Publisher } from '../channel/publisher.js'
import { maxDeadlineMs, RollCall, type RollCallEntry, type RollCallResult } from '../channel/roll-call.js'
import { valueText } from '../visible-text.js'
import { checkedJob, jobOptions } from './checked-job.js'
import { type Command, CommandError, type Given, UsageError } from './command.js'
import { durationOption, jsonOption } from './options.js'
import { ProgressLine } from './progress-line.js'
import { text } from './result-line.js'

const deadlineOf = (given: Given) =>
  durationOption(given, 'deadline', { most: `${maxDeadlineMs / 1000}s`, otherwise: '5s' })

/** `servery broadcast`: a job for every live pubsub worker, with a roll-call. */
export const broadcast: Command = {
  summary: 'Give a job to every live pubsub worker at once, and tell what each said.',
  details: [
    'done: with its result; failed: with its error; received: still at it at the deadline; silent: it said nothing.',
    'The exit code is 0 if all are done.',
  ],
  options: {
    ...jobOptions('the handler that runs it'),
    deadline: { type: 'string', hint: '<time>', about: 'how long to wait for answers; 5s unless given' },
    json: { type: 'boolean', about: 'print the answer of POST /broadcast' },
  },
  check(given) {
    if (given.task === undefined) throw new UsageError('--task: expected the name of a handler')
    deadlineOf(given)
    jsonOption(given, 'data')
  },
  async run({ given, config, redis, signal, print }) {
    const rollCall = new RollCall(redis.commands, new Publisher(redis.commands, config.channel))
    const job = await checkedJob(given, config)
    const progress = new ProgressLine(() => 'waiting for answers …')
    const limits = { deadlineMs: deadlineOf(given), isWanted: () => !signal.aborted }
    const answer = await rollCall.hold(job, limits).finally(() => progress.stop())
    if (given.json) print(JSON.stringify(answer))
    else printTable(answer, print)
    if (answer.workers.length === 0) throw new CommandError('no pubsub worker lives')
    return answer.counts.done === answer.workers.length ? 0 : 1
  },
}

function printTable({ workers, counts }: RollCallResult, print: (line: string) => void): void {
  const names = workers.map((entry) => text(isNameShared(entry, workers) ? entry.id : entry.worker))
  const width = Math.max(0, ...names.map(({ length }) => length))
  workers.forEach((entry, index) => {
    print(
      `${names[index]?.padEnd(width)}  ${entry.state.padEnd('received'.length)}  ${saidBy(entry)}`.trimEnd(),
    )
  })
  print(
    Object.entries(counts)
      .map(([state, count]) => `${state} ${count}`)
      .join(', '),
  )
}

const isNameShared = ({ worker, id }: RollCallEntry, workers: RollCallEntry[]): boolean =>
  workers.some((other) => other.worker === worker && other.id !== id)

function saidBy({ state, result, error, gone }: RollCallEntry): string {
  if (state === 'done') return text(result)
  if (state === 'failed') return valueText(reasonOf(error))
  return gone ? '(gone)' : ''
}
