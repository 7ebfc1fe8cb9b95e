"""Writes formats.json: the formats of docs/formats.md from fixed inputs, by another implementation.

HKDF is written by hand over hmac and hashlib (RFC 5869); CRC-32 is zlib's; AES-GCM comes from the package cryptography (48.0.0).
Nothing here was taken from src/. Run: python3 test/vectors/formats.py > test/vectors/formats.json
"""

import base64
import hashlib
import hmac
import json
import struct
import sys
import zlib

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def hkdf(key, salt, info, length=32):
    pseudorandom = hmac.new(salt or bytes(32), key, hashlib.sha256).digest()
    block, output, counter = b"", b"", 1
    while len(output) < length:
        block = hmac.new(pseudorandom, block + info + bytes([counter]), hashlib.sha256).digest()
        output += block
        counter += 1
    return output[:length]


def fields(*values):
    output = b""
    for value in values:
        raw = value.encode() if isinstance(value, str) else value
        output += struct.pack(">H", len(raw)) + raw
    return output


def count_up(start, length):
    return bytes((start + i) & 0xFF for i in range(length))


def encode_context(context):
    if not context:
        return b""
    pairs = sorted((name.encode(), value.encode()) for name, value in context.items())
    return struct.pack(">H", len(pairs)) + b"".join(fields(name, value) for name, value in pairs)


ACCOUNT, REGION = "111122223333", "eu-central-1"
ROOTS = {"2026-11": count_up(0x00, 32), "old.1": count_up(0x80, 32)}
ACCESS_KEY_ID, USER_ID = "AKIAIOSFODNN7EXAMPLE", "AIDACKCEVSQ6C2EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def derive(root_id, purpose, salt=b"", region=REGION):
    return hkdf(ROOTS[root_id], salt, fields("subtle-kms/root/v1", purpose, ACCOUNT, region))


def root_header(root_id):
    return bytes([1, len(root_id)]) + root_id.encode()


def wrap(root_id, iv, what, plaintext, purpose="kek"):
    header = root_header(root_id)
    return header + iv + AESGCM(derive(root_id, purpose)).encrypt(iv, plaintext, header + what)


def blob_header(key_id, material_id, salt, iv):
    multi_region = key_id.startswith("mrk-")
    raw = bytes.fromhex(key_id[4:] if multi_region else key_id.replace("-", ""))
    names = bytes([1]) + bytes.fromhex(ACCOUNT) + bytes([multi_region]) + raw + material_id
    header = names + struct.pack(">I", zlib.crc32(names)) + salt + iv
    assert len(header) == 88
    return header


def token(root_id, purpose, salt, iv, binding, value, region=REGION):
    header = root_header(root_id) + salt + iv
    return header + AESGCM(derive(root_id, purpose, salt, region)).encrypt(iv, value, header + binding)


contexts = [
    {},
    {"ab": "c"},
    {"a": "bc"},
    {"purpose": "test", "Purpose": "Test", "": ""},
    {"\U00010000": "astral sorts last in UTF-8", "\uffee": "though not in UTF-16", "é": "ü"},
]

materials = []
for number, (key_id, root_id) in enumerate(
    [("1234abcd-12ab-34cd-56ef-1234567890ab", "2026-11"), ("mrk-0123456789abcdef0123456789abcdef", "old.1")]
):
    material = count_up(0x20 + 0x40 * number, 32)
    material_id = hkdf(material, b"", fields("subtle-kms/material-id/v1", key_id))
    arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{key_id}"
    bound = fields("subtle-kms/material/v1", arn, material_id.hex(), "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
    blobs = []
    for index, plaintext in enumerate([b"", b"attack at dawn", count_up(0, 256)]):
        context = contexts[(index + number) % len(contexts)]
        salt, iv = count_up(0xA0 + index, 16), count_up(0xC0 + index, 12)
        header = blob_header(key_id, material_id, salt, iv)
        message_key = hkdf(material, salt, b"subtle-kms/message/v1")
        blob = header + AESGCM(message_key).encrypt(iv, plaintext, header + encode_context(context))
        blobs.append(
            {
                "context": context,
                "salt": salt.hex(),
                "iv": iv.hex(),
                "messageKey": message_key.hex(),
                "plaintext": plaintext.hex(),
                "blob": blob.hex(),
            }
        )
    iv = count_up(0x50 + number, 12)
    materials.append(
        {
            "accountId": ACCOUNT,
            "keyId": key_id,
            "keyArn": arn,
            "keySpec": "SYMMETRIC_DEFAULT",
            "keyUsage": "ENCRYPT_DECRYPT",
            "material": material.hex(),
            "materialId": material_id.hex(),
            "rootId": root_id,
            "iv": iv.hex(),
            "wrapped": base64.b64encode(wrap(root_id, iv, bound, material)).decode(),
            "blobs": blobs,
        }
    )

# One pair: the id comes from the public key, which the additional data names too. The signature
# is deterministic (RFC 6979), so that this file writes the same bytes each time.
pair = ec.derive_private_key(int.from_bytes(count_up(0x21, 32), "big"), ec.SECP256R1())
pkcs8 = pair.private_bytes(
    serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)
spki = pair.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
PAIR_ID = "4321abcd-12ab-34cd-56ef-1234567890ab"
pair_material_id = hkdf(spki, b"", fields("subtle-kms/material-id/v1", PAIR_ID))
pair_arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{PAIR_ID}"
pair_bound = fields(
    "subtle-kms/material/v1", pair_arn, pair_material_id.hex(), "ECC_NIST_P256", "SIGN_VERIFY", spki
)
pair_signature = pair.sign(b"an example message", ec.ECDSA(hashes.SHA256(), deterministic_signing=True))

secret_iv = count_up(0x70, 12)
secret_binding = fields("subtle-kms/secret/v1", ACCESS_KEY_ID, USER_ID)
salt, iv = count_up(0x11, 16), count_up(0x33, 12)

# Temporary credentials: the session policy is a JSON value in the token, text outside it.
def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


SESSION_KEY_ID = "ASIADHPWNEHFAEAQCAIB"
session_policy = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "kms:Encrypt", "Resource": "*"}],
}
session_principal = {
    "kind": "role-session",
    "accountId": ACCOUNT,
    "accessKeyId": SESSION_KEY_ID,
    "roleId": "AROADBQP57FF2AEXAMPLE",
    "roleName": "deployer",
    "path": "/ci/",
    "sessionName": "build-17",
    "session": {
        "issuedAtMs": 1795683600000,
        "expiresAtMs": 1795687200000,
        "tags": {"team": "blé"},
        "transitiveTagKeys": ["team"],
        "sourceIdentity": "alice",
        "policies": [session_policy],
    },
}
session_value = b"\x01" + compact({"principal": session_principal, "secretAccessKey": SECRET}).encode()
session_token = token(
    "2026-11", "session", salt, iv, SESSION_KEY_ID.encode(), session_value, region="directory"
)

