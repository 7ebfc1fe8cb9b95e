/** Where a Region's Vault is best placed (Cloudflare Durable Objects, location hints): longest prefix wins. */
const hints: readonly (readonly [prefix: string, hint: DurableObjectLocationHint])[] = [
  ['us-west', 'wnam'],
  ['us-gov-west', 'wnam'],
  ['ca-west', 'wnam'],
  ['us-', 'enam'],
  ['ca-', 'enam'],
  ['mx-', 'enam'],
  ['sa-', 'sam'],
  ['eu-central', 'weur'],
  ['eu-west', 'weur'],
  ['eu-south', 'weur'],
  ['eu-north', 'eeur'],
  ['eusc-', 'weur'],
  ['ap-southeast-2', 'oc'],
  ['ap-southeast-4', 'oc'],
  ['ap-', 'apac'],
  ['cn-', 'apac'],
  ['af-', 'afr'],
  ['me-', 'me'],
  ['il-', 'me'],
]

export const locationHint = (region: string): DurableObjectLocationHint | undefined =>
  hints.find(([prefix]) => region.startsWith(prefix))?.[1]
