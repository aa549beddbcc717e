import createError from '@fastify/error'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { BadTaskError, checkTask, TaskRequest } from '../../handlers/intake.js'
import type { Registry } from '../../handlers/registry.js'
import { queueNamePattern } from '../../queue/names.js'
import type { ScheduledTask } from '../../schedules/schedule.js'
import { maxSchedules, type Schedules } from '../../schedules/schedules.js'
import { checkTiming, type TimingRequest } from '../../schedules/timing.js'
import { scheduleJson, upcomingRuns } from './schedule-json.js'
import { ErrorAnswer, exactly } from './schemas.js'

export interface SchedulesOptions {
  schedules: Schedules
  handlers: Registry
}

const NoScheduleError = createError('NO_SUCH_SCHEDULE', 'there is no schedule %s', 404)
const TooManyError = createError(
  'TOO_MANY_SCHEDULES',
  'there are %d schedules already, delete one first',
  409,
)

const Params = exactly({ name: Type.String({ pattern: queueNamePattern }) })
const Body = exactly({
  cron: Type.Optional(Type.String({ description: 'five fields, or six with seconds first' })),
  timezone: Type.Optional(Type.String({ description: 'IANA name that goes with cron; UTC unless given' })),
  every: Type.Optional(
    Type.Union([Type.Integer(), Type.String()], {
      description: 'instead of cron: milliseconds, or "10s", "5m", "2h", "1d"; 1s at least',
    }),
  ),
  task: Type.Omit(TaskRequest, ['delay', 'at', 'key'], { additionalProperties: false }),
})

interface ByName {
  Params: { name: string }
}
interface PutRequest extends ByName {
  Body: TimingRequest & { task: Record<string, unknown> }
}

/** `/schedules`: tasks that are enqueued again and again. */
export async function scheduleRoutes(app: FastifyInstance, options: SchedulesOptions): Promise<void> {
  const { schedules } = options
  const response = { '4xx': ErrorAnswer, '5xx': ErrorAnswer }
  const schema = { params: Params, response }
  app.get('/schedules', { schema: { summary: 'All schedules', response } }, async () => ({
    schedules: (await schedules.all()).map(scheduleJson),
  }))
  app.get<ByName>('/schedules/:name', { schema: { ...schema, summary: 'A schedule' } }, ({ params }) =>
    find(params.name, schedules),
  )
  app.put<PutRequest>(
    '/schedules/:name',
    { schema: { ...schema, body: Body, summary: 'Create or change a schedule' } },
    (request, reply) => put(request, reply, options),
  )
  app.delete<ByName>(
    '/schedules/:name',
    { schema: { ...schema, summary: 'Delete a schedule; what it has enqueued stays' } },
    (request, reply) => remove(request, reply, schedules),
  )
}

async function find(name: string, schedules: Schedules) {
  const schedule = await schedules.find(name)
  if (!schedule) throw new NoScheduleError(name)
  return { ...scheduleJson(schedule), nextRuns: upcomingRuns(schedule) }
}

async function put(
  { params, body }: FastifyRequest<PutRequest>,
  reply: FastifyReply,
  options: SchedulesOptions,
) {
  const { task, ...timing } = body
  const checked = toScheduled(task, options.handlers)
  const outcome = await options.schedules.put(params.name, checkTiming(timing), checked)
  if (outcome === 'full') throw new TooManyError(maxSchedules)
  reply
    .code(outcome === 'created' ? 201 : 200)
    .header('location', `${reply.server.prefix}/schedules/${params.name}`)
  return find(params.name, options.schedules)
}

async function remove({ params }: FastifyRequest<ByName>, reply: FastifyReply, schedules: Schedules) {
  if (!(await schedules.remove(params.name))) throw new NoScheduleError(params.name)
  return reply.code(204).send()
}

function toScheduled(request: Record<string, unknown>, handlers: Registry): ScheduledTask {
  const { data: _data, ...rest } = request
  const { queue, task } = inTask(() => checkTask(request, handlers))
  return { queue, task, request: rest }
}

// In a schedule the task's fields are those of `task`.
function inTask<T>(check: () => T): T {
  try {
    return check()
  } catch (error) {
    if (!(error instanceof BadTaskError)) throw error
    throw new BadTaskError(error.message.replace(/(^|; )(?=[\w.]+: )/g, '$1task.'), { cause: error })
  }
}
