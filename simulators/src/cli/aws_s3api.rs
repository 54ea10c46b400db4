//! `aws s3api` as data. Names, kinds and which are required are those of the published API models.

use super::aws_commands::{Command, Family};
use crate::call::Service;

/// `aws s3api`.
pub(super) const S3API: Family = Family {
    name: "s3api",
    service: Service::Objects,
    commands: S3API_COMMANDS,
    waiters: &[],
    beyond: "wait abort-multipart-upload complete-multipart-upload \
              create-bucket-metadata-configuration create-bucket-metadata-table-configuration \
              create-multipart-upload create-session delete-bucket-analytics-configuration \
              delete-bucket-cors delete-bucket-encryption \
              delete-bucket-intelligent-tiering-configuration \
              delete-bucket-inventory-configuration delete-bucket-lifecycle \
              delete-bucket-metadata-configuration delete-bucket-metadata-table-configuration \
              delete-bucket-metrics-configuration delete-bucket-ownership-controls \
              delete-bucket-policy delete-bucket-replication delete-bucket-tagging \
              delete-bucket-website delete-object-annotation delete-object-tagging \
              delete-public-access-block get-bucket-abac get-bucket-accelerate-configuration \
              get-bucket-acl get-bucket-analytics-configuration get-bucket-cors \
              get-bucket-intelligent-tiering-configuration \
              get-bucket-inventory-configuration get-bucket-lifecycle \
              get-bucket-lifecycle-configuration get-bucket-logging \
              get-bucket-metadata-configuration get-bucket-metadata-table-configuration \
              get-bucket-metrics-configuration get-bucket-notification \
              get-bucket-notification-configuration get-bucket-ownership-controls \
              get-bucket-policy get-bucket-policy-status get-bucket-replication \
              get-bucket-request-payment get-bucket-website get-object-acl get-object-annotation \
              get-object-attributes get-object-legal-hold get-object-lock-configuration \
              get-object-retention get-object-tagging get-object-torrent get-public-access-block \
              list-bucket-analytics-configurations list-bucket-intelligent-tiering-configurations \
              list-bucket-inventory-configurations list-bucket-metrics-configurations \
              list-directory-buckets list-multipart-uploads list-object-annotations list-objects \
              list-parts put-bucket-abac put-bucket-accelerate-configuration put-bucket-acl \
              put-bucket-analytics-configuration put-bucket-cors put-bucket-encryption \
              put-bucket-intelligent-tiering-configuration put-bucket-inventory-configuration \
              put-bucket-lifecycle put-bucket-lifecycle-configuration put-bucket-logging \
              put-bucket-metrics-configuration put-bucket-notification \
              put-bucket-notification-configuration put-bucket-ownership-controls \
              put-bucket-policy put-bucket-replication put-bucket-request-payment \
              put-bucket-tagging put-bucket-website put-object-acl put-object-annotation \
              put-object-legal-hold put-object-lock-configuration put-object-retention \
              put-object-tagging put-public-access-block rename-object restore-object \
              select-object-content update-bucket-metadata-annotation-table-configuration \
              update-bucket-metadata-inventory-table-configuration \
              update-bucket-metadata-journal-table-configuration update-object-encryption \
              upload-part upload-part-copy write-get-object-response",
};

