// loaded in one file, when a token is first obtained
export { exchangeJwt } from '../ims/endpoints/exchange-jwt.ts'
export { importKey, signClaims } from './assertion.ts'
