import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { chromiumFlags, findChromium } from './scripts/chromium.mjs'

/** Fixed credentials of the Worker under test. They win over a developer's own .dev.vars, so that runs are alike. */
const bindings = {
  KMS_ROOT_KEYS: 'test:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=',
  KMS_ACCOUNTS: JSON.stringify({
    '111122223333': {
      accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
      secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    },
    '444455556666': {
      accessKeyId: 'AKIAI44QH8DHBEXAMPLE',
      secretAccessKey: 'je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY',
    },
  }),
  KMS_CLOCK_CONTROL: 'on',
  KMS_SOFTWARE_CRYPTO: 'on',
  KMS_LEASE_SECONDS: '0',
  KMS_AUDIT: 'batch',
  KMS_REGIONS: '*',
  KMS_QUOTAS: 'off',
  KMS_CORS_ORIGINS: '',
  KMS_BASE_PATH: '/',
}

/** Tests that start servers of their own. */
const serverTests = ['test/clients/**/*.test.ts', 'test/crash/**/*.test.ts', 'test/scripts/serve*.test.ts']

const executablePath = await findChromium()

/** Two cores: the groups run one after the other, and at most two files of a group at once. */
export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: ['test/workers/**', 'test/browser/**', ...serverTests],
          environment: 'node',
          testTimeout: 20_000,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        plugins: [cloudflareTest({ wrangler: { configPath: './wrangler.toml' }, miniflare: { bindings } })],
        test: {
          name: 'workers',
          include: ['test/workers/**/*.test.ts'],
          testTimeout: 30_000,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
      {
        optimizeDeps: {
          include: [
            'idb',
            'fast-check',
            '@noble/curves/ed25519.js',
            '@noble/curves/nist.js',
            '@noble/curves/secp256k1.js',
            '@noble/hashes/hmac.js',
            '@noble/hashes/sha2.js',
            '@noble/hashes/sha3.js',
            '@noble/post-quantum/ml-dsa.js',
            '@noble/post-quantum/ml-kem.js',
          ],
        },
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 30_000,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: { args: chromiumFlags, ...(executablePath ? { executablePath } : {}) },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
      {
        // Real servers and real clients, each file with its own.
        test: {
          name: 'servers',
          include: serverTests,
          globalSetup: 'test/clients/warm-aws.ts',
          environment: 'node',
          testTimeout: 300_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
})
