import { fileURLToPath } from 'node:url'

/** The repository's folder: the scripts work from there, wherever they are started. */
export const root = fileURLToPath(new URL('..', import.meta.url))
