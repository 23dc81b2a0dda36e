/** The kinds of projects that `imskit init` writes programs for. */
export const projectKinds = ['vite', 'next', 'worker', 'node', 'page'] as const

export type ProjectKind = (typeof projectKinds)[number]
