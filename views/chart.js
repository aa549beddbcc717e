import { clockTime } from './clock.js'
import { language } from './texts.js'
// @ts-ignore: served from the uplot package's folder
import uPlot from './uplot/uPlot.esm.js'

/** @typedef {[seconds: number, ...values: (number | null)[]]} Point */
/** @typedef {{ label: string, color: string }} Series */

const windowSeconds = 300
const height = 150
/** Of many queues one look takes seconds. */
const gapSeconds = 5
const shortNumber = new Intl.NumberFormat(language, { notation: 'compact' })

/**
 * Lines over the last minutes, a point a second.
 *
 * @param {HTMLElement} box
 * @param {Series[]} series
 */
export function createChart(box, series) {
  /** @type {Point[]} */
  let points = []
  const plot = drawChart(box, series, [[], ...series.map(() => [])])

  /** @param {Point} point replaces the last one if it is of the same second */
  function add(point) {
    if (points.at(-1)?.[0] === point[0]) points.pop()
    points.push(...withGap(points.at(-1), point))
    draw()
  }

  /** @param {Point[]} history */
  function reset(history) {
    points = history.flatMap((point, index) => withGap(history[index - 1], point))
    draw()
  }

  function draw() {
    const now = points.at(-1)?.[0] ?? Date.now() / 1000
    points = points.filter(([seconds]) => seconds > now - windowSeconds)
    plot.setData(
      [0, ...series.keys()].map((_, column) => points.map((point) => point[column])),
      false,
    )
    plot.setScale('x', { min: now - windowSeconds, max: now })
    plot.setScale('y', { min: 0, max: topOf(points.flatMap((point) => point.slice(1))) })
  }

  return { add, reset }
}

/**
 * Draws lines once; as wide as the box, in the colours of the page.
 *
 * @param {HTMLElement} box
 * @param {Series[]} series
 * @param {(number | null)[][]} columns the first are seconds
 */
export function drawChart(box, series, columns) {
  const plot = new uPlot(options(box.clientWidth, series), columns, box)
  plot.setScale('y', { min: 0, max: topOf(columns.slice(1).flat()) })
  new ResizeObserver(() => plot.setSize({ width: box.clientWidth, height })).observe(box)
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => plot.redraw())
  return plot
}

/**
 * No line through a time in which nobody looked.
 *
 * @param {Point | undefined} before
 * @param {Point} point
 * @returns {Point[]}
 */
function withGap(before, point) {
  if (before === undefined || point[0] - before[0] <= gapSeconds) return [point]
  return [[before[0] + 1, ...before.slice(1).fill(null)], point]
}

/** @param {(number | null | undefined)[]} values */
function topOf(values) {
  return Math.ceil(values.reduce((/** @type {number} */ top, value) => Math.max(top, value ?? 0), 5) * 1.1)
}

/**
 * @param {number} width
 * @param {Series[]} series
 */
function options(width, series) {
  const axis = { stroke: () => color('--muted'), grid: { stroke: () => color('--line'), width: 1 } }
  return {
    width,
    height,
    cursor: { y: false },
    legend: { live: false },
    scales: { x: { time: true }, y: { auto: false } },
    axes: [
      { ...axis, size: 30, space: 70, values: timesOf },
      {
        ...axis,
        size: 60,
        values: shortNumbers,
        incrs: [1, 2, 5, 10, 50, 100, 500, 1000, 1e4, 1e5, 1e6, 1e7],
      },
    ],
    series: [
      {},
      ...series.map(({ label, color: token }) => ({
        label,
        stroke: () => color(token),
        width: 2,
        points: { show: false },
      })),
    ],
  }
}

/**
 * @param {unknown} _plot
 * @param {number[]} splits
 */
function timesOf(_plot, splits) {
  const isLong = (splits.at(-1) ?? 0) - (splits[0] ?? 0) > 3600
  return splits.map((seconds) => clockTime(seconds * 1000).slice(0, isLong ? 5 : 8))
}

/**
 * @param {unknown} _plot
 * @param {number[]} splits
 */
function shortNumbers(_plot, splits) {
  return splits.map((number) => shortNumber.format(number))
}

/** @param {string} token */
function color(token) {
  return getComputedStyle(document.documentElement).getPropertyValue(token).trim()
}
