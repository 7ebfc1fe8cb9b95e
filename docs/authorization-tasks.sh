# Four tasks of a key administrator, each done in the way that fits it best, and the question why.
# Needs the server of `npm start`, its credentials in the environment (npm run -s credentials), aws, curl.
# Run it: sh -eu docs/authorization-tasks.sh    Or paste it, piece by piece (zsh: setopt interactive_comments first).
# docs/authorization.md says why it works. What it makes it takes away again at its end.

# --- before -----------------------------------------------------------------------------------------------------------

ACCOUNT=$(aws sts get-caller-identity --query Account --output text)
OTHER_ACCOUNT=${OTHER_ACCOUNT:-444455556666}
DIR=$(mktemp -d)
printf 'card 4242' > "$DIR/order"
new_key() { aws kms create-key --query KeyMetadata.Arn --output text; }
new_access_key() {
  aws iam create-access-key --user-name "$1" --query 'AccessKey.[AccessKeyId,SecretAccessKey]' --output text
}
KEY=$(new_key)
ANOTHER_KEY=$(new_key)

# as CREDENTIALS COMMAND…: one command as somebody else. Credentials: id, secret and session token, tabs between them.
as() { (
  AWS_ACCESS_KEY_ID=$(printf %s "$1" | cut -f 1) AWS_SECRET_ACCESS_KEY=$(printf %s "$1" | cut -f 2)
  AWS_SESSION_TOKEN=$(printf '%s\t\t' "$1" | cut -f 3)
  if [ -n "$AWS_SESSION_TOKEN" ]; then export AWS_SESSION_TOKEN; else unset AWS_SESSION_TOKEN; fi
  export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
  shift
  "$@"
); }
# encrypt KEY [OPTION…], decrypt KEY [OPTION…]: the file, and what encrypt has made of it.
encrypt() { (
  key=$1; shift
  aws kms encrypt --key-id "$key" --plaintext "fileb://$DIR/order" --query CiphertextBlob --output text "$@" \
    > "$DIR/base64" && base64 -d < "$DIR/base64" > "$DIR/sealed"
); }
decrypt() { (
  key=$1; shift
  aws kms decrypt --key-id "$key" --ciphertext-blob "fileb://$DIR/sealed" --query Plaintext --output text "$@" \
    > "$DIR/base64" && base64 -d < "$DIR/base64" | cmp - "$DIR/order"
); }
# passes WORDS COMMAND…, refused WORDS COMMAND…: says what came of it. Refused means AccessDeniedException alone.
passes() { (
  words=$1; shift
  "$@" > "$DIR/out" && echo "passes:  $words"
); }
refused() { (
  words=$1; shift
  if "$@" > "$DIR/out" 2> "$DIR/error"; then echo "passes, but should not: $words"; exit 1; fi
  grep -q AccessDeniedException "$DIR/error" || { cat "$DIR/error"; exit 1; }
  echo "refused: $words"
); }

# --- 1. give a person one key: an identity policy ---------------------------------------------------------------------

# The default key policy lets the account's identity policies decide.
aws iam create-user --user-name alice > "$DIR/made"
ALICE=$(new_access_key alice)
aws iam put-user-policy --user-name alice --policy-name one-key --policy-document '{
  "Version": "2012-10-17",
  "Statement": [{
    "Effect": "Allow",
    "Action": ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"],
    "Resource": "'"$KEY"'"
  }]
}'
passes 'alice encrypts with her key' as "$ALICE" encrypt "$KEY"
passes 'alice decrypts with it' as "$ALICE" decrypt "$KEY"
refused 'alice encrypts with another key' as "$ALICE" encrypt "$ANOTHER_KEY"
refused 'alice disables her key' as "$ALICE" aws kms disable-key --key-id "$KEY"

# --- 2. give a service one encryption context: a role and a grant -----------------------------------------------------

# The service runs on a host that may become the role. The role has no policies: the grant is all that it gets.
aws iam create-user --user-name host > "$DIR/made"
HOST=$(new_access_key host)
aws iam create-role --role-name billing --assume-role-policy-document '{
  "Version": "2012-10-17",
  "Statement": [{
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::'"$ACCOUNT"':user/host"},
    "Action": "sts:AssumeRole"
  }]
}' > "$DIR/made"
GRANT=$(aws kms create-grant --key-id "$KEY" --name billing --grantee-principal "arn:aws:iam::$ACCOUNT:role/billing" \
  --operations Encrypt Decrypt --constraints 'EncryptionContextSubset={service=billing}' --query GrantId --output text)

# session ROLE [OPTION…]: what the host gets when it becomes the role.
session() { (
  role=$1; shift
  as "$HOST" aws sts assume-role --role-arn "arn:aws:iam::$ACCOUNT:role/$role" --role-session-name "host-7" \
    --query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]' --output text "$@"
); }
BILLING=$(session billing)
passes 'billing encrypts with its context' as "$BILLING" encrypt "$KEY" --encryption-context service=billing,order=17
passes 'billing decrypts with it' as "$BILLING" decrypt "$KEY" --encryption-context service=billing,order=17
refused 'billing, with the context of another service' as "$BILLING" encrypt "$KEY" \
  --encryption-context service=shipping
refused 'billing encrypts without a context' as "$BILLING" encrypt "$KEY"
aws kms revoke-grant --key-id "$KEY" --grant-id "$GRANT"
refused 'billing, after its grant was revoked' as "$BILLING" encrypt "$KEY" --encryption-context service=billing

# --- 3. give another account one key: a key policy --------------------------------------------------------------------

