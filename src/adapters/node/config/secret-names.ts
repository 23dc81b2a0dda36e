import type { Json } from '../../../core/ports.ts'
import { secretNames } from '../../../core/redact.ts'

/** Whether a value under `name` is a secret. Names count in any case, as they do in the files. */
export function isSecret(name: string): boolean {
  return secretNames.has(name.toLowerCase()) || /secret|password|passphrase|private_?key/i.test(name)
}

/** Whether `value` holds a secret at any depth. */
export function holdsSecret(value: Json | undefined): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.some(holdsSecret)
  return Object.entries(value).some(
    ([name, item]) => (isSecret(name) && item !== '' && item !== null) || holdsSecret(item),
  )
}
