'use client'

export function SignOut({ csrfToken }) {
  async function signOut() {
    const response = await fetch('/auth/logout', { method: 'POST', headers: { 'x-csrf-token': csrfToken } })
    const { logoutUrl = '/' } = await response.json()
    // IMS has its own session: this address ends it
    location.replace(logoutUrl)
  }
  return (
    <button type="button" onClick={signOut}>
      Sign out
    </button>
  )
}
