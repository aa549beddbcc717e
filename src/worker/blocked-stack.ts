import { type Debugger, Session } from 'node:inspector'

/** Where a thread is: the innermost call first. */
export interface Frame {
  /** `function (url:line:column)` */
  place: string
  url: string
}

/** A thread that is in a native call, and not in JavaScript, has no answer. */
const patienceMs = 1000

/**
 * Where the main thread is at this moment, however busy it is: V8's inspector interrupts it, reads its stack and lets
 * it go on. To be called from another thread.
 *
 * @returns empty if it cannot be told
 */
export function mainThreadStack(): Promise<Frame[]> {
  const session = new Session()
  const urls = new Map<string, string>()
  session.connectToMainThread()
  return new Promise((resolve) => {
    const end = (frames: Frame[]) => {
      clearTimeout(timer)
      session.disconnect()
      resolve(frames)
    }
    const timer = setTimeout(() => end([]), patienceMs)
    session.on('Debugger.scriptParsed', ({ params }) => urls.set(params.scriptId, params.url))
    session.once('Debugger.paused', ({ params }) => {
      session.post('Debugger.resume')
      end(params.callFrames.map((frame) => describe(frame, urls)))
    })
    session.post('Debugger.enable')
    session.post('Debugger.pause')
  })
}

function describe({ functionName, location }: Debugger.CallFrame, urls: Map<string, string>): Frame {
  const { scriptId, lineNumber, columnNumber = 0 } = location
  const url = urls.get(scriptId) ?? '?'
  return { place: `${functionName || '<anonymous>'} (${url}:${lineNumber + 1}:${columnNumber + 1})`, url }
}
