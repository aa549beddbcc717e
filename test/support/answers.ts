import type { Response } from 'supertest'

/** The message of an error's answer. */
export const messageOf = (answer: Response): string => (answer.body as { message: string }).message
