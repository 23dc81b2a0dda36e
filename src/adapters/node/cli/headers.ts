import { claimsOf } from '../../../core/ims/decode-token.ts'
import type { Run } from './command.ts'
import { printResult, withProgress } from './output.ts'
import { commandSession, contextOf, printableToken } from './subject.ts'

/** `imskit headers`: one line of JSON, for tools that run a command to get the headers of their requests. */
export const headersCommand: Run = async ({ args }) => {
  const here = commandSession()
  const { name, data } = await contextOf(args[0], here)
  const found = await withProgress('Waiting for IMS', () => here.ims.getToken(name, { interaction: 'none' }))
  const token = printableToken(found)
  // APIs compare the key with the client of the token
  const clientId = claimsOf(token)?.client_id ?? data.client_id
  const headers = {
    Authorization: `Bearer ${token}`,
    ...(typeof clientId === 'string' && clientId !== '' && { 'x-api-key': clientId }),
    ...(typeof data.ims_org_id === 'string' && data.ims_org_id !== '' && { 'x-gw-ims-org-id': data.ims_org_id }),
  }
  printResult(headers, true, () => '')
  return 0
}
