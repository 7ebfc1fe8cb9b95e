export { type ConsolePolicyOptions, consoleKeyPolicy } from './console-policy'
export { isManagedAlias, managedAliases, managedKeyDescription, managedKeyPolicy } from './managed-keys'
