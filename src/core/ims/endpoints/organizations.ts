/** `GET /ims/organizations/v6` with an access token: the organizations of its user, as an array. */
export const organizationsPath = '/ims/organizations/v6'
