import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const pathOf = (name) => fileURLToPath(new URL(name, import.meta.url))
const probe = new URL('./probe.mjs', import.meta.url).href

/** A process that can be asked to do something and tells what came of it. */
export class BenchProcess {
  #calls = new Map()
  #lastId = 0

  /**
   * @param {string} path
   * @param {{ env?: NodeJS.ProcessEnv, execArgv?: string[] }} [options]
   */
  constructor(path, { env = {}, execArgv = [] } = {}) {
    this.child = fork(path, [], {
      env: { ...process.env, ...env },
      execArgv,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      serialization: 'advanced',
    })
    this.exited = once(this.child, 'exit')
    this.child.on('message', ({ id, value, error }) => {
      const { resolve, reject } = this.#calls.get(id)
      this.#calls.delete(id)
      if (error) reject(new Error(error))
      else resolve(value)
    })
    this.child.on('exit', () => this.#rejectAll())
  }

  /** Calls one of its methods. @param {string} method @param {unknown} [args] @returns {Promise<any>} */
  call(method, args) {
    return new Promise((resolve, reject) => {
      this.#lastId += 1
      this.#calls.set(this.#lastId, { resolve, reject })
      this.child.send({ id: this.#lastId, method, args })
    })
  }

  /** Ends it, in order or at once. @param {NodeJS.Signals} [signal] */
  async end(signal = 'SIGTERM') {
    this.child.kill(signal)
    await this.exited
  }

  #rejectAll() {
    for (const { reject } of this.#calls.values()) reject(new Error(`${this.child.spawnargs[1]} has ended`))
    this.#calls.clear()
  }
}

/**
 * Starts a role of this folder, such as `producer`.
 * @param {string} role
 * @param {{ execArgv?: string[] }} [options]
 */
export const startRole = (role, options) => new BenchProcess(pathOf(`./${role}.mjs`), options)

/**
 * Starts one of Servery's own processes as it is, with only a probe in it that tells what it uses.
 * @param {string} file below dist/
 * @param {{ env: NodeJS.ProcessEnv, execArgv?: string[] }} options
 */
export function startServery(file, { env, execArgv = [] }) {
  return new BenchProcess(pathOf(`../../dist/${file}`), { env, execArgv: [...execArgv, '--import', probe] })
}
