import { describe, expect, it } from 'vitest'
import { allow, type Parameters } from './helpers'
import { furnished, read, role, user } from './refusing'

describe('what is in use stays', () => {
  const conflicts: [name: string, before: [string, Parameters], action: [string, Parameters], text: string][] = [
    [
      'user in a group',
      ['AddUserToGroup', { ...user, GroupName: 'Staff' }],
      ['DeleteUser', user],
      'Cannot delete entity, must remove users from group first.',
    ],
    [
      'user with an inline policy',
      ['PutUserPolicy', { ...user, PolicyName: 'p', PolicyDocument: allow('*') }],
      ['DeleteUser', user],
      'Cannot delete entity, must delete policies first.',
    ],
    [
      'user with a managed policy',
      ['AttachUserPolicy', { ...user, PolicyArn: read }],
      ['DeleteUser', user],
      'Cannot delete entity, must detach all policies first.',
    ],
    [
      'user with an access key',
      ['CreateAccessKey', user],
      ['DeleteUser', user],
      'Cannot delete entity, must delete access keys first.',
    ],
    [
      'group with a user',
      ['AddUserToGroup', { ...user, GroupName: 'Staff' }],
      ['DeleteGroup', { GroupName: 'Staff' }],
      'Cannot delete entity, must remove users from group first.',
    ],
    [
      'group with a policy',
      ['PutGroupPolicy', { GroupName: 'Staff', PolicyName: 'p', PolicyDocument: allow('*') }],
      ['DeleteGroup', { GroupName: 'Staff' }],
      'Cannot delete entity, must delete policies first.',
    ],
    [
      'role with a managed policy',
      ['AttachRolePolicy', { ...role, PolicyArn: read }],
      ['DeleteRole', role],
      'Cannot delete entity, must detach all policies first.',
    ],
    [
      'role with an inline policy',
      ['PutRolePolicy', { ...role, PolicyName: 'p', PolicyDocument: allow('*') }],
      ['DeleteRole', role],
      'Cannot delete entity, must delete policies first.',
    ],
    [
      'attached policy',
      ['AttachRolePolicy', { ...role, PolicyArn: read }],
      ['DeletePolicy', { PolicyArn: read }],
      'Cannot delete a policy attached to entities.',
    ],
    [
      'policy that is a boundary',
      ['PutRolePermissionsBoundary', { ...role, PermissionsBoundary: read }],
      ['DeletePolicy', { PolicyArn: read }],
      'Cannot delete a policy attached to entities.',
    ],
    [
      'policy with versions',
      ['CreatePolicyVersion', { PolicyArn: read, PolicyDocument: allow('*') }],
      ['DeletePolicy', { PolicyArn: read }],
      "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
    ],
    [
      'default version',
      ['GetUser', user],
      ['DeletePolicyVersion', { PolicyArn: read, VersionId: 'v1' }],
      'Cannot delete the default version of a policy.',
    ],
  ]
  it.each(conflicts)('%s', async (_name, [before, beforeParameters], [action, parameters], text) => {
    const { done, refused } = await furnished()
    await done(before, beforeParameters)
    expect(await refused(action, parameters)).toBe(`DeleteConflict 409: ${text}`)
  })
})
