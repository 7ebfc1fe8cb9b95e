import { requireState } from '../keys/guards'
import type { KeyTag } from '../keys/records'
import { tagProblem } from '../model/errors'
import { limits } from '../model/limits'
import { findKey } from './find-key'
import type { Handler } from './handler'
import { pageOf } from './paging'

const byKey = (a: KeyTag, b: KeyTag) => (a.TagKey < b.TagKey ? -1 : a.TagKey > b.TagKey ? 1 : 0)

/** The tags after adding these, sorted by key. TagException for duplicates, reserved prefixes and more than 50. */
export function requireTags(present: readonly KeyTag[], added: readonly KeyTag[]): KeyTag[] {
  if (new Set(added.map((tag) => tag.TagKey)).size < added.length) throw tagProblem('Duplicate tag keys')
  if (added.some((tag) => tag.TagKey.toLowerCase().startsWith('aws:'))) {
    throw tagProblem('Tags beginning with aws: are reserved')
  }
  const merged = new Map(present.map((tag) => [tag.TagKey, tag]))
  for (const { TagKey, TagValue } of added) merged.set(TagKey, { TagKey, TagValue })
  if (merged.size > limits.tagsPerKey) throw tagProblem('Too many tags')
  return [...merged.values()].sort(byKey)
}

/** TagResource: merges and overwrites. */
export const tagResource: Handler<'TagResource'> = async (call, input) => {
  const key = await findKey(call, input.KeyId, 'key')
  await call.authorize(key)
  requireState(key, 'TagResource')
  call.putKey({ ...key, tags: requireTags(key.tags, input.Tags) })
}

/** UntagResource: unknown tag keys are fine. */
export const untagResource: Handler<'UntagResource'> = async (call, input) => {
  const key = await findKey(call, input.KeyId, 'key')
  await call.authorize(key)
  requireState(key, 'UntagResource')
  const tags = key.tags.filter((tag) => !input.TagKeys.includes(tag.TagKey))
  if (tags.length < key.tags.length) call.putKey({ ...key, tags })
}

/** ListResourceTags: by tag key. */
export const listResourceTags: Handler<'ListResourceTags'> = async (call, input) => {
  const key = await findKey(call, input.KeyId, 'key')
  await call.authorize(key)
  const page = await pageOf(call, input, key.keyId, async (after, limit) =>
    key.tags
      .filter((tag) => after === undefined || tag.TagKey > after)
      .slice(0, limit)
      .map((tag) => ({ position: tag.TagKey, item: tag })),
  )
  return { Tags: page.items, ...page.members }
}
