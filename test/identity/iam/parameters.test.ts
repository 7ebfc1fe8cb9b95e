import { describe } from 'vitest'
import { nobody, type Refusal, refusesEach, role, user } from './refusing'

const hint = 'It must contain only alphanumeric characters and/or the following: +=,.@_-'

const refusals: readonly Refusal[] = [
  [
    'name with a slash',
    'CreateUser',
    { UserName: 'a/b' },
    `ValidationError 400: The specified value for userName is invalid. ${hint}`,
  ],
  [
    'name not ASCII',
    'CreateRole',
    { RoleName: 'rôle', AssumeRolePolicyDocument: nobody },
    `ValidationError 400: The specified value for roleName is invalid. ${hint}`,
  ],
  [
    'name too long',
    'GetUser',
    { UserName: 'a'.repeat(65) },
    `ValidationError 400: 1 validation error detected: Value '${'a'.repeat(65)}' at 'userName' failed to satisfy constraint: Member must have length less than or equal to 64`,
  ],
  [
    'no name',
    'CreateUser',
    {},
    "ValidationError 400: 1 validation error detected: Value null at 'userName' failed to satisfy constraint: Member must not be null",
  ],
  [
    'path without end',
    'CreateUser',
    { UserName: 'x', Path: '/team' },
    'ValidationError 400: The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.',
  ],
  [
    'session too long',
    'UpdateRole',
    { ...role, MaxSessionDuration: '43201' },
    "ValidationError 400: 1 validation error detected: Value '43201' at 'maxSessionDuration' failed to satisfy constraint: Member must have value less than or equal to 43200",
  ],
  [
    'session too short',
    'UpdateRole',
    { ...role, MaxSessionDuration: '3599' },
    "ValidationError 400: 1 validation error detected: Value '3599' at 'maxSessionDuration' failed to satisfy constraint: Member must have value greater than or equal to 3600",
  ],
  [
    'tags that differ in case',
    'TagUser',
    {
      ...user,
      Tags: [
        { Key: 'a', Value: '1' },
        { Key: 'A', Value: '2' },
      ],
    },
    'InvalidInput 400: Duplicate tag keys found. Please note that Tag keys are case insensitive.',
  ],
  [
    "AWS's own tags",
    'TagRole',
    { ...role, Tags: [{ Key: 'AWS:x', Value: '1' }] },
    'InvalidInput 400: Tag keys beginning with "aws:" are reserved.',
  ],
  [
    'a tag without value',
    'TagUser',
    { ...user, Tags: [{ Key: 'a' }] },
    "ValidationError 400: 1 validation error detected: Value null at 'tags.1.member.value' failed to satisfy constraint: Member must not be null",
  ],
  [
    'status in lower case',
    'UpdateAccessKey',
    { ...user, AccessKeyId: 'AKIAIOSFODNN7EXAMPLE', Status: 'active' },
    "ValidationError 400: 1 validation error detected: Value 'active' at 'status' failed to satisfy constraint: Member must satisfy enum value set: [Active, Inactive]",
  ],
  ['marker of somebody else', 'ListUsers', { Marker: '!' }, 'InvalidInput 400: Invalid Marker.'],
  [
    'provider without https',
    'CreateOpenIDConnectProvider',
    { Url: 'http://id.example.com' },
    'InvalidInput 400: Invalid Open ID Connect Provider URL',
  ],
  [
    'provider with a port',
    'CreateOpenIDConnectProvider',
    { Url: 'https://id.example.com:8443' },
    'InvalidInput 400: Invalid Open ID Connect Provider URL',
  ],
  [
    'provider with a query',
    'CreateOpenIDConnectProvider',
    { Url: 'https://id.example.com/?a' },
    'InvalidInput 400: Invalid Open ID Connect Provider URL',
  ],
  [
    'thumbprint that is no digest',
    'CreateOpenIDConnectProvider',
    { Url: 'https://b.example.com', ThumbprintList: ['x'.repeat(40)] },
    'InvalidInput 400: Thumbprint must be the 40 hexadecimal digits of a SHA-1 digest.',
  ],
  [
    'own user of the root user',
    'CreateAccessKey',
    {},
    'ValidationError 400: Must specify userName when calling with non-User credentials',
  ],
]

describe('IAM refuses parameters', () => {
  refusesEach(refusals)
})
