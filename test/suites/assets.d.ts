/** A file as a data URL, which Vite puts into the module: tests in workerd and in a page have no file system. */
declare module '*?url&inline' {
  const url: string
  export default url
}
