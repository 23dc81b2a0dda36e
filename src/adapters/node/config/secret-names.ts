import type { Json } from '../../../core/ports.ts'
import { secretNames } from '../../../core/redact.ts'

/** Whether a value with this name is a secret. Ignores case, as the files do. */
export function isSecret(name: string): boolean {
  return secretNames.has(name.toLowerCase()) || /secret|password|passphrase|private_?key/i.test(name)
}

/** Whether `value` contains a secret at any depth. */
export function holdsSecret(value: Json | undefined): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.some(holdsSecret)
  return Object.entries(value).some(
    ([name, item]) => (isSecret(name) && item !== '' && item !== null) || holdsSecret(item),
  )
}
