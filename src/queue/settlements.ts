import type { Outcome, Settlement } from './task-consumer.js'
import { startedElement } from './task-element.js'

/**
 * The arguments of `settle.lua` for these tasks: three for each run of them that ended alike, however many they are. Most
 * of the time of a settlement was the driver's, when each task had arguments of its own.
 */
export function encodeSettlements(settlements: Settlement[]): string[] {
  const args: string[] = []
  for (let first = 0, end = 0; first < settlements.length; first = end) {
    const head = headOf(settlements[first] as Settlement)
    const elements: string[] = []
    const details: string[] = []
    for (end = first; end < settlements.length; end += 1) {
      const settlement = settlements[end] as Settlement
      if (end > first && headOf(settlement) !== head) break
      elements.push(startedElement(settlement.id))
      details.push(detailOf(settlement.outcome))
    }
    args.push(head, elements.reverse().join(''), joinDetails(details))
  }
  return args
}

function headOf({ attempt, startedAt, outcome }: Settlement): string {
  return `${outcome.kind}\t${attempt ?? ''}\t${startedAt ?? ''}\t${'delayMs' in outcome ? outcome.delayMs : ''}`
}

function detailOf(outcome: Outcome): string {
  if ('detail' in outcome) return outcome.detail
  return 'attempt' in outcome ? JSON.stringify(outcome.attempt) : ''
}

// One for all, where all are alike.
function joinDetails(details: string[]): string {
  const [first = ''] = details
  return details.every((detail) => detail === first) ? first : details.join('\n')
}
