"""Through the service with boto3, asserting at each step. Endpoints, credentials and Region come from the environment.

Argument: for how many seconds cryptographic calls may still see the state before a change. Prints `done` at the end.
"""

import datetime
import json
import os
import sys
import time
import urllib.error
import urllib.request

import boto3
from botocore.exceptions import ClientError

lease_seconds = int(sys.argv[1])
kms = boto3.client("kms")
sts = boto3.client("sts")
cloudtrail = boto3.client("cloudtrail")


def refused(error_class, operation, **request):
    try:
        operation(**request)
    except error_class as error:
        return error.response
    raise AssertionError(f"{operation.__name__} was not refused")


def within_lease(attempt):
    until = time.monotonic() + lease_seconds + 1
    while True:
        try:
            return attempt()
        except (AssertionError, ClientError):
            if lease_seconds == 0 or time.monotonic() > until:
                raise
            time.sleep(0.05)


def identity():
    caller = sts.get_caller_identity()
    account = caller["Account"]
    assert caller["Arn"] == f"arn:aws:iam::{account}:root", caller
    for method in ("GET", "POST"):
        url = sts.generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod=method)
        with urllib.request.urlopen(urllib.request.Request(url, method=method)) as reply:
            text = reply.read().decode()
        assert f"<Account>{account}</Account>" in text, text
        changed = urllib.request.Request(url.replace("X-Amz-Expires=60", "X-Amz-Expires=61"), method=method)
        try:
            urllib.request.urlopen(changed)
        except urllib.error.HTTPError as error:
            assert error.code == 403 and b"SignatureDoesNotMatch" in error.read()
        else:
            raise AssertionError("a changed presigned URL was taken")
    return account


def keys_and_aliases(account):
    metadata = kms.create_key(Description="walk", Tags=[{"TagKey": "team", "TagValue": "blue"}])["KeyMetadata"]
    key_id = metadata["KeyId"]
    assert metadata["AWSAccountId"] == account
    assert isinstance(metadata["CreationDate"], datetime.datetime)
    for index in range(5):
        kms.create_alias(AliasName=f"alias/walk-{index}", TargetKeyId=key_id)
    refused(kms.exceptions.AlreadyExistsException, kms.create_alias, AliasName="alias/walk-0", TargetKeyId=key_id)
    assert kms.describe_key(KeyId="alias/walk-3")["KeyMetadata"]["KeyId"] == key_id
    kms.tag_resource(KeyId=key_id, Tags=[{"TagKey": "cost", "TagValue": "1 + / x"}])
    kms.untag_resource(KeyId=key_id, TagKeys=["team"])
    assert kms.list_resource_tags(KeyId=key_id)["Tags"] == [{"TagKey": "cost", "TagValue": "1 + / x"}]
    kms.delete_alias(AliasName="alias/walk-4")

    pages = list(kms.get_paginator("list_aliases").paginate(KeyId=key_id, PaginationConfig={"PageSize": 2}))
    assert [len(page["Aliases"]) for page in pages] == [2, 2], pages
    names = [alias["AliasName"] for page in pages for alias in page["Aliases"]]
    assert names == [f"alias/walk-{index}" for index in range(4)], names
    made = {key_id} | {kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(4)}
    pages = list(kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 2}))
    assert all(len(page["Keys"]) <= 2 for page in pages) and len(pages) > 2
    listed = [key["KeyId"] for page in pages for key in page["Keys"]]
    assert len(listed) == len(set(listed)) and made <= set(listed)
    return key_id


