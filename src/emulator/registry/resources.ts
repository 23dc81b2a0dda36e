import type { Params } from '../http/call.ts'
import { quote, Refusal } from '../http/refusal.ts'

/**
 * Rejects a `resource` that is not an absolute URI without a fragment, as RFC 8707 requires. What a resource changes in
 * a token of IMS is not public, so the emulator's tokens stay the same.
 */
export function checkResources(params: Params): void {
  const resources = params.entries().filter(([name, value]) => name === 'resource' && value !== '')
  const [, wrong] = resources.find(([, value]) => !URL.canParse(value) || value.includes('#')) ?? []
  if (wrong === undefined) return
  throw new Refusal(400, 'invalid_target', `resource ${quote(wrong)} is not an absolute URI without a fragment`)
}
