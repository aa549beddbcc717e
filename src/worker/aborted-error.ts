/** Why a handler's signal was aborted. */
export class AbortedError extends Error {
  override name = 'AbortedError'
  constructor(
    readonly reason: 'timeout' | 'cancelled' | 'lease lost' | 'shutdown',
    message: string,
  ) {
    super(message)
  }
}
