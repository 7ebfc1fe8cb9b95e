import { describe, expect, it } from 'vitest'
import type { OperationName } from '../../src/model/operations'
import { grant, one, refusal, sign } from './validate-refusal'

const signing =
  '[RSASSA_PSS_SHA_256, RSASSA_PSS_SHA_384, RSASSA_PSS_SHA_512, RSASSA_PKCS1_V1_5_SHA_256, RSASSA_PKCS1_V1_5_SHA_384, RSASSA_PKCS1_V1_5_SHA_512, ECDSA_SHA_256, ECDSA_SHA_384, ECDSA_SHA_512, ED25519_SHA_512, ED25519_PH_SHA_512, SM2DSA, ML_DSA_SHAKE_256]'
const keySpecs =
  '[RSA_2048, RSA_3072, RSA_4096, ECC_NIST_P256, ECC_NIST_P384, ECC_NIST_P521, ECC_SECG_P256K1, ECC_NIST_EDWARDS25519, SYMMETRIC_DEFAULT, HMAC_224, HMAC_256, HMAC_384, HMAC_512, SM2, ML_DSA_44, ML_DSA_65, ML_DSA_87, ML_KEM_1024, ML_KEM_512, ML_KEM_768]'
const mac = { KeyId: 'k', Message: 'YQ==', MacAlgorithm: 'HMAC_SHA_256', Mac: 'YQ==' }
const replica = { KeyId: 'k', ReplicaRegion: 'eu-west-1' }

