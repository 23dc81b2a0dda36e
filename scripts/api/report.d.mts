export function entries(): string[]
export function apiReports(): Record<string, string>
export function fileList(): Promise<string>
export function packed(): Promise<{ size: number; unpackedSize: number; files: { path: string; size: number }[] }>
