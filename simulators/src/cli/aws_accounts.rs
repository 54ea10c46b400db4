//! `aws sts`, `iam`, `cloudtrail` and `resourcegroupstaggingapi` as data. Names, kinds and which are required are those of the published API models.

use super::aws_commands::{Command, Family};
use crate::call::Service;

/// `aws sts`.
pub(super) const STS: Family = Family {
    name: "sts",
    service: Service::Identity,
    commands: STS_COMMANDS,
    waiters: &[],
    beyond: "assume-role-with-saml assume-role-with-web-identity assume-root \
              decode-authorization-message get-access-key-info get-delegated-access-token \
              get-federation-token get-session-token get-web-identity-token",
};

const STS_COMMANDS: &[Command] = &[
    Command {
        name: "get-caller-identity",
        operation: "GetCallerIdentity",
        target: "",
        list: "",
        options: "",
        unsimulated: "",
    },
    Command {
        name: "assume-role",
        operation: "AssumeRole",
        target: "RoleArn",
        list: "",
        options: "!role-arn !role-session-name duration-seconds:int",
        unsimulated: "policy-arns policy tags transitive-tag-keys external-id serial-number \
                      token-code source-identity provided-contexts",
    },
];

/// `aws iam`.
pub(super) const IAM: Family = Family {
    name: "iam",
    service: Service::Identity,
    commands: IAM_COMMANDS,
    waiters: &[],
    beyond: "accept-delegation-request add-client-id-to-open-id-connect-provider \
              add-role-to-instance-profile add-user-to-group associate-delegation-request \
              attach-group-policy attach-user-policy change-password create-access-key \
              create-account-alias create-delegation-request create-group create-instance-profile \
              create-login-profile create-open-id-connect-provider create-policy \
              create-policy-version create-role create-saml-provider create-service-linked-role \
              create-service-specific-credential create-user create-virtual-mfa-device \
              deactivate-mfa-device delete-access-key delete-account-alias \
              delete-account-password-policy delete-group delete-group-policy \
              delete-instance-profile delete-login-profile delete-open-id-connect-provider \
              delete-policy delete-policy-version delete-role delete-role-permissions-boundary \
              delete-saml-provider delete-server-certificate delete-service-linked-role \
              delete-service-specific-credential delete-signing-certificate delete-ssh-public-key \
              delete-user delete-user-permissions-boundary delete-user-policy \
              delete-virtual-mfa-device detach-group-policy detach-user-policy \
              disable-organizations-root-credentials-management \
              disable-organizations-root-sessions disable-outbound-web-identity-federation \
              enable-mfa-device enable-organizations-root-credentials-management \
              enable-organizations-root-sessions enable-outbound-web-identity-federation \
              generate-credential-report generate-organizations-access-report \
              generate-service-last-accessed-details get-access-key-last-used \
              get-account-authorization-details get-account-password-policy get-account-summary \
              get-context-keys-for-custom-policy get-context-keys-for-principal-policy \
              get-credential-report get-delegation-request get-group get-group-policy \
              get-human-readable-summary get-instance-profile get-login-profile get-mfa-device \
              get-open-id-connect-provider get-organizations-access-report \
              get-outbound-web-identity-federation-info get-policy get-policy-version \
              get-saml-provider get-server-certificate get-service-last-accessed-details \
              get-service-last-accessed-details-with-entities \
              get-service-linked-role-deletion-status get-ssh-public-key get-user-policy \
              list-access-keys list-account-aliases list-attached-group-policies \
              list-attached-user-policies list-delegation-requests list-entities-for-policy \
              list-group-policies list-groups list-groups-for-user list-instance-profile-tags \
              list-instance-profiles list-instance-profiles-for-role list-mfa-device-tags \
              list-mfa-devices list-open-id-connect-provider-tags list-open-id-connect-providers \
              list-organizations-features list-policies list-policies-granting-service-access \
              list-policy-tags list-policy-versions list-role-tags list-saml-provider-tags \
              list-saml-providers list-server-certificate-tags list-server-certificates \
              list-service-specific-credentials list-signing-certificates list-ssh-public-keys \
              list-user-policies list-user-tags list-users list-virtual-mfa-devices \
              put-group-policy put-role-permissions-boundary put-user-permissions-boundary \
              put-user-policy reject-delegation-request \
              remove-client-id-from-open-id-connect-provider remove-role-from-instance-profile \
              remove-user-from-group reset-service-specific-credential resync-mfa-device \
              send-delegation-token set-default-policy-version \
              set-security-token-service-preferences simulate-custom-policy tag-instance-profile \
              tag-mfa-device tag-open-id-connect-provider tag-policy tag-role tag-saml-provider \
              tag-server-certificate tag-user untag-instance-profile untag-mfa-device \
              untag-open-id-connect-provider untag-policy untag-role untag-saml-provider \
              untag-server-certificate untag-user update-access-key \
              update-account-password-policy update-assume-role-policy update-delegation-request \
              update-group update-login-profile update-open-id-connect-provider-thumbprint \
              update-role update-role-description update-saml-provider update-server-certificate \
              update-service-specific-credential update-signing-certificate update-ssh-public-key \
              update-user upload-server-certificate upload-signing-certificate \
              upload-ssh-public-key",
};