describe('texts', () => {
  const cases: [why: string, OperationName, body: object, text: string][] = [
    [
      'empty KeyId',
      'DescribeKey',
      { KeyId: '' },
      String.raw`2 validation errors detected: Value '' at 'keyId' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'keyId' failed to satisfy constraint: Member must satisfy regular expression pattern: ^\p{ASCII}+$`,
    ],
    [
      'KeyId beyond ASCII',
      'DescribeKey',
      { KeyId: 'clé' },
      one(
        String.raw`Value 'clé' at 'keyId' failed to satisfy constraint: Member must satisfy regular expression pattern: ^\p{ASCII}+$`,
      ),
    ],
    ['missing', 'DescribeKey', {}, one("Value null at 'keyId' failed to satisfy constraint: Member must not be null")],
    [
      'missing sensitive blob',
      'Sign',
      { KeyId: 'k', SigningAlgorithm: 'ECDSA_SHA_256' },
      one("Value at 'message' failed to satisfy constraint: Member must not be null"),
    ],
    [
      'missing other blob',
      'VerifyMac',
      { ...mac, Mac: null },
      one("Value null at 'mac' failed to satisfy constraint: Member must not be null"),
    ],
    [
      'empty other blob',
      'VerifyMac',
      { ...mac, Mac: '' },
      one("Value at 'mac' failed to satisfy constraint: Member must have length greater than or equal to 1"),
    ],
    [
      'empty plaintext',
      'Encrypt',
      { KeyId: 'k', Plaintext: '' },
      one("Value at 'plaintext' failed to satisfy constraint: Member must have length greater than or equal to 1"),
    ],
    [
      'long plaintext',
      'Encrypt',
      { KeyId: 'k', Plaintext: Buffer.alloc(4097).toString('base64') },
      one("Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096"),
    ],
    [
      'signing algorithm',
      'Sign',
      { ...sign, SigningAlgorithm: 'x' },
      one(
        `Value 'x' at 'signingAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: ${signing}`,
      ),
    ],
    [
      'case of an enum',
      'VerifyMac',
      { ...mac, MacAlgorithm: 'hmac_sha_256' },
      one(
        "Value 'hmac_sha_256' at 'macAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [HMAC_SHA_384, HMAC_SHA_256, HMAC_SHA_224, HMAC_SHA_512]",
      ),
    ],
    [
      'encryption algorithm',
      'Encrypt',
      { KeyId: 'k', Plaintext: 'YQ==', EncryptionAlgorithm: '' },
      one(
        "Value '' at 'encryptionAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, SM2PKE, SYMMETRIC_DEFAULT]",
      ),
    ],
    [
      'message type',
      'Sign',
      { ...sign, MessageType: 'HASH' },
      one(
        "Value 'HASH' at 'messageType' failed to satisfy constraint: Member must satisfy enum value set: [RAW, DIGEST, EXTERNAL_MU]",
      ),
    ],
    [
      'key agreement',
      'DeriveSharedSecret',
      { KeyId: 'k', KeyAgreementAlgorithm: 'DH', PublicKey: 'YQ==' },
      one(
        "Value 'DH' at 'keyAgreementAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [ECDH]",
      ),
    ],
    [
      'data key spec prints the key specs',
      'GenerateDataKey',
      { KeyId: 'k', KeySpec: 'AES_512' },
      one(`Value 'AES_512' at 'keySpec' failed to satisfy constraint: Member must satisfy enum value set: ${keySpecs}`),
    ],
    [
      'a key spec is no data key spec',
      'GenerateDataKeyWithoutPlaintext',
      { KeyId: 'k', KeySpec: 'RSA_2048' },
      one(
        `Value 'RSA_2048' at 'keySpec' failed to satisfy constraint: Member must satisfy enum value set: ${keySpecs}`,
      ),
    ],
    [
      'key usage',
      'CreateKey',
      { KeyUsage: 'x' },
      one(
        "Value 'x' at 'keyUsage' failed to satisfy constraint: Member must satisfy enum value set: [ENCRYPT_DECRYPT, SIGN_VERIFY, GENERATE_VERIFY_MAC, KEY_AGREEMENT, ENCAPSULATE_DECAPSULATE]",
      ),
    ],
    [
      'random bytes, none',
      'GenerateRandom',
      { NumberOfBytes: 0 },
      one(
        "Value '0' at 'numberOfBytes' failed to satisfy constraint: Member must have value greater than or equal to 1",
      ),
    ],
    [
      'random bytes, too many',
      'GenerateRandom',
      { NumberOfBytes: 1025 },
      one(
        "Value '1025' at 'numberOfBytes' failed to satisfy constraint: Member must have value less than or equal to 1024",
      ),
    ],
    [
      'rotation period',
      'EnableKeyRotation',
      { KeyId: 'k', RotationPeriodInDays: 89 },
      one(
        "Value '89' at 'rotationPeriodInDays' failed to satisfy constraint: Member must have value greater than or equal to 90",
      ),
    ],
    [
      'beyond any number',
      'EnableKeyRotation',
      { KeyId: 'k', RotationPeriodInDays: 1e300 },
      one(
        "Value '2147483647' at 'rotationPeriodInDays' failed to satisfy constraint: Member must have value less than or equal to 2560",
      ),
    ],
    [
      'long tag key',
      'TagResource',
      { KeyId: 'k', Tags: [{ TagKey: 'k'.repeat(129), TagValue: '' }] },
      one(
        `Value '${'k'.repeat(129)}' at 'tags.1.member.tagKey' failed to satisfy constraint: Member must have length less than or equal to 128`,
      ),
    ],
    [
      'long value of the second tag',
      'CreateKey',
      {
        Tags: [
          { TagKey: 'a', TagValue: '' },
          { TagKey: 'b', TagValue: 'v'.repeat(257) },
        ],
      },
      one(
        `Value '${'v'.repeat(257)}' at 'tags.2.member.tagValue' failed to satisfy constraint: Member must have length less than or equal to 256`,
      ),
    ],
    [
      'tag without a value',
      'TagResource',
      { KeyId: 'k', Tags: [{ TagKey: 'a' }] },
      one("Value null at 'tags.1.member.tagValue' failed to satisfy constraint: Member must not be null"),
    ],
    [
      'length in UTF-16 units',
      'TagResource',
      { KeyId: 'k', Tags: [{ TagKey: '😀'.repeat(65), TagValue: '' }] },
      one(
        `Value '${'😀'.repeat(65)}' at 'tags.1.member.tagKey' failed to satisfy constraint: Member must have length less than or equal to 128`,
      ),
    ],
    [
      'list of scalars',
      'UntagResource',
      { KeyId: 'k', TagKeys: ['a', ''] },
      one(
        "Value '[a, ]' at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1]",
      ),
    ],
    [
      'modifier',
      'Decrypt',
      { CiphertextBlob: 'YQ==', DryRunModifiers: ['X'] },
      one(
        "Value '[X]' at 'dryRunModifiers' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [IGNORE_CIPHERTEXT]]",
      ),
    ],
    [
      'list of enums',
      'CreateGrant',
      { ...grant, Operations: ['Encrypt', 'Foo'] },
      one(
        "Value '[Encrypt, Foo]' at 'operations' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [Decrypt, Encrypt, GenerateDataKey, GenerateDataKeyWithoutPlaintext, ReEncryptFrom, ReEncryptTo, Sign, Verify, GetPublicKey, CreateGrant, RetireGrant, DescribeKey, GenerateDataKeyPair, GenerateDataKeyPairWithoutPlaintext, GenerateMac, VerifyMac, DeriveSharedSecret, Decapsulate, Encapsulate]]",
      ),
    ],
    [
      'eleven grant tokens',
      'DescribeKey',
      { KeyId: 'k', GrantTokens: Array(11).fill('t') },
      one("Value at 'grantTokens' failed to satisfy constraint: Member must have length less than or equal to 10"),
    ],
    [
      'nested pattern',
      'CreateGrant',
      { ...grant, Constraints: { SourceArn: 'arn:aws:s3:::bucket-of-mine' } },
      one(
        "Value 'arn:aws:s3:::bucket-of-mine' at 'constraints.sourceArn' failed to satisfy constraint: Member must satisfy regular expression pattern: ^arn:aws[a-z0-9-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:.+$",
      ),
    ],
    [
      'region',
      'ReplicateKey',
      { ...replica, ReplicaRegion: 'Frankfurt' },
      one(
        String.raw`Value 'Frankfurt' at 'replicaRegion' failed to satisfy constraint: Member must satisfy regular expression pattern: ^([a-z]+-){2,3}\d+$`,
      ),
    ],
    [
      'a pattern spans the whole string',
      'CreateCustomKeyStore',
      { CustomKeyStoreName: 'n', XksProxyVpcEndpointServiceOwner: '12345678901a' },
      one(
        "Value '12345678901a' at 'xksProxyVpcEndpointServiceOwner' failed to satisfy constraint: Member must satisfy regular expression pattern: [0-9]{12}",
      ),
    ],
    [
      'white space of a pattern is ASCII',
      'ImportKeyMaterial',
      { KeyId: 'k', ImportToken: 'YQ==', EncryptedKeyMaterial: 'YQ==', KeyMaterialDescription: 'a\u00a0b' },
      one(
        String.raw`Value 'a b' at 'keyMaterialDescription' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_\s.-]+$`.replace(
          '\\u00a0',
          '\u00a0',
        ),
      ),
    ],
    [
      'a line break is no end',
      'ReplicateKey',
      { ...replica, ReplicaRegion: 'eu-west-1\n' },
      one(
        "Value 'eu-west-1\n' at 'replicaRegion' failed to satisfy constraint: Member must satisfy regular expression pattern: ^([a-z]+-){2,3}\\d+$",
      ),
    ],
    [
      'sensitive strings stay hidden',
      'CreateCustomKeyStore',
      { CustomKeyStoreName: 'n', KeyStorePassword: 'short' },
      one(
        "Value at 'keyStorePassword' failed to satisfy constraint: Member must have length greater than or equal to 7",
      ),
    ],
    [
      'several, in the order of the model',
      'Sign',
      { SigningAlgorithm: 'x' },
      `3 validation errors detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null; Value at 'message' failed to satisfy constraint: Member must not be null; Value 'x' at 'signingAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: ${signing}`,
    ],
  ]
  it.each(cases)('%s', (_, operation, body, text) => expect(refusal(operation, body)).toBe(text))
})
