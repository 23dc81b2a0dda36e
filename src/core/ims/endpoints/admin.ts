/** `POST /ims/admin_profile/v3` with a service token: the profile of any user. */
export const adminProfilePath = '/ims/admin_profile/v3'

/** `POST /ims/admin_organizations/v4` with a service token: the organizations of any user, as an array. */
export const adminOrganizationsPath = '/ims/admin_organizations/v4'

/** The parameters of both; a user id is `guid@auth_src`. */
export function adminParameters({ userId, clientId }: { userId: string; clientId: string }): object {
  const at = userId.lastIndexOf('@')
  return { guid: userId.slice(0, at), auth_src: userId.slice(at + 1), client_id: clientId }
}