const IAM_COMMANDS: &[Command] = &[
    Command {
        name: "list-roles",
        operation: "ListRoles",
        target: "",
        list: "Roles",
        options: "path-prefix",
        unsimulated: "",
    },
    Command {
        name: "get-role",
        operation: "GetRole",
        target: "RoleName",
        list: "",
        options: "!role-name",
        unsimulated: "",
    },
    Command {
        name: "list-attached-role-policies",
        operation: "ListAttachedRolePolicies",
        target: "RoleName",
        list: "AttachedPolicies",
        options: "!role-name path-prefix",
        unsimulated: "",
    },
    Command {
        name: "list-role-policies",
        operation: "ListRolePolicies",
        target: "RoleName",
        list: "PolicyNames",
        options: "!role-name",
        unsimulated: "",
    },
    Command {
        name: "get-role-policy",
        operation: "GetRolePolicy",
        target: "RoleName",
        list: "",
        options: "!role-name !policy-name",
        unsimulated: "",
    },
    Command {
        name: "simulate-principal-policy",
        operation: "SimulatePrincipalPolicy",
        target: "PolicySourceArn",
        list: "EvaluationResults",
        options: "!policy-source-arn !action-names:list resource-arns:list",
        unsimulated: "policy-input-list permissions-boundary-policy-input-list \
                      policy-exclusion-list resource-policy resource-owner caller-arn \
                      context-entries resource-handling-option",
    },
    Command {
        name: "attach-role-policy",
        operation: "AttachRolePolicy",
        target: "RoleName",
        list: "",
        options: "!role-name !policy-arn",
        unsimulated: "",
    },
    Command {
        name: "detach-role-policy",
        operation: "DetachRolePolicy",
        target: "RoleName",
        list: "",
        options: "!role-name !policy-arn",
        unsimulated: "",
    },
    Command {
        name: "put-role-policy",
        operation: "PutRolePolicy",
        target: "RoleName",
        list: "",
        options: "!role-name !policy-name !policy-document",
        unsimulated: "",
    },
    Command {
        name: "delete-role-policy",
        operation: "DeleteRolePolicy",
        target: "RoleName",
        list: "",
        options: "!role-name !policy-name",
        unsimulated: "",
    },
    Command {
        name: "get-user",
        operation: "GetUser",
        target: "UserName",
        list: "",
        options: "user-name",
        unsimulated: "",
    },
];

/// `aws cloudtrail`.
pub(super) const CLOUDTRAIL: Family = Family {
    name: "cloudtrail",
    service: Service::Identity,
    commands: CLOUDTRAIL_COMMANDS,
    waiters: &[],
    beyond: "add-tags cancel-query create-channel create-dashboard create-event-data-store \
              create-trail delete-channel delete-dashboard delete-event-data-store \
              delete-resource-policy delete-trail deregister-organization-delegated-admin \
              describe-query describe-trails disable-federation enable-federation generate-query \
              get-channel get-dashboard get-event-configuration get-event-data-store \
              get-event-selectors get-import get-insight-selectors get-query-results \
              get-resource-policy get-trail get-trail-status list-channels list-dashboards \
              list-event-data-stores list-import-failures list-imports list-insights-data \
              list-insights-metric-data list-public-keys list-queries list-tags list-trails \
              put-event-configuration put-event-selectors put-insight-selectors \
              put-resource-policy register-organization-delegated-admin remove-tags \
              restore-event-data-store search-sample-queries start-dashboard-refresh \
              start-event-data-store-ingestion start-import start-logging start-query \
              stop-event-data-store-ingestion stop-import stop-logging update-channel \
              update-dashboard update-event-data-store update-trail",
};

const CLOUDTRAIL_COMMANDS: &[Command] = &[Command {
    name: "lookup-events",
    operation: "LookupEvents",
    target: "",
    list: "Events",
    options: "lookup-attributes:list{AttributeKey,AttributeValue} start-time end-time \
                  max-results:int",
    unsimulated: "event-category",
}];

/// `aws resourcegroupstaggingapi`.
pub(super) const RESOURCEGROUPSTAGGINGAPI: Family = Family {
    name: "resourcegroupstaggingapi",
    service: Service::Identity,
    commands: RESOURCEGROUPSTAGGINGAPI_COMMANDS,
    waiters: &[],
    beyond: "describe-report-creation get-compliance-summary get-tag-keys get-tag-values \
              list-required-tags start-report-creation tag-resources untag-resources",
};

const RESOURCEGROUPSTAGGINGAPI_COMMANDS: &[Command] = &[Command {
    name: "get-resources",
    operation: "GetResources",
    target: "",
    list: "ResourceTagMappingList",
    options: "tag-filters:list{Key,Values*} resources-per-page:int resource-type-filters:list \
                  resource-arn-list=ResourceARNList:list",
    unsimulated: "tags-per-page include-compliance-details exclude-compliant-resources",
}];
