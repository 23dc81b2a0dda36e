declare module 'hjson/lib/hjson-parse.js' {
  export default function parse(text: string): unknown
}

declare module 'js-yaml' {
  export function load(text: string, options?: { json?: boolean }): unknown
  export function dump(value: unknown, options?: { lineWidth?: number }): string
}
