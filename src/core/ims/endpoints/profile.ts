/** `GET /ims/profile/v1` with an access token: the profile of its user. Parameters: `client_id`, and others of IMS. */
export const profilePath = '/ims/profile/v1'
