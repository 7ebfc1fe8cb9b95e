import type { QueryActions } from '../query-types'
import { createAccessKey, deleteAccessKey, getAccessKeyLastUsed, listAccessKeys, updateAccessKey } from './access-keys'
import { emptyActions, getAccountSummary } from './account'
import type { IamAction, IamCall } from './action'
import { attachmentActions } from './attachments'
import { boundaryActions } from './boundaries'
import {
  addUserToGroup,
  createGroup,
  deleteGroup,
  getGroup,
  listGroups,
  listGroupsForUser,
  removeUserFromGroup,
  updateGroup,
} from './groups'
import { inlinePolicyActions } from './inline-policies'
import { createPolicy, deletePolicy, getPolicy, listPolicies } from './policies'
import {
  createPolicyVersion,
  deletePolicyVersion,
  getPolicyVersion,
  listEntitiesForPolicy,
  listPolicyVersions,
  setDefaultPolicyVersion,
} from './policy-versions'
import {
  addClientId,
  createProvider,
  deleteProvider,
  getProvider,
  listProviders,
  removeClientId,
  updateThumbprint,
} from './providers'
import {
  createRole,
  deleteRole,
  getRole,
  listInstanceProfilesForRole,
  listRoles,
  updateAssumeRolePolicy,
  updateRole,
  updateRoleDescription,
} from './roles'
import { tagActions } from './tags'
import { createUser, deleteUser, getUser, listUsers, updateUser } from './users'

export type { CheckFacts, IamCall } from './action'
export { createIamCall, type IamParts, type IamRequest } from './call'

const table: { readonly [name: string]: IamAction } = {
  CreateUser: createUser,
  GetUser: getUser,
  UpdateUser: updateUser,
  DeleteUser: deleteUser,
  ListUsers: listUsers,
  CreateAccessKey: createAccessKey,
  UpdateAccessKey: updateAccessKey,
  DeleteAccessKey: deleteAccessKey,
  ListAccessKeys: listAccessKeys,
  GetAccessKeyLastUsed: getAccessKeyLastUsed,
  CreateGroup: createGroup,
  GetGroup: getGroup,
  UpdateGroup: updateGroup,
  DeleteGroup: deleteGroup,
  ListGroups: listGroups,
  AddUserToGroup: addUserToGroup,
  RemoveUserFromGroup: removeUserFromGroup,
  ListGroupsForUser: listGroupsForUser,
  CreateRole: createRole,
  GetRole: getRole,
  UpdateRole: updateRole,
  UpdateRoleDescription: updateRoleDescription,
  UpdateAssumeRolePolicy: updateAssumeRolePolicy,
  DeleteRole: deleteRole,
  ListRoles: listRoles,
  ListInstanceProfilesForRole: listInstanceProfilesForRole,
  CreatePolicy: createPolicy,
  GetPolicy: getPolicy,
  DeletePolicy: deletePolicy,
  ListPolicies: listPolicies,
  CreatePolicyVersion: createPolicyVersion,
  GetPolicyVersion: getPolicyVersion,
  DeletePolicyVersion: deletePolicyVersion,
  SetDefaultPolicyVersion: setDefaultPolicyVersion,
  ListPolicyVersions: listPolicyVersions,
  ListEntitiesForPolicy: listEntitiesForPolicy,
  CreateOpenIDConnectProvider: createProvider,
  GetOpenIDConnectProvider: getProvider,
  ListOpenIDConnectProviders: listProviders,
  DeleteOpenIDConnectProvider: deleteProvider,
  AddClientIDToOpenIDConnectProvider: addClientId,
  RemoveClientIDFromOpenIDConnectProvider: removeClientId,
  UpdateOpenIDConnectProviderThumbprint: updateThumbprint,
  GetAccountSummary: getAccountSummary,
  ...inlinePolicyActions,
  ...attachmentActions,
  ...boundaryActions,
  ...tagActions,
  ...emptyActions,
}

/** The IAM actions of this service, by name. Source: IAM API reference. */
export const iamActions: QueryActions<IamCall> = Object.fromEntries(
  Object.entries(table).map(([name, make]) => [name, make(name)]),
)
