import { endpoints } from './environment.ts'

const adobeHost = /^https:\/\/[a-z\d-]+?(-stg\d*)?\.(?:adobelogin|services\.adobe)\.com$/

/** The issuers that tokens of `endpoint` may name, exactly. */
export function issuersOf(endpoint: string): readonly string[] {
  return [...bothForms(endpoint), ...sharedIssuersOf(endpoint)]
}

/** All hosts of an environment name the same issuer: for a host of Adobe's, that of its environment if it is another. */
export function sharedIssuersOf(endpoint: string): readonly string[] {
  const [ours, stage] = adobeHost.exec(endpoint) ?? []
  const shared = ours && (stage ? stage === '-stg1' && endpoints.stage : endpoints.prod)
  return shared && shared !== endpoint ? bothForms(shared) : []
}

/** IMS itself uses both. */
const bothForms = (issuer: string) => [issuer, `${issuer}/ims`]
