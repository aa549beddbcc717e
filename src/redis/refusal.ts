/**
 * Why a Redis that is there lets nobody in, and what to do about it; undefined for an error that may pass by itself.
 *
 * @param error from a connection
 */
export function refusalOf({ code = '', message }: NodeJS.ErrnoException): string | undefined {
  if (/^(WRONGPASS|NOAUTH)\b/.test(message))
    return 'Redis refused the credentials; check the name and password in REDIS_URL'
  if (/SELF_SIGNED_CERT|^UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)/.test(code))
    return `Redis has a certificate from an authority that is not known here (${code}); set NODE_EXTRA_CA_CERTS to the file with that authority's certificate`
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `Redis has a certificate for another name; use a name in REDIS_URL that it is for (${message})`
  if (/^CERT_/.test(code)) return `Redis has a certificate that is not accepted (${code}: ${message})`
  return undefined
}
