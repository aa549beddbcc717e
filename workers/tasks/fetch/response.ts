import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

/** What is known of a response, small enough to be a task's result (64 KiB of JSON). */
export interface FetchResult {
  status: number
  headers: Record<string, string>
  /** As text if it is text in the charset that the response names (else UTF-8), or in Base64. */
  body: string
  encoding: 'text' | 'base64'
  /** How many of the body were read. */
  bytes: number
  /** Where it came from after all redirects. */
  url: string
  /** Whether `body` is not all of it. */
  truncated: boolean
}

/** What is read of a body; the rest is refused. */
const maxBytesRead = 1024 * 1024
// Of the 64 KiB that a result may have; the URL may take up 8 more.
const maxBodyLength = 40 * 1024
const maxHeadersLength = 12 * 1024

// A session's secret, and what was between this connection's two ends only.
const leftOut = new Set(['set-cookie', 'connection', 'keep-alive', 'transfer-encoding'])

/**
 * Reads a response: at most 1 MiB of its body, and keeps of that what fits into a result.
 *
 * @param progress gets the fraction of the body that was read, as far as its length is known
 */
export async function readResponse(
  response: IncomingMessage,
  progress: (fraction: number) => void,
): Promise<Omit<FetchResult, 'url'>> {
  const expected = Math.min(Number(response.headers['content-length']) || Infinity, maxBytesRead)
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    bytes += chunk.length
    progress(bytes / expected)
    // Leaving the loop ends the connection.
    if (bytes > maxBytesRead) break
  }
  const isCut = bytes > maxBytesRead
  const body = Buffer.concat(chunks).subarray(0, maxBytesRead)
  return {
    status: response.statusCode ?? 0,
    headers: keptHeaders(response.headers),
    bytes: body.length,
    ...keptBody(body, { isCut, charset: charsetOf(response) }),
  }
}

function keptHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const kept: Record<string, string> = {}
  let length = 0
  for (const [name, value] of Object.entries(headers)) {
    length += JSON.stringify({ [name]: value }).length
    if (length > maxHeadersLength) break
    if (!leftOut.has(name)) kept[name] = String(value)
  }
  return kept
}

interface BodyFacts {
  isCut: boolean
  charset: string
}

type KeptBody = Pick<FetchResult, 'body' | 'encoding' | 'truncated'>

function keptBody(bytes: Buffer, { isCut, charset }: BodyFacts): KeptBody {
  const text = decode(bytes, { isCut, charset })
  if (text === undefined) return inBase64(bytes, isCut)
  const body = beginning(text)
  return { body, encoding: 'text', truncated: isCut || body.length < text.length }
}

function inBase64(bytes: Buffer, isCut: boolean): KeptBody {
  const kept = bytes.subarray(0, (maxBodyLength / 4) * 3)
  return { body: kept.toString('base64'), encoding: 'base64', truncated: isCut || kept.length < bytes.length }
}

function decode(bytes: Buffer, { isCut, charset }: BodyFacts): string | undefined {
  try {
    // What was cut may end within a character: as part of a stream that is no mistake.
    return new TextDecoder(charset, { fatal: true }).decode(bytes, { stream: isCut })
  } catch {
    return undefined
  }
}

function charsetOf({ headers }: IncomingMessage): string {
  return /charset\s*=\s*"?([^\s";]+)/i.exec(headers['content-type'] ?? '')?.[1] ?? 'utf-8'
}

// Measured as JSON: a control character takes six there.
function beginning(text: string): string {
  let kept = text.slice(0, maxBodyLength)
  for (let length = jsonLength(kept); length > maxBodyLength; length = jsonLength(kept)) {
    kept = kept.slice(0, Math.floor((kept.length * maxBodyLength) / length) - 1)
  }
  // Not half of a pair.
  return kept.length < text.length ? kept.replace(/[\ud800-\udbff]$/, '') : kept
}

function jsonLength(text: string): number {
  return JSON.stringify(text).length - 2
}
