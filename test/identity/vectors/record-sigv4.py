"""Records requests as botocore signs them: python3 record-sigv4.py > sigv4-botocore.json. Time and secrets are fixed."""

import datetime
import json
from unittest import mock

import botocore
import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

NOW = datetime.datetime(2026, 11, 24, 9, 0, 0)
BODY = b'{"KeyId":"alias/a","Plaintext":"aGVsbG8="}'
JSON = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "TrentService.Encrypt"}
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
IDENTITY = "Action=GetCallerIdentity&Version=2011-06-15"
LONG = {"accessKeyId": "AKIDEXAMPLE", "secretAccessKey": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
SESSION = {**LONG, "sessionToken": "FQoGZXIvYXdzE/+Tk==" * 20}

CASES = [
    ("kms header", "header", LONG, "kms", "POST", "https://kms.us-east-1.amazonaws.com/", JSON, BODY),
    ("kms with session token", "header", SESSION, "kms", "POST", "https://kms.us-east-1.amazonaws.com/", JSON, BODY),
    ("local port", "header", LONG, "kms", "POST", "http://127.0.0.1:8787/", JSON, BODY),
    ("path prefix", "header", LONG, "kms", "POST", "https://example.com/kms/", JSON, BODY),
    ("path prefix without slash", "header", LONG, "kms", "POST", "https://example.com/kms", JSON, BODY),
    ("deep prefix", "header", LONG, "kms", "POST", "https://example.com/a.b/c~d/e_f-g/", JSON, BODY),
    ("encoded prefix", "header", LONG, "kms", "POST", "https://example.com/a%20b/%E2%82%AC/(x)!*'/", JSON, BODY),
    ("dot segments", "header", LONG, "kms", "POST", "https://example.com//a/./b/../kms//", JSON, BODY),
    ("empty body", "header", LONG, "kms", "POST", "https://kms.us-east-1.amazonaws.com/", JSON, b""),
    ("untidy header", "header", LONG, "kms", "POST", "https://example.com/", {**JSON, "X-Note": "  a   b\t c "}, BODY),
    ("sts form", "header", LONG, "sts", "POST", "https://sts.us-east-1.amazonaws.com/", FORM, IDENTITY.encode()),
    ("sts query string", "header", LONG, "sts", "GET", "https://example.com/?" + IDENTITY, {}, b""),
    ("sts presigned GET", "query", LONG, "sts", "GET", "https://sts.us-east-1.amazonaws.com/?" + IDENTITY, {}, b""),
    ("sts presigned with token", "query", SESSION, "sts", "GET", "https://example.com/kms/?" + IDENTITY, {}, b""),
    ("eks token", "query", LONG, "sts", "GET", "https://example.com/?" + IDENTITY, {"x-k8s-aws-id": "cluster"}, b""),
    ("kms presigned POST", "query", LONG, "kms", "POST", "https://kms.us-east-1.amazonaws.com/", JSON, BODY),
]


def sign(kind, keys, service, method, url, headers, body):
    credentials = Credentials(keys["accessKeyId"], keys["secretAccessKey"], keys.get("sessionToken"))
    request = AWSRequest(method=method, url=url, headers=headers, data=body)
    signer = botocore.auth.SigV4Auth if kind == "header" else botocore.auth.SigV4QueryAuth
    signer(credentials, service, "us-east-1").add_auth(request)
    # A presigner moves the members of the body into the query string.
    sent = request.data.decode() if isinstance(request.data, bytes) else request.data
    return {"method": method, "url": request.url, "headers": dict(request.headers.items()), "body": sent}


with mock.patch("botocore.auth.get_current_datetime", return_value=NOW):
    signed = [
        {"name": name, "service": service, "credentials": keys, "request": sign(kind, keys, service, *rest)}
        for name, kind, keys, service, *rest in CASES
    ]
print(
    json.dumps(
        {
            "origin": f"botocore {botocore.__version__}, record-sigv4.py",
            "recorded": "2026-11-24",
            "signedAtMs": int(NOW.replace(tzinfo=datetime.timezone.utc).timestamp() * 1000),
            "cases": signed,
        },
        indent=1,
    )
)
