/** `GET /ims/.well-known/openid-configuration`: the metadata of IMS (OpenID Connect Discovery 1.0). */
export const discoveryPath = '/ims/.well-known/openid-configuration'
