import { expect } from 'vitest'

/** The error that a promise fails with; a test that expects one fails without it. */
export async function failureOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    (result) => expect.unreachable(`it gave ${JSON.stringify(result)}`),
    (error: Error) => error,
  )
}
