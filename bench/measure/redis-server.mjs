import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'

/** A Redis of the benchmark's own: on a Unix socket in a temporary folder, nothing written to disk. */
export class RedisServer {
  #folder = mkdtempSync(join(tmpdir(), 'servery-bench-'))
  socket = join(this.#folder, 'redis.sock')

  async start() {
    const flags = ['--port', '0', '--unixsocket', this.socket, '--dir', this.#folder]
    flags.push('--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction')
    this.process = spawn(process.env.REDIS_SERVER ?? 'redis-server', flags, { stdio: 'ignore' })
    // However this process ends.
    process.once('exit', () => this.#clear())
    this.client = new Redis(this.socket, { maxRetriesPerRequest: null, retryStrategy: () => 20 })
    this.client.on('error', () => undefined)
    await this.client.ping()
  }

  async stop() {
    this.client?.disconnect()
    if (this.process?.exitCode === null) {
      this.process.kill()
      await once(this.process, 'exit')
    }
    this.#clear()
  }

  #clear() {
    this.process?.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Empties it; scripts stay loaded. */
  async empty() {
    await this.client.flushall('SYNC')
  }

  /** Bytes that are used for data, nearly. */
  async usedBytes() {
    return Number(fieldsOf(await this.client.info('memory')).used_memory)
  }

  /** What it was asked to do since {@link forget}. */
  async accounts() {
    const [stats, commands] = await Promise.all([this.client.info('stats'), this.client.info('commandstats')])
    const { total_reads_processed: reads } = fieldsOf(stats)
    const perCommand = Object.entries(fieldsOf(commands)).map(([key, text]) => toCommand(key, text))
    // This process's own.
    const others = perCommand.filter(
      ({ name }) => !/^(info|config|ping|flushall|hello|client|command)\b/.test(name),
    )
    const scripts = others.filter(({ name }) => isScript(name))
    return {
      reads: Number(reads),
      scripts: sum(scripts, 'calls'),
      commands: sum(others, 'calls') - sum(scripts, 'calls'),
      // With what the script calls in it, although that is counted beside it too.
      scriptUs: sum(scripts, 'usec'),
      perCommand: others,
    }
  }

  /** Begins to count anew. */
  async forget() {
    await this.client.config('RESETSTAT')
  }

  /** CPU time so far, in microseconds. */
  async cpuUs() {
    const { used_cpu_user: user, used_cpu_sys: system } = fieldsOf(await this.client.info('cpu'))
    return (Number(user) + Number(system)) * 1e6
  }

  /** Commands that clients sent within some time, what scripts call not counted, by name. */
  async watch(ms) {
    const counts = {}
    // By hand: under RESP3 ioredis takes what MONITOR tells for answers to commands.
    const monitor = connect(this.socket, () => monitor.write('MONITOR\r\n'))
    const lines = createInterface(monitor)
    lines.on('line', (line) => {
      const name = commandIn(line)
      if (name) counts[name] = (counts[name] ?? 0) + 1
    })
    await sleep(ms)
    monitor.destroy()
    return counts
  }
}

/** The name of the command in a line of MONITOR, such as `+1700000000.000001 [0 unix:/path] "LPUSH" "key"`. */
function commandIn(line) {
  const [, source, name] = /^\+[\d.]+ \[\d+ ([^\]]*)\] "([^"]+)"/.exec(line) ?? []
  return source === 'lua' ? undefined : name?.toLowerCase()
}

const isScript = (name) => /^(eval|evalsha|fcall)/.test(name)
const sum = (items, field) => items.reduce((total, item) => total + item[field], 0)

function fieldsOf(info) {
  const lines = info.split('\r\n').filter((line) => line.includes(':'))
  return Object.fromEntries(lines.map((line) => line.split(/:(.*)/)))
}

function toCommand(key, text) {
  const fields = Object.fromEntries(text.split(',').map((part) => part.split('=')))
  return { name: key.replace('cmdstat_', ''), calls: Number(fields.calls), usec: Number(fields.usec) }
}
