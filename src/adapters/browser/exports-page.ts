// what the script-tag files hold; `exports-login.ts` leaves out the low-level API and the vault

export * from '../../core/api-low-level.ts'
export { idTokenSignature } from '../../core/flows/authorization-code.ts'
export * from './exports-login.ts'
export { serveVault, type VaultOptions } from './vault/vault.ts'
export type { VaultSession } from './vault/vault-messages.ts'
export { type OpenVaultOptions, openVault, type Vault, type VaultLoginOptions } from './vault/vault-page.ts'