# The whole policy is replaced: what may administer the key has to be in it, or nobody could change it again.
aws kms put-key-policy --key-id "$KEY" --policy '{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Enable IAM User Permissions",
      "Effect": "Allow",
      "Principal": {"AWS": "arn:aws:iam::'"$ACCOUNT"':root"},
      "Action": "kms:*",
      "Resource": "*"
    },
    {
      "Sid": "Partner",
      "Effect": "Allow",
      "Principal": {"AWS": "arn:aws:iam::'"$OTHER_ACCOUNT"':root"},
      "Action": ["kms:Encrypt", "kms:Decrypt", "kms:DescribeKey"],
      "Resource": "*"
    }
  ]
}'

# The other account lets its own people: OTHER is its administrator (id, secret), if this server keeps that account.
if [ -n "${OTHER:-}" ]; then
  as "$OTHER" aws iam create-user --user-name partner > "$DIR/made"
  PARTNER=$(as "$OTHER" new_access_key partner)
  refused 'the partner, before its own account allows it' as "$PARTNER" encrypt "$KEY"
  as "$OTHER" aws iam put-user-policy --user-name partner --policy-name one-key --policy-document '{
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["kms:Encrypt", "kms:Decrypt"], "Resource": "'"$KEY"'"}]
  }'
  passes 'the partner encrypts with the shared key' as "$PARTNER" encrypt "$KEY"
  passes 'the partner decrypts with it' as "$PARTNER" decrypt "$KEY"
  refused 'the partner encrypts with another key' as "$PARTNER" encrypt "$ANOTHER_KEY"
fi

# --- 4. give a browser ten minutes: a session policy ------------------------------------------------------------------

# The role may do more than any page should; each page gets a session with less. A session lasts 15 minutes at least, so
# the ten minutes stand in its policy.
aws iam create-role --role-name page --assume-role-policy-document '{
  "Version": "2012-10-17",
  "Statement": [{
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::'"$ACCOUNT"':user/host"},
    "Action": "sts:AssumeRole"
  }]
}' > "$DIR/made"
aws iam put-role-policy --role-name page --policy-name keys --policy-document '{
  "Version": "2012-10-17",
  "Statement": [{"Effect": "Allow", "Action": ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"], "Resource": "*"}]
}'
PAGE=$(session page --duration-seconds 900 --policy '{
  "Version": "2012-10-17",
  "Statement": [{
    "Effect": "Allow",
    "Action": ["kms:Encrypt", "kms:Decrypt"],
    "Resource": "'"$KEY"'",
    "Condition": {
      "StringEquals": {"kms:EncryptionContext:customer": "7"},
      "NumericLessThan": {"aws:EpochTime": "'"$(($(date +%s) + 600))"'"}
    }
  }]
}')
passes 'the page encrypts for its customer' as "$PAGE" encrypt "$KEY" --encryption-context customer=7
passes 'the page decrypts for its customer' as "$PAGE" decrypt "$KEY" --encryption-context customer=7
refused 'the page encrypts for another customer' as "$PAGE" encrypt "$KEY" --encryption-context customer=8
refused 'the page encrypts with another key' as "$PAGE" encrypt "$ANOTHER_KEY" --encryption-context customer=7
refused 'the page makes a data key, as its role may' as "$PAGE" aws kms generate-data-key --key-id "$KEY" \
  --key-spec AES_256 --encryption-context customer=7

# --- 5. ask why -------------------------------------------------------------------------------------------------------

explain() {
  curl -sS --fail-with-body "$AWS_ENDPOINT_URL_KMS/api/explain" --data "$1" \
    --aws-sigv4 "aws:amz:$AWS_REGION:kms" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"
}
# A call that might be: what would alice be told, and by what?
explain '{
  "principal": "arn:aws:iam::'"$ACCOUNT"':user/alice",
  "operation": "DisableKey",
  "input": {"KeyId": "'"$KEY"'"}
}' > "$DIR/explained"
grep -o '"because":"[^"]*"' "$DIR/explained"

# A call that was: alice's of task 1. Its request id is in the record, and in the error that her SDK has thrown.
REQUEST=$(aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=DisableKey \
  --max-results 1 --query 'Events[0].CloudTrailEvent' --output text | sed 's/.*"requestID":"\([^"]*\)".*/\1/')
explain '{"requestId": "'"$REQUEST"'"}' > "$DIR/explained"
grep -o '"recorded":{[^}]*}' "$DIR/explained"

# --- after ------------------------------------------------------------------------------------------------------------

for user in alice host; do
  for id in $(aws iam list-access-keys --user-name $user --query 'AccessKeyMetadata[].AccessKeyId' --output text); do
    aws iam delete-access-key --user-name $user --access-key-id "$id"
  done
done
aws iam delete-user-policy --user-name alice --policy-name one-key
aws iam delete-user --user-name alice
aws iam delete-user --user-name host
aws iam delete-role --role-name billing
aws iam delete-role-policy --role-name page --policy-name keys
aws iam delete-role --role-name page
if [ -n "${OTHER:-}" ]; then
  as "$OTHER" aws iam delete-access-key --user-name partner --access-key-id "$(printf %s "$PARTNER" | cut -f 1)"
  as "$OTHER" aws iam delete-user-policy --user-name partner --policy-name one-key
  as "$OTHER" aws iam delete-user --user-name partner
fi
for key in "$KEY" "$ANOTHER_KEY"; do
  aws kms schedule-key-deletion --key-id "$key" --pending-window-in-days 7 > "$DIR/made"
done
rm -r "$DIR"
echo 'all tasks done'
