import { secretInPage } from '../flows/credentials.ts'
import { isObject } from '../json.ts'

const secretKeys = ['client_secret', 'client_secrets', 'private_key', 'passphrase'] as const

/** @throws {ConfigurationError} `SECRET_IN_BROWSER` if `data` has a secret, before it is stored or sent */
export function refuseSecrets(name: string, data: unknown): void {
  const found = isObject(data) && secretKeys.find((key) => data[key])
  if (found) throw secretInPage(`${found} of IMS context '${name}'`)
}
