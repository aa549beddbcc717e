import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generate } from 'selfsigned'

/** A certificate for an address that is its own authority, in files: of a server's key, and of what its clients trust. */
export async function givenCertificate(folder: string, address: string) {
  const pems = await generate([{ name: 'commonName', value: 'servery-test' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 7, ip: address }] },
    ],
  })
  const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')]
  writeFileSync(certificate, pems.cert)
  writeFileSync(key, pems.private)
  return { certificate, key }
}