const S3API_COMMANDS: &[Command] = &[
    Command {
        name: "list-buckets",
        operation: "ListBuckets",
        target: "",
        list: "Buckets",
        options: "prefix",
        unsimulated: "max-buckets bucket-region",
    },
    Command {
        name: "head-bucket",
        operation: "HeadBucket",
        target: "Bucket",
        list: "",
        options: "!bucket expected-bucket-owner",
        unsimulated: "",
    },
    Command {
        name: "get-bucket-versioning",
        operation: "GetBucketVersioning",
        target: "Bucket",
        list: "",
        options: "!bucket expected-bucket-owner",
        unsimulated: "",
    },
    Command {
        name: "put-bucket-versioning",
        operation: "PutBucketVersioning",
        target: "Bucket",
        list: "",
        options: "!bucket !versioning-configuration:object{MFADelete,Status} \
                  expected-bucket-owner",
        unsimulated: "content-md5 checksum-algorithm mfa",
    },
    Command {
        name: "get-bucket-tagging",
        operation: "GetBucketTagging",
        target: "Bucket",
        list: "",
        options: "!bucket expected-bucket-owner",
        unsimulated: "",
    },
    Command {
        name: "get-bucket-encryption",
        operation: "GetBucketEncryption",
        target: "Bucket",
        list: "",
        options: "!bucket expected-bucket-owner",
        unsimulated: "",
    },
    Command {
        name: "get-bucket-location",
        operation: "GetBucketLocation",
        target: "Bucket",
        list: "",
        options: "!bucket expected-bucket-owner",
        unsimulated: "",
    },
    Command {
        name: "list-objects-v2",
        operation: "ListObjectsV2",
        target: "Bucket",
        list: "Contents",
        options: "!bucket delimiter encoding-type max-keys:int prefix start-after \
                  expected-bucket-owner",
        unsimulated: "fetch-owner request-payer optional-object-attributes",
    },
    Command {
        name: "list-object-versions",
        operation: "ListObjectVersions",
        target: "Bucket",
        list: "Versions",
        options: "!bucket delimiter encoding-type max-keys:int prefix expected-bucket-owner",
        unsimulated: "request-payer optional-object-attributes",
    },
    Command {
        name: "head-object",
        operation: "HeadObject",
        target: "Bucket/Key",
        list: "",
        options: "!bucket !key version-id expected-bucket-owner",
        unsimulated: "if-match if-modified-since if-none-match if-unmodified-since range \
                      response-cache-control response-content-disposition \
                      response-content-encoding response-content-language response-content-type \
                      response-expires sse-customer-algorithm sse-customer-key \
                      sse-customer-key-md5 request-payer part-number checksum-mode",
    },
    Command {
        name: "get-object",
        operation: "GetObject",
        target: "Bucket/Key",
        list: "",
        options: "!bucket !key version-id expected-bucket-owner @outfile=Outfile",
        unsimulated: "if-match if-modified-since if-none-match if-unmodified-since range \
                      response-cache-control response-content-disposition \
                      response-content-encoding response-content-language response-content-type \
                      response-expires sse-customer-algorithm sse-customer-key \
                      sse-customer-key-md5 request-payer part-number checksum-mode",
    },
    Command {
        name: "put-object",
        operation: "PutObject",
        target: "Bucket/Key",
        list: "",
        options: "body:file !bucket content-type !key metadata:map tagging expected-bucket-owner",
        unsimulated: "acl cache-control content-disposition content-encoding content-language \
                      content-length content-md5 checksum-algorithm checksum-crc32 \
                      checksum-crc32-c checksum-crc64-nvme checksum-sha1 checksum-sha256 \
                      checksum-sha512 checksum-md5 checksum-xxhash64 checksum-xxhash3 \
                      checksum-xxhash128 expires if-match if-none-match grant-full-control \
                      grant-read grant-read-acp grant-write-acp write-offset-bytes \
                      server-side-encryption storage-class website-redirect-location \
                      sse-customer-algorithm sse-customer-key sse-customer-key-md5 ssekms-key-id \
                      ssekms-encryption-context bucket-key-enabled request-payer object-lock-mode \
                      object-lock-retain-until-date object-lock-legal-hold-status",
    },
    Command {
        name: "copy-object",
        operation: "CopyObject",
        target: "Bucket/Key",
        list: "",
        options: "!bucket content-type !copy-source !key metadata:map tagging \
                  expected-bucket-owner",
        unsimulated: "acl cache-control checksum-algorithm content-disposition content-encoding \
                      content-language copy-source-if-match copy-source-if-modified-since \
                      copy-source-if-none-match copy-source-if-unmodified-since expires \
                      grant-full-control grant-read grant-read-acp grant-write-acp if-match \
                      if-none-match metadata-directive tagging-directive annotation-directive \
                      server-side-encryption storage-class website-redirect-location \
                      sse-customer-algorithm sse-customer-key sse-customer-key-md5 ssekms-key-id \
                      ssekms-encryption-context bucket-key-enabled \
                      copy-source-sse-customer-algorithm copy-source-sse-customer-key \
                      copy-source-sse-customer-key-md5 request-payer object-lock-mode \
                      object-lock-retain-until-date object-lock-legal-hold-status \
                      expected-source-bucket-owner",
    },
    Command {
        name: "delete-object",
        operation: "DeleteObject",
        target: "Bucket/Key",
        list: "",
        options: "!bucket !key version-id expected-bucket-owner",
        unsimulated: "mfa request-payer bypass-governance-retention if-match \
                      if-match-last-modified-time if-match-size",
    },
    Command {
        name: "delete-objects",
        operation: "DeleteObjects",
        target: "Bucket",
        list: "",
        options: "!bucket !delete:object{Objects*,Quiet?} expected-bucket-owner",
        unsimulated: "mfa request-payer bypass-governance-retention checksum-algorithm",
    },
    Command {
        name: "delete-bucket",
        operation: "DeleteBucket",
        target: "Bucket",
        list: "",
        options: "!bucket expected-bucket-owner",
        unsimulated: "",
    },
    Command {
        name: "create-bucket",
        operation: "CreateBucket",
        target: "Bucket",
        list: "",
        options: "!bucket \
                  create-bucket-configuration:object{LocationConstraint,Location,Bucket,Tags*}",
        unsimulated: "acl grant-full-control grant-read grant-read-acp grant-write \
                      grant-write-acp object-lock-enabled-for-bucket object-ownership \
                      bucket-namespace",
    },
];
