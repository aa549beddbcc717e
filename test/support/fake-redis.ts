import { type AddressInfo, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/**
 * As much of a Redis server as a test needs where a real one will not do: it tells a version, confirms a
 * subscription to `news`, is the only node of a Cluster, and says OK to everything else; or nothing at all to the commands
 * in `silentTo`, and ends the connection at one in `hangsUpOn`.
 */
export async function givenFakeRedis({
  version = '7.0.0',
  silentTo = new Set<string>(),
  mayAskInfo = true,
  hangsUpOn = new Set<string>(),
} = {}) {
  const received: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (sent) => {
      for (const name of commandsIn(sent.toString())) {
        received.push(name)
        if (hangsUpOn.has(name)) socket.destroy()
        else if (!silentTo.has(name))
          socket.write(answerTo(name, { version, mayAskInfo, port: socket.localPort }))
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const disconnect = () => sockets.forEach((socket) => socket.destroy())
  onTestFinished(() => {
    disconnect()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `redis://127.0.0.1:${port}`, received, disconnect }
}

// Each command is an array whose first bulk string is its name.
function commandsIn(sent: string): string[] {
  return [...sent.matchAll(/\*\d+\r\n\$\d+\r\n(\w+)\r\n/g)].map(([, name = '']) => name.toLowerCase())
}

interface Fake {
  version: string
  mayAskInfo: boolean
  port: number | undefined
}

function answerTo(name: string, { version, mayAskInfo, port }: Fake): string {
  if (name === 'cluster') return `*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n${bulk('127.0.0.1')}:${port}\r\n`
  if (name === 'hello') return `*2\r\n${bulk('version')}${bulk(version)}`
  if (name === 'info' && !mayAskInfo) return '-NOPERM no permissions\r\n'
  if (name === 'info') return bulk(`redis_version:${version}\r\nloading:0\r\n`)
  return name === 'psubscribe' ? `*3\r\n${bulk(name)}${bulk('news')}:1\r\n` : '+OK\r\n'
}

const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`
