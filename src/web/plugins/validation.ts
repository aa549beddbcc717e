import type { FastifySchemaValidationError } from 'fastify'

/** Settings for Ajv: take input as it is (nothing coerced, nothing dropped) and find all mistakes. */
export const ajvOptions = { coerceTypes: false, removeAdditional: false, allErrors: true } as const

const maxMistakes = 5

/** Turns Ajv's findings into one message that names each field and what was expected there. */
export function validationError(findings: FastifySchemaValidationError[], place: string): Error {
  const mistakes = findings.slice(0, maxMistakes).map((finding) => mistake(finding, place))
  if (findings.length > maxMistakes) mistakes.push(`and ${findings.length - maxMistakes} more`)
  return new Error(mistakes.join('; '))
}

function mistake(
  { keyword, instancePath, params, message }: FastifySchemaValidationError,
  place: string,
): string {
  const field = `${place}${instancePath.replaceAll('/', '.')}`
  switch (keyword) {
    case 'additionalProperties':
      return `${field}.${String(params.additionalProperty)}: there is no such field`
    case 'required':
      return `${field}.${String(params.missingProperty)}: expected, but missing`
    case 'enum':
      return `${field}: expected one of ${(params.allowedValues as unknown[]).join(', ')}`
    default:
      return `${field}: ${message?.replace(/^must /, 'expected to ') ?? 'not valid'}`
  }
}
