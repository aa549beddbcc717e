import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import request from 'supertest'
import { describe, expect, it, onTestFinished } from 'vitest'
import { givenUser, refusedBy } from '../support/acl.js'
import { givenCertificate } from '../support/certificates.js'
import { expectAllLanesToWork, expectOrderlyStop, givenLanes } from '../support/lanes.js'
import { inMemory, ServerProcess } from '../support/server-process.js'
import { eventually } from '../support/tasks.js'
import { givenWeb } from '../support/web.js'

/** A real Redis that speaks TLS alone, and lets nobody in but the documented user. */
async function givenTls(address = '127.0.0.1') {
  const folder = mkdtempSync(join(tmpdir(), 'servery-tls-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const { certificate, key } = await givenCertificate(folder, address)
  const files = ['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-ca-cert-file', certificate]
  const tls = { ca: readFileSync(certificate), checkServerIdentity: () => undefined }
  const server = await ServerProcess.start(
    (port, home) => [
      ...inMemory(0, home),
      ...['--tls-port', String(port), ...files, '--tls-auth-clients', 'no'],
    ],
    { tls },
  )
  await givenUser(server)
  return {
    server,
    url: `rediss://servery:password@127.0.0.1:${server.port}`,
    trusting: { NODE_EXTRA_CA_CERTS: certificate },
  }
}

describe('over TLS, as the user that docs/operations.md tells to make', () => {
  it('every lane works', async () => {
    const { server, url, trusting } = await givenTls()
    const lanes = await givenLanes(url, ['a', 'b'], trusting)
    await expectAllLanesToWork(lanes, 'x')
    await useWhatIsLeft(lanes.web)
    await expectOrderlyStop(lanes)
    expect(await refusedBy(server)).toEqual([])
  })

  it('a certificate from an unknown authority is refused, and it is said what to do', async () => {
    const { url } = await givenTls()
    expect(await refusal(url)).toMatch(
      /set NODE_EXTRA_CA_CERTS to the file with that authority's certificate/,
    )
  })

  it('a certificate for another name is refused, and it is said so', async () => {
    const { url, trusting } = await givenTls('127.0.0.2')
    expect(await refusal(url, trusting)).toMatch(/a certificate for another name/)
  })

  it('a wrong password of a Cluster is recognised', async () => {
    const server = await ServerProcess.start(
      (...where) => [...inMemory(...where), '--requirepass', 'right'],
      { password: 'right' },
    )
    expect(await refusal(`redis://:wrong@127.0.0.1:${server.port},`)).toMatch(/refused the credentials/)
  })
})

/** Whatever else there is over HTTP that sends commands of its own to Redis; what Redis does not allow is in its log. */
async function useWhatIsLeft(web: string): Promise<void> {
  const enqueue = async (more: object, query = '') => {
    const task = { task: 'echo', queue: 'http', data: { message: 1 }, ...more }
    const { body } = await request(web).post(`/tasks${query}`).send(task)
    return (body as { id: string }).id
  }
  const reserve = async () => {
    const { body } = await request(web).post('/queues/http/reserve').expect(200)
    return `/leases/${(body as { lease: string }).lease}`
  }
  await enqueue({ key: 'once', priority: 'high' }, '?durability=replica')
  await enqueue({ attempts: 1 }, '?durability=fsync')
  const lease = await reserve()
  await request(web).post(`${lease}/extend`).expect(200)
  await request(web).post(`${lease}/ack`).expect(200)
  await request(web)
    .post(`${await reserve()}/fail`)
    .send({ error: 'x', retry: false })
    .expect(200)
  const id = await enqueue({ delay: '1h' })
  await request(web).get(`/tasks/${id}/explain`).expect(200)
  await request(web).delete(`/tasks/${id}`).expect(200)
  await request(web).post(`/tasks/${id}/retry`).expect(202)
  await request(web).get(`/tasks/${id}/explain`).expect(200)
  for (const state of ['waiting', 'delayed', 'active', 'dead'])
    await request(web).get(`/queues/http/tasks?state=${state}`).expect(200)
  for (const verb of ['pause', 'resume']) await request(web).post(`/queues/http/${verb}`).expect(200)
  for (const state of ['waiting', 'delayed', 'dead'])
    await request(web).delete(`/queues/http/tasks?state=${state}`).expect(200)
  for (const path of ['/', '/queues', '/workers', '/audit', '/metrics', '/schedules', '/readyz'])
    await request(web).get(path).expect(200)
  await request(web).post('/prodcons?ifExists=1').send({ value: 1 }).expect(202)
  await request(web).post('/pubsub').send({ message: 1, to: 'anna' }).expect(202)
  await request(web).delete('/schedules/tick').expect(204)
}

/** What the web process says of a Redis that does not let it in: in its log, and in each 503. */
async function refusal(url: string, env: Record<string, string> = {}): Promise<string> {
  const { process, url: web } = await givenWeb({ url }, '0', env)
  const { reason } = JSON.parse(await process.line(/out of reach.*"reason"|"reason".*out of reach/)) as {
    reason: string
  }
  return eventually(async () => {
    const { body } = await request(web).get('/readyz').expect(503)
    expect(body).toMatchObject({ message: reason })
    return reason
  })
}
