import { requireText } from '../flows/credentials.ts'
import { adminOrganizationsPath, adminParameters, adminProfilePath } from '../ims/endpoints/admin.ts'
import { avatarPath } from '../ims/endpoints/avatar.ts'
import { profilePath } from '../ims/endpoints/profile.ts'
import { type RequestParameters, withQuery } from '../ims/request-parameters.ts'
import { defined } from '../json.ts'
import { lazy } from '../lazy.ts'
import { badOption, checkOptions } from '../options.ts'
import type { ProductContext } from './product-contexts.ts'
import type { Untyped } from './untyped.ts'

const productContexts = /* @__PURE__ */ lazy(() => import('./product-contexts.ts'))

/** Which user an Adobe service asks about, and its client. */
export interface AdminRequest {
  /** `guid@auth_src`, the `user_id` of a token. */
  readonly userId: string
  /** The client of the service token. */
  readonly clientId: string
  readonly signal?: AbortSignal | undefined
}

/** The part of `Ims` about users that `@adobe/aio-lib-ims` does not have. */
export abstract class ImsUsers {
  abstract getApiUrl(api: string): string
  abstract get(api: string, token?: string, parameters?: RequestParameters, signal?: AbortSignal): Promise<Untyped>
  abstract post(api: string, token?: string, parameters?: RequestParameters, signal?: AbortSignal): Promise<Untyped>

  /** The profile of any user, with the service token of an Adobe service (`POST /ims/admin_profile/v3`). */
  async getAdminProfile(serviceToken: string, request: AdminRequest): Promise<unknown> {
    return this.post(adminProfilePath, serviceToken, adminParametersOf('getAdminProfile', request), request.signal)
  }

  /** The organizations of any user, with the service token of an Adobe service (`POST /ims/admin_organizations/v4`). */
  async getAdminOrganizations(serviceToken: string, request: AdminRequest): Promise<unknown> {
    const parameters = adminParametersOf('getAdminOrganizations', request)
    return this.post(adminOrganizationsPath, serviceToken, parameters, request.signal)
  }

  /**
   * The products of the organizations of the token's user, with their data decoded (`GET /ims/profile/v1`). The token
   * needs the scope `additional_info.projectedProductContext`; without it the list is empty.
   */
  async getProductContexts(token: string, signal?: AbortSignal): Promise<ProductContext[]> {
    const { productContextsIn } = await productContexts()
    return productContextsIn(await this.get(profilePath, token, {}, signal))
  }

  /** The address of a user's picture, for an `<img>` (`/ims/avatar/download`). @param options.size such as `small` */
  getAvatarUrl(userId: string, options: { readonly size?: string | undefined } = {}): string {
    requireText('getAvatarUrl', { userId })
    checkOptions('getAvatarUrl', options, { size: 1 })
    requireText('getAvatarUrl', defined({ size: options.size }))
    return withQuery(this.getApiUrl(avatarPath(userId)), defined({ size: options.size }))
  }
}

function adminParametersOf(method: string, request: AdminRequest): object {
  checkOptions(method, request, { userId: 1, clientId: 1, signal: 1 })
  const { userId, clientId } = request
  requireText(method, { userId, clientId })
  if (!/^[^@]+@[^@]+$/.test(userId))
    throw badOption(`${method}: userId must be guid@auth_src, as the user_id of a token`)
  return adminParameters({ userId, clientId })
}
