import { clockTime } from './clock.js'
// @ts-ignore: served from the uplot package's folder
import uPlot from './uplot/uPlot.esm.js'

/** @typedef {[seconds: number, value: number | null]} Point */

const windowSeconds = 300
const height = 160

/**
 * A line over the last minutes, a point a second.
 *
 * @param {HTMLElement} section shown once there is something to draw; holds `#chart`
 */
export function createChart(section) {
  const box = /** @type {HTMLElement} */ (section.querySelector('#chart'))
  /** @type {Point[]} */
  let points = []
  section.hidden = false
  const plot = new uPlot(options(box.clientWidth), toColumns([]), box)
  new ResizeObserver(() => plot.setSize({ width: box.clientWidth, height })).observe(box)
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => plot.redraw())

  /** @param {Point} point replaces the last one if it is of the same second */
  function add(point) {
    if (points.at(-1)?.[0] === point[0]) points.pop()
    points.push(point)
    draw()
  }

  /** @param {Point[]} history */
  function reset(history) {
    points = [...history]
    draw()
  }

  function draw() {
    const now = points.at(-1)?.[0] ?? Date.now() / 1000
    points = points.filter(([seconds]) => seconds > now - windowSeconds)
    plot.setData(toColumns(points), false)
    plot.setScale('x', { min: now - windowSeconds, max: now })
    const max = Math.max(5, ...points.map(([, value]) => value ?? 0))
    plot.setScale('y', { min: 0, max: Math.ceil(max * 1.1) })
  }

  return { add, reset }
}

/** @param {number} width */
function options(width) {
  const axis = { stroke: () => color('--muted'), grid: { stroke: () => color('--line'), width: 1 } }
  return {
    width,
    height,
    cursor: { y: false },
    legend: { show: false },
    scales: { x: { time: true }, y: { auto: false } },
    axes: [
      { ...axis, size: 30, values: timesOf },
      { ...axis, size: 60, incrs: [1, 2, 5, 10, 50, 100, 500, 1000, 1e4, 1e5, 1e6, 1e7] },
    ],
    series: [{}, { label: 'waiting', stroke: () => color('--accent'), width: 2, points: { show: false } }],
  }
}

/**
 * @param {unknown} _plot
 * @param {number[]} splits
 */
function timesOf(_plot, splits) {
  return splits.map((seconds) => clockTime(seconds * 1000))
}

/** @param {Point[]} points */
function toColumns(points) {
  return [points.map(([seconds]) => seconds), points.map(([, value]) => value)]
}

/** @param {string} token */
function color(token) {
  return getComputedStyle(document.documentElement).getPropertyValue(token).trim()
}
