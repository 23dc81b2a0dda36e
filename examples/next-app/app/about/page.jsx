/** Rendered at build time. */
export default function Page() {
  return <h1>About this app</h1>
}