def cryptography(key_id):
    plaintext = os.urandom(4096)
    context = {"purpose": "walk", "Größe": "ä"}
    sealed = kms.encrypt(KeyId="alias/walk-0", Plaintext=plaintext, EncryptionContext=context)
    blob = sealed["CiphertextBlob"]
    assert isinstance(blob, bytes)
    opened = kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)
    assert opened["Plaintext"] == plaintext and opened["KeyId"].endswith(key_id)
    refused(kms.exceptions.InvalidCiphertextException, kms.decrypt, CiphertextBlob=blob)

    data_key = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256", EncryptionContext=context)
    assert len(data_key["Plaintext"]) == 32
    opened = kms.decrypt(CiphertextBlob=data_key["CiphertextBlob"], EncryptionContext=context)
    assert opened["Plaintext"] == data_key["Plaintext"]

    other = kms.create_key()["KeyMetadata"]["KeyId"]
    moved = kms.re_encrypt(
        CiphertextBlob=blob,
        SourceEncryptionContext=context,
        DestinationKeyId=other,
        DestinationEncryptionContext={"now": "here"},
    )
    opened = kms.decrypt(CiphertextBlob=moved["CiphertextBlob"], EncryptionContext={"now": "here"})
    assert opened["Plaintext"] == plaintext and opened["KeyId"].endswith(other)
    refused(
        kms.exceptions.IncorrectKeyException, kms.decrypt, CiphertextBlob=blob, KeyId=other, EncryptionContext=context
    )
    assert len(kms.generate_random(NumberOfBytes=1024)["Plaintext"]) == 1024


def life_of_a_key(key_id):
    def encrypt():
        return kms.encrypt(KeyId=key_id, Plaintext=b"x")

    kms.enable_key_rotation(KeyId=key_id)
    status = kms.get_key_rotation_status(KeyId=key_id)
    assert status["KeyRotationEnabled"] and status["RotationPeriodInDays"] == 365, status
    assert isinstance(status["NextRotationDate"], datetime.datetime)
    before = encrypt()["CiphertextBlob"]
    kms.rotate_key_on_demand(KeyId=key_id)
    assert kms.decrypt(CiphertextBlob=before)["Plaintext"] == b"x"
    rotations = kms.list_key_rotations(KeyId=key_id)["Rotations"]
    assert [rotation["RotationType"] for rotation in rotations] == ["ON_DEMAND"], rotations

    kms.disable_key(KeyId=key_id)
    within_lease(lambda: refused(kms.exceptions.DisabledException, kms.encrypt, KeyId=key_id, Plaintext=b"x"))
    kms.enable_key(KeyId=key_id)
    within_lease(encrypt)
    deletion = kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
    days = deletion["DeletionDate"] - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(days=6, hours=23) < days < datetime.timedelta(days=7, hours=1), deletion
    within_lease(lambda: refused(kms.exceptions.KMSInvalidStateException, kms.encrypt, KeyId=key_id, Plaintext=b"x"))
    kms.cancel_key_deletion(KeyId=key_id)
    assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"] == "Disabled"


def refusals():
    missing = refused(kms.exceptions.NotFoundException, kms.describe_key, KeyId="alias/none")
    assert "alias/none is not found" in missing["Error"]["Message"], missing
    assert missing["ResponseMetadata"]["HTTPStatusCode"] == 400
    stranger = boto3.client("kms", aws_secret_access_key="wrong" * 8, aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"])
    assert refused(ClientError, stranger.list_keys)["Error"]["Code"] == "InvalidSignatureException"
    return missing["ResponseMetadata"]["RequestId"]


def audit(refused_request_id):
    def find():
        records = []
        for page in cloudtrail.get_paginator("lookup_events").paginate(PaginationConfig={"PageSize": 10}):
            records += [json.loads(event["CloudTrailEvent"]) for event in page["Events"]]
        found = [record for record in records if record.get("requestID") == refused_request_id]
        assert [record["errorCode"] for record in found] == ["NotFoundException"], found
        names = {record["eventName"] for record in records}
        expected = {"CreateKey", "CreateAlias", "Encrypt", "Decrypt", "ReEncrypt", "GenerateDataKey", "DisableKey"}
        assert expected <= names, names

    within_lease(find)
    named = cloudtrail.lookup_events(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "DisableKey"}])
    assert [event["EventName"] for event in named["Events"]] == ["DisableKey"], named


key = keys_and_aliases(identity())
cryptography(key)
life_of_a_key(key)
audit(refusals())
print("done")
