// what every entry but the browser's exports; the default client is each runtime's own

export * from './api-login.ts'
export * from './api-low-level.ts'
export { authorizationCode } from './flows/authorization-code.ts'
export { type ClientCredentialsOptions, clientCredentials } from './flows/client-credentials.ts'
export { type ClusterExchangeOptions, clusterExchange } from './flows/cluster-exchange.ts'
export { type JwtBearerOptions, jwtBearer } from './flows/jwt-bearer.ts'
export { type RefreshTokenOptions, refreshToken } from './flows/refresh-token.ts'
export { type ServiceTokenOptions, serviceToken } from './flows/service-token.ts'
export { type SignAssertionOptions, signAssertion } from './flows/sign-assertion.ts'
export { type FromUnstorageOptions, fromUnstorage, type UnstorageLike } from './from-unstorage.ts'
export { type IoredisLike, type NodeRedisLike, type RedisLike, type RedisLockOptions, redisLock } from './redis-lock.ts'
export { type RenewAheadOptions, renewAhead } from './renew-ahead.ts'
