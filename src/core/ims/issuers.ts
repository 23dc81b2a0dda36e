import { endpoints } from './environment.ts'

const adobeHost = /^https:\/\/[a-z\d-]+?(-stg\d*)?\.(?:adobelogin|services\.adobe)\.com$/

/**
 * The issuers that tokens of `endpoint` may name, exactly; IMS itself uses both forms. All hosts of an environment name
 * the same issuer, so a host of Adobe's also has that of its environment.
 */
export function issuersOf(endpoint: string): readonly string[] {
  const [ours, stage] = adobeHost.exec(endpoint) ?? []
  const shared = ours && (stage ? stage === '-stg1' && endpoints.stage : endpoints.prod)
  const named = shared && shared !== endpoint ? [endpoint, shared] : [endpoint]
  return named.flatMap((issuer) => [issuer, `${issuer}/ims`])
}
