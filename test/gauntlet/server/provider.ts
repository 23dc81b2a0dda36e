import { request as send } from 'node:http'
import { publicClient, startOpenIdProvider } from '../../kit/oidc-op.ts'
import type { Engine, EngineAnswer, EngineRequest } from './engine.ts'

/** `oidc-provider`, which we did not write: it rotates refresh tokens and revokes the grant of one that comes twice. */
export async function providerEngine({ lifetime, app }: { lifetime: number; app: string }): Promise<Engine> {
  const provider = await startOpenIdProvider({ accessTokenLifetime: lifetime, app })
  return {
    name: 'oidc-provider',
    clientId: publicClient,
    issuers: [provider.issuer],
    handle: (request) => forward(provider.issuer, request),
    close: () => provider.close(),
  }
}

/** With the name under which it was asked, so that its pages link to the front. */
function forward(to: string, { method, url, headers, body }: EngineRequest): Promise<EngineAnswer> {
  return new Promise((resolve, reject) => {
    const request = send(new URL(url, to), { method, headers }, async (response) => {
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk)
      resolve({ status: response.statusCode ?? 502, headers: response.headers, body: Buffer.concat(chunks).toString() })
    })
    request.on('error', reject)
    request.end(body)
  })
}
