import { describe, expect, it } from 'vitest'
import { checkRows, invalid, must, newKey, type Open, type Row, range } from './harness'

const tag = (TagKey: string, TagValue = '') => ({ TagKey, TagValue })
const tags = (count: number, from = 0) => range(count).map((i) => tag(`t${String(from + i).padStart(3, '0')}`))

export function tagging(open: Open): void {
  describe('tags', () => {
    it('merge, overwrite, and are listed by key', async () => {
      const kms = await open()
      const { KeyId, arn } = await newKey(kms)
      const list = async () => (await must(kms, 'ListResourceTags', { KeyId: arn })).Tags
      expect(await must(kms, 'TagResource', { KeyId, Tags: [tag('b', '1'), tag('a')] })).toBeUndefined()
      expect(await must(kms, 'ListResourceTags', { KeyId })).toEqual({
        Tags: [tag('a'), tag('b', '1')],
        Truncated: false,
      })
      await must(kms, 'TagResource', { KeyId, Tags: [tag('b', '2'), tag('B', '3'), tag('__proto__', '4')] })
      expect(await list()).toEqual([tag('B', '3'), tag('__proto__', '4'), tag('a'), tag('b', '2')])
      expect(await must(kms, 'UntagResource', { KeyId, TagKeys: ['a', 'unknown'] })).toBeUndefined()
      expect(await list()).toEqual([tag('B', '3'), tag('__proto__', '4'), tag('b', '2')])
    })

    const refusals: [what: string, given: object[], expected: string][] = [
      ['duplicates', [tag('a', '1'), tag('a', '2')], 'TagException: Duplicate tag keys'],
      ['aws:', [tag('aws:x')], 'TagException: Tags beginning with aws: are reserved'],
      ['AwS: in other case', [tag('AwS:x')], 'TagException: Tags beginning with aws: are reserved'],
      ['51', tags(51), 'TagException: Too many tags'],
      [
        'key of 129',
        [tag('a'), tag('k'.repeat(129))],
        invalid(
          `Value '${'k'.repeat(129)}' at 'tags.2.member.tagKey' failed to satisfy constraint: Member must have length less than or equal to 128`,
        ),
      ],
      [
        'value of 257',
        [tag('a', 'v'.repeat(257))],
        invalid(
          `Value '${'v'.repeat(257)}' at 'tags.1.member.tagValue' failed to satisfy constraint: Member must have length less than or equal to 256`,
        ),
      ],
      ['the longest', [tag('k'.repeat(128), 'v'.repeat(256))], 'ok'],
      ['aws without colon', [tag('awsome'), tag('AWS')], 'ok'],
    ]

    it('have limits and reserved names, in TagResource as in CreateKey', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms)
      await checkRows(
        kms,
        refusals.flatMap(([what, Tags, expected]): Row[] => [
          [what, 'TagResource', { KeyId, Tags }, expected],
          [what, 'CreateKey', { Tags }, expected],
        ]),
      )
    })

    it('are at most 50 for a key, those that are there included', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms, { Tags: tags(48) })
      await checkRows(kms, [
        ['3 more', 'TagResource', { KeyId, Tags: tags(3, 48) }, 'TagException: Too many tags'],
        ['2 more', 'TagResource', { KeyId, Tags: tags(2, 48) }, 'ok'],
        ['the same again', 'TagResource', { KeyId, Tags: tags(50) }, 'ok'],
        ['one more', 'TagResource', { KeyId, Tags: [tag('u')] }, 'TagException: Too many tags'],
        ['one less', 'UntagResource', { KeyId, TagKeys: ['t000'] }, 'ok'],
        ['and one more', 'TagResource', { KeyId, Tags: [tag('u')] }, 'ok'],
      ])
      expect((await must(kms, 'ListResourceTags', { KeyId })).Tags).toHaveLength(50)
    })
  })
}
