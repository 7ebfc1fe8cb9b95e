const form =
  /^arn:aws[a-z-]*:(?:iam::[0-9]{12}:(?:root|user\/[\w+=,.@/-]+|role\/[\w+=,.@/-]+)|sts::[0-9]{12}:(?:assumed-role\/[\w+=,.@:-]+\/[\w+=,.@:-]+|federated-user\/[\w+=,.@-]+))$/

/** Whether a grant may name it: an account, a user, a role, a session of a role, or a federated user; no group. */
export const isGrantPrincipal = (arn: string): boolean => form.test(arn)
