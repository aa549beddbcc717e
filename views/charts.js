import { createChart, drawChart } from './chart.js'
import { isLive } from './events.js'
import { t } from './texts.js'

/** @typedef {[seconds: number, waiting: number, done: number, failed: number]} TrafficPoint */

/**
 * The charts of a page: the last minutes, a point a second for as long as the page is live, and the last day.
 *
 * @param {HTMLElement} section
 */
export function showCharts(section) {
  const plots = /** @type {HTMLElement} */ (section.querySelector('.plots'))
  plots.hidden = false
  const box = (/** @type {string} */ name) =>
    /** @type {HTMLElement} */ (section.querySelector(`[data-chart="${name}"]`))
  const isOverview = document.querySelector('#length') !== null
  const tasks = { label: t(isOverview ? 'tasks' : 'waiting'), color: '--blue' }
  const lane = { label: t('lane'), color: '--accent' }
  const rates = (/** @type {string} */ suffix) => [
    { label: t(`done${suffix}`), color: '--good' },
    { label: t(`failed${suffix}`), color: '--bad' },
  ]
  const length = createChart(box('length'), isOverview ? [tasks, lane] : [tasks])
  const throughput = createChart(box('rates'), rates(''))
  const [seconds, waiting, done, failed] = JSON.parse(box('dayLength').dataset.columns || '[[],[],[],[]]')
  drawChart(box('dayLength'), [tasks], [seconds, waiting])
  drawChart(box('dayRates'), rates('Slot'), [seconds, done, failed])
  return { reset, follow }

  /**
   * @param {TrafficPoint[]} traffic
   * @param {[number, number | null][]} laneHistory
   */
  function reset(traffic, laneHistory) {
    const bySecond = new Map(traffic.map((point) => [point[0], point]))
    const lanes = new Map(laneHistory)
    const all = [...new Set([...bySecond.keys(), ...(isOverview ? lanes.keys() : [])])].sort((a, b) => a - b)
    length.reset(all.map((at) => [at, bySecond.get(at)?.[1] ?? null, lanes.get(at) ?? null]))
    throughput.reset(traffic.map(([at, , doneRate, failedRate]) => [at, doneRate, failedRate]))
  }

  /**
   * Adds a point a second.
   *
   * @param {() => { waiting: number, done: number, failed: number, lane: number | null }} read
   */
  function follow(read) {
    setInterval(() => {
      const at = Math.floor(Date.now() / 1000)
      const { waiting: now, done: doneRate, failed: failedRate, lane: laneLength } = read()
      length.add(isLive ? [at, now, laneLength] : [at, null, null])
      throughput.add(isLive ? [at, doneRate, failedRate] : [at, null, null])
    }, 1000)
  }
}
