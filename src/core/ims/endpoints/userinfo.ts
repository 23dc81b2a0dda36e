/** `GET /ims/userinfo/v2` with an access token: the OpenID claims of its user. */
export const userinfoPath = '/ims/userinfo/v2'
