export { bulkScenario as scenario } from './enqueue.mjs'
