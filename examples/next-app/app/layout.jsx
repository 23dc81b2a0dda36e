export const metadata = { title: 'imskit: a Next app without tokens in the browser' }

export default function Layout({ children }) {
  return (
    <html lang="en">
      <head>
        <link rel="stylesheet" href="/design.css" />
      </head>
      <body className="ims-card">
        <main>{children}</main>
      </body>
    </html>
  )
}
