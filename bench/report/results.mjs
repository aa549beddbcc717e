import { median } from '../measure/statistics.mjs'

/** Everything that was measured, row by row in the order in which rows came. */
export class Results {
  /** @type {Map<string, { unit: string, scenario: string, values: Map<string, number[]> }>} */
  rows = new Map()
  /** @type {{ scenario: string, subject: string, reason: string }[]} What did not do its work. */
  wrong = []

  /** @param {{ scenario: string, subject: string } & import('../run.mjs').Measured} measured */
  add({ scenario, subject, row, unit, value }) {
    const { values } = this.rows.get(row) ?? this.#addRow(row, { unit, scenario })
    values.set(subject, [...(values.get(subject) ?? []), value])
  }

  addWrong(wrong) {
    this.wrong.push(wrong)
  }

  /** The median of a row for a subject; undefined where there is none. @returns {number | undefined} */
  medianOf(row, subject) {
    const values = this.rows.get(row)?.values.get(subject)
    return values && median(values)
  }

  #addRow(row, about) {
    const created = { ...about, values: new Map() }
    this.rows.set(row, created)
    return created
  }
}
