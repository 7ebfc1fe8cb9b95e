import { describe } from 'vitest'
import type { Open } from './harness'
import { importExpiry } from './import-expiry'
import { importLife } from './import-life'
import { importedMaterial } from './import-material'
import { importRotation } from './import-rotation'
import { importTokens } from './import-tokens'

/** Key material from outside: GetParametersForImport, ImportKeyMaterial, DeleteImportedKeyMaterial, expiry. */
export function importing(open: Open): void {
  describe('imported key material', () => {
    importLife(open)
    importedMaterial(open)
    importTokens(open)
    importExpiry(open)
    importRotation(open)
  })
}
