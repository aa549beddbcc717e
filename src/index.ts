/** What another Node program imports from `servery`. */
export {
  type BackoffSetting,
  task,
  type Task,
  type TaskContext,
  UnrecoverableError,
} from './handlers/task.js'
export { BadTaskError, type EnqueueSettings } from './handlers/intake.js'
export { QueueFullError, TooManySchedulesError } from './library/errors.js'
export type { ScheduleInfo, TaskToSchedule } from './library/schedules.js'
export { TaskQueue, type TaskQueueOptions } from './library/task-queue.js'
export { Worker, type WorkerOptions } from './library/worker.js'
export type { TaskRecord, TaskState } from './queue/task-record.js'
export { RedisUnavailableError } from './redis/errors.js'
export { BadScheduleError, type Timing, type TimingRequest } from './schedules/timing.js'
