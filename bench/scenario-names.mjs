/** Everything that can be measured, in the order of the table; one file each in scenarios/. */
export const scenarioNames = [
  'enqueue',
  'bulk',
  'http',
  'drain',
  'end-to-end',
  'latency',
  'memory',
  'backlog',
  'queues',
  'idle-workers',
  'pages',
  'sigkill',
  'cost',
]
