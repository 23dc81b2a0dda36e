/** `GET /ims/avatar/download/{userId}`: the picture of a user, for an `<img>`; it needs no token. */
export function avatarPath(userId: string): string {
  return `/ims/avatar/download/${encodeURIComponent(userId).replaceAll('%40', '@')}`
}
