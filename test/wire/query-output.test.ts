import { expect, it } from 'vitest'
import { encodeMembers } from '../../src/wire/query-output'

it('writes every kind of value', () => {
  const xml = encodeMembers(
    {
      Text: 'a < b & "c"',
      Empty: '',
      Number: 3600,
      Flag: false,
      Date: new Date(Date.UTC(2026, 10, 24, 12, 0, 0, 987)),
      Absent: undefined,
      None: [],
      Texts: ['a', ''],
      Things: [{ Name: 'x', Tags: [{ Key: 'k', Value: 'v' }] }, {}],
      Summary: new Map([['Users', 1]]),
    },
    '  ',
  )
  expect(xml).toBe(`  <Text>a &lt; b &amp; &quot;c&quot;</Text>
  <Empty></Empty>
  <Number>3600</Number>
  <Flag>false</Flag>
  <Date>2026-11-24T12:00:00Z</Date>
  <None/>
  <Texts>
    <member>a</member>
    <member></member>
  </Texts>
  <Things>
    <member>
      <Name>x</Name>
      <Tags>
        <member>
          <Key>k</Key>
          <Value>v</Value>
        </member>
      </Tags>
    </member>
    <member/>
  </Things>
  <Summary>
    <entry>
      <key>Users</key>
      <value>1</value>
    </entry>
  </Summary>
`)
})
