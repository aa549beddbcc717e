import { type Debugger, Session } from 'node:inspector'

const maxFrames = 8

/**
 * Where the main thread is at this moment, however busy it is: V8's inspector interrupts it, reads its stack and lets
 * it go on. To be called from another thread.
 */
export function mainThreadStack(): Promise<string[]> {
  const session = new Session()
  const urls = new Map<string, string>()
  session.connectToMainThread()
  return new Promise((resolve) => {
    session.on('Debugger.scriptParsed', ({ params }) => urls.set(params.scriptId, params.url))
    session.once('Debugger.paused', ({ params }) => {
      resolve(params.callFrames.slice(0, maxFrames).map((frame) => describe(frame, urls)))
      session.post('Debugger.resume')
      session.disconnect()
    })
    session.post('Debugger.enable')
    session.post('Debugger.pause')
  })
}

function describe({ functionName, location }: Debugger.CallFrame, urls: Map<string, string>): string {
  const { scriptId, lineNumber, columnNumber = 0 } = location
  return `${functionName || '<anonymous>'} (${urls.get(scriptId) ?? '?'}:${lineNumber + 1}:${columnNumber + 1})`
}