GRANT_KEY_ID, GRANT_ID = "1234abcd-12ab-34cd-56ef-1234567890ab", count_up(0xC0, 32).hex()
grant_token = b"\x01" + ACCOUNT.encode() + token(
    "2026-11", "grant-token", salt, iv, f"grant {ACCOUNT} {REGION}".encode(), f"{GRANT_KEY_ID}/{GRANT_ID}".encode()
)

json.dump(
    {
        "origin": "test/vectors/formats.py: HKDF by hand, AES-GCM of the Python package cryptography 48.0.0",
        "date": "2026-11-25",
        "accountId": ACCOUNT,
        "region": REGION,
        "roots": {root_id: base64.b64encode(key).decode() for root_id, key in ROOTS.items()},
        "derived": [
            {"rootId": root_id, "kek": derive(root_id, "kek").hex(), "checkValue": derive(root_id, "check").hex()}
            for root_id in ROOTS
        ],
        "crc32": [
            {"bytes": given.hex(), "crc32": zlib.crc32(given)}
            for given in [
                b"",
                b"a",
                b"123456789",
                bytes(32),
                b"\xff" * 32,
                count_up(0, 56),
                count_up(0, 256),
                hashlib.sha512(b"crc").digest(),
            ]
        ],
        "contexts": [{"context": context, "encoded": encode_context(context).hex()} for context in contexts],
        "materials": materials,
        "pair": {
            "keyId": PAIR_ID,
            "keyArn": pair_arn,
            "keySpec": "ECC_NIST_P256",
            "keyUsage": "SIGN_VERIFY",
            "publicKey": spki.hex(),
            "materialId": pair_material_id.hex(),
            "rootId": "2026-11",
            "wrapped": base64.b64encode(wrap("2026-11", count_up(0x51, 12), pair_bound, pkcs8)).decode(),
            "software": base64.b64encode(
                wrap("2026-11", count_up(0x61, 12), pair_bound, pkcs8, "software-kek")
            ).decode(),
            "message": b"an example message".hex(),
            "signature": pair_signature.hex(),
        },
        "secret": {
            "secretAccessKey": SECRET,
            "accessKeyId": ACCESS_KEY_ID,
            "userId": USER_ID,
            "rootId": "2026-11",
            "iv": secret_iv.hex(),
            "wrapped": base64.b64encode(wrap("2026-11", secret_iv, secret_binding, b"AWS4" + SECRET.encode())).decode(),
            "date": "20261125",
            "dateKey": hmac.new(b"AWS4" + SECRET.encode(), b"20261125", hashlib.sha256).hexdigest(),
        },
        "tokens": [
            {
                "purpose": purpose,
                "rootId": root_id,
                "salt": salt.hex(),
                "iv": iv.hex(),
                "binding": b"ListKeys".hex(),
                "value": f"value of a {purpose}".encode().hex(),
                "token": base64.urlsafe_b64encode(
                    token(root_id, purpose, salt, iv, b"ListKeys", f"value of a {purpose}".encode())
                )
                .rstrip(b"=")
                .decode(),
            }
            for purpose, root_id in [
                ("marker", "2026-11"),
                ("session", "2026-11"),
                ("grant-token", "old.1"),
                ("import-token", "2026-11"),
            ]
        ],
        "sessionToken": {
            "region": "directory",
            "rootId": "2026-11",
            "salt": salt.hex(),
            "iv": iv.hex(),
            "secretAccessKey": SECRET,
            "principal": {
                **session_principal,
                "session": {**session_principal["session"], "policies": [compact(session_policy)]},
            },
            "token": base64.urlsafe_b64encode(session_token).rstrip(b"=").decode(),
        },
        "grantToken": {
            "rootId": "2026-11",
            "salt": salt.hex(),
            "iv": iv.hex(),
            "keyId": GRANT_KEY_ID,
            "grantId": GRANT_ID,
            "token": base64.urlsafe_b64encode(grant_token).rstrip(b"=").decode(),
        },
    },
    sys.stdout,
    indent=2,
    ensure_ascii=True,
)
print()
