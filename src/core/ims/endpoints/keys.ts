/** `GET /ims/keys`: the published keys of IMS, as a JWK set (RFC 7517). */
export const keysPath = '/ims/keys'
