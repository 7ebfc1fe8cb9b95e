/** A Worker of one module under miniflare, on a direct socket as that of bench/servers.mjs. */
export async function startModule(contents) {
  const { Miniflare, convertV4MiniflareOptions, Log, LogLevel } = await import('miniflare')
  const options = convertV4MiniflareOptions({
    name: 'envelope',
    modules: [{ type: 'ESModule', path: 'index.js', contents }],
    compatibilityDate: '2026-11-02',
    host: '127.0.0.1',
    port: 0,
    unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
    cf: false,
    logRequests: false,
    log: new Log(LogLevel.NONE),
  })
  const mf = new Miniflare(options)
  await mf.ready
  const { port } = await mf.unsafeGetDirectURL()
  return { port: Number(port), stop: () => mf.dispose() }
}
