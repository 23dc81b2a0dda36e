import { isImsError } from '../../../core/errors.ts'
import { getTokenData, getTokenHeader } from '../../../core/ims/decode-token.ts'
import { printable } from '../printable.ts'
import type { Run } from './command.ts'
import { paint, progress, result } from './output.ts'
import { text, texts } from './parse.ts'
import { clientOf, subjectOf, tokenOf } from './subject.ts'

/** `imskit decode`. */
export const decode: Run = async ({ args, values }) => {
  const { token } = await tokenOf(args[0])
  const claims = getTokenData(token)
  const header = getTokenHeader(token)
  result({ header, claims }, values.json, () => JSON.stringify({ header, claims }, null, 2))
  return 0
}

/** `imskit validate`. */
export const validate: Run = async ({ args, values }) => {
  const subject = await subjectOf(args[0], values)
  const { valid, reason } = await progress('waiting for IMS', () =>
    subject.ims.validateToken(subject.token, clientOf(subject, values)),
  )
  const verdict = valid
    ? paint('green', 'valid')
    : `${paint('red', 'invalid')}${reason === undefined ? '' : `: ${printable(reason)}`}`
  result({ valid, ...(reason !== undefined && { reason }) }, values.json, () => verdict)
  return valid ? 0 : 1
}

/** `imskit verify`. */
export const verify: Run = async ({ args, values }) => {
  const { ims, token } = await subjectOf(args[0], values)
  const issuer = text(values, 'issuer')
  const [allowList, scopes] = [texts(values, 'client-id'), texts(values, 'scope')]
  const options = { ...(allowList.length > 0 && { allowList }), scopes, ...(issuer !== undefined && { issuer }) }
  try {
    const claims = await progress('waiting for IMS', () => ims.verifyToken(token, options))
    result({ valid: true, claims }, values.json, () => paint('green', 'valid'))
    return 0
  } catch (error) {
    if (!isImsError(error) || error.code !== 'TOKEN_INVALID') throw error
    const { message, reason } = error
    result(
      { valid: false, reason, message },
      values.json,
      () => `${paint('red', 'invalid')} (${reason}): ${printable(message)}`,
    )
    return 1
  }
}
