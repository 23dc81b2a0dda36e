import { isImsError } from '../../../core/errors.ts'
import { getTokenData, getTokenHeader } from '../../../core/ims/decode-token.ts'
import { printable } from '../printable.ts'
import type { Run } from './command.ts'
import { colored, printResult, withProgress } from './output.ts'
import { optionText, optionTexts } from './parse.ts'
import { clientOf, tokenOf, tokenWithIms } from './subject.ts'

/** `imskit decode`. */
export const decodeCommand: Run = async ({ args, values }) => {
  const { token } = await tokenOf(args[0])
  const claims = getTokenData(token)
  const header = getTokenHeader(token)
  printResult({ header, claims }, values.json, () => JSON.stringify({ header, claims }, null, 2))
  return 0
}

/** `imskit validate`. */
export const validateCommand: Run = async ({ args, values }) => {
  const subject = await tokenWithIms(args[0], values)
  const { valid, reason } = await withProgress('Waiting for IMS', () =>
    subject.ims.validateToken(subject.token, clientOf(subject, values)),
  )
  const verdict = valid
    ? colored('green', 'valid')
    : `${colored('red', 'invalid')}${reason === undefined ? '' : `: ${printable(reason)}`}`
  printResult({ valid, ...(reason !== undefined && { reason }) }, values.json, () => verdict)
  return valid ? 0 : 1
}

/** `imskit verify`. */
export const verifyCommand: Run = async ({ args, values }) => {
  const { ims, token } = await tokenWithIms(args[0], values)
  const issuer = optionText(values, 'issuer')
  const [allowList, scopes] = [optionTexts(values, 'client-id'), optionTexts(values, 'scope')]
  const options = { ...(allowList.length > 0 && { allowList }), scopes, ...(issuer !== undefined && { issuer }) }
  try {
    const claims = await withProgress('Waiting for IMS', () => ims.verifyToken(token, options))
    printResult({ valid: true, claims }, values.json, () => colored('green', 'valid'))
    return 0
  } catch (error) {
    if (!isImsError(error) || error.code !== 'TOKEN_INVALID') throw error
    const { message, reason } = error
    printResult(
      { valid: false, reason, message },
      values.json,
      () => `${colored('red', 'invalid')} (${reason}): ${printable(message)}`,
    )
    return 1
  }
}
