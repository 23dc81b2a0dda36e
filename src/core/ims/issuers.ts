import { endpoints } from './environment.ts'

const adobeHost = /^https:\/\/[a-z\d-]+?(-stg\d*)?\.(?:adobelogin|services\.adobe)\.com$/

/** The issuers that tokens of `endpoint` may name, compared exactly. */
export function issuersOf(endpoint: string): readonly string[] {
  return [...bothForms(endpoint), ...sharedIssuersOf(endpoint)]
}

/** The issuer of the environment, if `endpoint` is another of Adobe's hosts: all hosts of an environment name the same. */
export function sharedIssuersOf(endpoint: string): readonly string[] {
  const [ours, stage] = adobeHost.exec(endpoint) ?? []
  const shared = ours && (stage ? stage === '-stg1' && endpoints.stage : endpoints.prod)
  return shared && shared !== endpoint ? bothForms(shared) : []
}

/** With and without `/ims`: IMS uses both. */
const bothForms = (issuer: string) => [issuer, `${issuer}/ims`]
