/** The libraries whose uses are reported. `ims` includes imskit, so that findings stay listed after `--write`. */
export type Library = 'ims' | 'context' | 'plug-in' | 'core-auth' | 'jwt-auth' | 'auth-token' | 'jsonwebtoken'

const plugIn = /^@adobe\/aio-lib-ims-(?:jwt|oauth)(?:\/|$)/
const deepPath = /^@adobe\/aio-lib-ims(?:-jwt|-oauth)?\//

/** Every specifier that names `@adobe/aio-lib-ims` or one of its plug-ins. */
const oldSpecifier = /^@adobe\/aio-lib-ims(?:-jwt|-oauth)?(?:\/|$)/

/** The packages that imskit replaces without a change of the names of exports. */
export const oldPackages = ['@adobe/aio-lib-ims', '@adobe/aio-lib-ims-jwt', '@adobe/aio-lib-ims-oauth'] as const

/** The new specifier for each replaced one. A specifier without an entry has no counterpart. */
const replacements: Readonly<Record<string, string>> = {
  ...Object.fromEntries(oldPackages.map((name) => [name, 'imskit'])),
  '@adobe/aio-lib-ims/src': 'imskit',
  '@adobe/aio-lib-ims/src/index': 'imskit',
  '@adobe/aio-lib-ims/src/index.js': 'imskit',
  '@adobe/aio-lib-ims/src/ims': 'imskit',
  '@adobe/aio-lib-ims/src/ims.js': 'imskit',
  '@adobe/aio-lib-ims/src/context': 'imskit/src/context',
  '@adobe/aio-lib-ims/src/context.js': 'imskit/src/context.js',
  '@adobe/aio-lib-ims/package.json': 'imskit/package.json',
}

export const isOldSpecifier = (specifier: string): boolean => oldSpecifier.test(specifier)

export const isPlugIn = (specifier: string): boolean => plugIn.test(specifier)

/** Whether a text contains the name of a replaced package. */
export const namesOldPackage = (text: string): boolean => /@adobe\/aio-lib-ims(?:-jwt|-oauth)?(?![\w-])/.test(text)

export function replacementOf(specifier: string): string | undefined {
  return Object.hasOwn(replacements, specifier) ? replacements[specifier] : undefined
}

/** The advice for a path of `@adobe/aio-lib-ims` that imskit does not have. */
export function adviceForPath(specifier: string): string {
  if (/\/ValidationCache(?:\.js)?$/.test(specifier))
    return "imskit has no such path; write const { ValidationCache } = require('imskit')"
  if (/\/token-helper(?:\.js)?$/.test(specifier))
    return 'imskit has no such path; use getToken and invalidateToken of imskit'
  if (/\/errors(?:\.js)?$/.test(specifier)) return 'imskit has no such path; use isImsError(error) and error.code'
  return deepPath.test(specifier)
    ? 'imskit has no such path; use the exports of imskit'
    : 'replace it by imskit or remove it'
}

/** The library that a specifier loads, if its uses are reported. */
export function libraryOf(specifier: string): Library | undefined {
  if (specifier === '@adobe/aio-lib-core-auth') return 'core-auth'
  if (specifier === '@adobe/jwt-auth') return 'jwt-auth'
  if (specifier === '@adobe/auth-token') return 'auth-token'
  if (specifier === 'jsonwebtoken') return 'jsonwebtoken'
  if (/^(?:imskit|@adobe\/aio-lib-ims)\/src\/context(?:\.js)?$/.test(specifier)) return 'context'
  if (isPlugIn(specifier)) return 'plug-in'
  return isOldSpecifier(specifier) || /^imskit(?:\/node)?$/.test(specifier) ? 'ims' : undefined
}

/** A file without any of these words is not parsed. */
export const words = [
  'aio-lib-ims',
  'imskit',
  'aio-lib-core-auth',
  '@adobe/jwt-auth',
  '@adobe/auth-token',
  'jsonwebtoken',
  'adobeIMS',
  'adobeid',
  '/imslib',
]
