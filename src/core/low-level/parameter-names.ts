// the names of IMS's parameters and token types, exported as in @adobe/aio-lib-ims

export const ACCESS_TOKEN = 'access_token'
export const REFRESH_TOKEN = 'refresh_token'
export const AUTHORIZATION_CODE = 'authorization_code'
export const CLIENT_CREDENTIALS = 'client_credentials'
export const CLIENT_ID = 'client_id'
export const CLIENT_SECRET = 'client_secret'
export const SCOPE = 'scope'
