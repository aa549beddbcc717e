/** What another Node program imports from `servery`. */
export {
  type BackoffSetting,
  task,
  type Task,
  type TaskContext,
  UnrecoverableError,
} from './handlers/task.js'
export type { EnqueueSettings } from './handlers/intake.js'
export { QueueFullError } from './library/errors.js'
export { TaskQueue, type TaskQueueOptions } from './library/task-queue.js'
export { Worker, type WorkerOptions } from './library/worker.js'
export type { TaskRecord, TaskState } from './queue/task-record.js'
export { RedisUnavailableError } from './redis/errors.js'
