//! `aws kms` as data. Names, kinds and which are required are those of the published API model.

use super::aws_commands::{Command, Family};
use crate::call::Service;

/// `aws kms`.
pub(super) const KMS: Family = Family {
    name: "kms",
    service: Service::Keys,
    commands: KMS_COMMANDS,
    waiters: &[],
    beyond: "connect-custom-key-store create-custom-key-store create-grant decrypt delete-custom-key-store \
              delete-imported-key-material derive-shared-secret describe-custom-key-stores \
              disable-key-rotation disconnect-custom-key-store enable-key-rotation encrypt \
              generate-data-key generate-data-key-pair generate-data-key-pair-without-plaintext \
              generate-data-key-without-plaintext generate-mac generate-random get-key-policy \
              get-parameters-for-import get-public-key import-key-material list-key-policies \
              list-key-rotations list-retirable-grants put-key-policy re-encrypt replicate-key retire-grant \
              revoke-grant rotate-key-on-demand sign tag-resource untag-resource update-alias \
              update-custom-key-store update-key-description update-primary-region verify verify-mac",
};

const fn command(name: &'static str, operation: &'static str, options: &'static str) -> Command {
    Command { name, operation, target: "KeyId", list: "", options, unsimulated: "" }
}

const KMS_COMMANDS: &[Command] = &[
    Command { target: "", list: "Keys", ..command("list-keys", "ListKeys", "") },
    Command { list: "Aliases", ..command("list-aliases", "ListAliases", "key-id") },
    Command { unsimulated: "grant-tokens", ..command("describe-key", "DescribeKey", "!key-id") },
    Command { list: "Tags", ..command("list-resource-tags", "ListResourceTags", "!key-id") },
    Command {
        list: "Grants",
        unsimulated: "grant-id grantee-principal",
        ..command("list-grants", "ListGrants", "!key-id")
    },
    command("get-key-rotation-status", "GetKeyRotationStatus", "!key-id"),
    Command {
        target: "",
        unsimulated: "policy key-usage customer-master-key-spec key-spec origin custom-key-store-id \
                      bypass-policy-lockout-safety-check tags multi-region xks-key-id",
        ..command("create-key", "CreateKey", "description")
    },
    Command { target: "AliasName", ..command("create-alias", "CreateAlias", "!alias-name !target-key-id") },
    Command { target: "AliasName", ..command("delete-alias", "DeleteAlias", "!alias-name") },
    command("enable-key", "EnableKey", "!key-id"),
    command("disable-key", "DisableKey", "!key-id"),
    command("schedule-key-deletion", "ScheduleKeyDeletion", "!key-id pending-window-in-days:int"),
    command("cancel-key-deletion", "CancelKeyDeletion", "!key-id"),
];
