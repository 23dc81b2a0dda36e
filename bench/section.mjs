const [name] = process.argv.slice(2)
const { default: run } = await import(`./sections/${name}.mjs`)

process.send(await run())
process.disconnect()
