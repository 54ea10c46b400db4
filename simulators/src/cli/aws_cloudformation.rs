//! `aws cloudformation` as data. Names, kinds and which are required are those of the published API models.

use super::aws_commands::{Command, Family};
use crate::call::Service;

/// `aws cloudformation`.
pub(super) const CLOUDFORMATION: Family = Family {
    name: "cloudformation",
    service: Service::Stacks,
    commands: CLOUDFORMATION_COMMANDS,
    waiters: CLOUDFORMATION_WAITERS,
    beyond: "activate-organizations-access activate-type batch-describe-type-configurations \
              create-generated-template deploy package create-stack-instances create-stack-refactor \
              create-stack-set deactivate-organizations-access deactivate-type \
              delete-generated-template delete-stack-instances delete-stack-set deregister-type \
              describe-account-limits describe-change-set-hooks describe-events \
              describe-generated-template describe-organizations-access describe-publisher \
              describe-resource-scan describe-stack-instance describe-stack-refactor \
              describe-stack-set describe-stack-set-operation describe-type \
              describe-type-registration detect-stack-resource-drift detect-stack-set-drift \
              estimate-template-cost execute-stack-refactor get-generated-template \
              get-hook-result import-stacks-to-stack-set list-exports list-generated-templates \
              list-hook-results list-imports list-resource-scan-related-resources \
              list-resource-scan-resources list-resource-scans \
              list-stack-instance-resource-drifts list-stack-instances \
              list-stack-refactor-actions list-stack-refactors \
              list-stack-set-auto-deployment-targets list-stack-set-operation-results \
              list-stack-set-operations list-stack-sets list-type-registrations \
              list-type-versions list-types publish-type record-handler-progress \
              register-publisher register-type set-type-configuration set-type-default-version \
              signal-resource start-resource-scan stop-stack-set-operation test-type \
              update-generated-template update-stack-instances update-stack-set",
};

const CLOUDFORMATION_COMMANDS: &[Command] = &[
    Command {
        name: "create-stack",
        operation: "CreateStack",
        target: "StackName",
        list: "",
        options: "!stack-name template-body \
                  parameters:list{ParameterKey,ParameterValue,UsePreviousValue?,ResolvedValue} \
                  disable-rollback:bool timeout-in-minutes:int \
                  notification-arns=NotificationARNs:list capabilities:list role-arn=RoleARN \
                  on-failure stack-policy-body tags:list{Key,Value} client-request-token \
                  enable-termination-protection:bool retain-except-on-create:bool",
        unsimulated: "template-url rollback-configuration resource-types stack-policy-url \
                      deployment-config disable-validation",
    },
    Command {
        name: "update-stack",
        operation: "UpdateStack",
        target: "StackName",
        list: "",
        options: "!stack-name template-body use-previous-template:bool \
                  stack-policy-during-update-body \
                  parameters:list{ParameterKey,ParameterValue,UsePreviousValue?,ResolvedValue} \
                  capabilities:list role-arn=RoleARN stack-policy-body \
                  notification-arns=NotificationARNs:list tags:list{Key,Value} \
                  disable-rollback:bool client-request-token retain-except-on-create:bool",
        unsimulated: "template-url stack-policy-during-update-url resource-types \
                      rollback-configuration stack-policy-url deployment-config \
                      disable-validation",
    },
    Command {
        name: "delete-stack",
        operation: "DeleteStack",
        target: "StackName",
        list: "",
        options: "!stack-name retain-resources:list role-arn=RoleARN client-request-token \
                  deletion-mode",
        unsimulated: "deployment-config",
    },
    Command {
        name: "describe-stacks",
        operation: "DescribeStacks",
        target: "StackName",
        list: "Stacks",
        options: "stack-name",
        unsimulated: "",
    },
    Command {
        name: "list-stacks",
        operation: "ListStacks",
        target: "",
        list: "StackSummaries",
        options: "stack-status-filter:list",
        unsimulated: "",
    },
    Command {
        name: "describe-stack-events",
        operation: "DescribeStackEvents",
        target: "StackName",
        list: "StackEvents",
        options: "!stack-name",
        unsimulated: "",
    },
    Command {
        name: "describe-stack-resources",
        operation: "DescribeStackResources",
        target: "StackName",
        list: "",
        options: "stack-name logical-resource-id physical-resource-id",
        unsimulated: "",
    },
    Command {
        name: "describe-stack-resource",
        operation: "DescribeStackResource",
        target: "StackName",
        list: "",
        options: "!stack-name !logical-resource-id",
        unsimulated: "",
    },
    Command {
        name: "list-stack-resources",
        operation: "ListStackResources",
        target: "StackName",
        list: "StackResourceSummaries",
        options: "!stack-name",
        unsimulated: "",
    },
    Command {
        name: "get-template",
        operation: "GetTemplate",
        target: "StackName",
        list: "",
        options: "stack-name change-set-name template-stage",
        unsimulated: "",
    },
    Command {
        name: "get-template-summary",
        operation: "GetTemplateSummary",
        target: "StackName",
        list: "",
        options: "template-body stack-name",
        unsimulated: "template-url stack-set-name call-as template-summary-config",
    },
    Command {
        name: "validate-template",
        operation: "ValidateTemplate",
        target: "",
        list: "",
        options: "template-body",
        unsimulated: "template-url",
    },
    Command {
        name: "continue-update-rollback",
        operation: "ContinueUpdateRollback",
        target: "StackName",
        list: "",
        options: "!stack-name role-arn=RoleARN resources-to-skip:list client-request-token",
        unsimulated: "",
    },
    Command {
        name: "rollback-stack",
        operation: "RollbackStack",
        target: "StackName",
        list: "",
        options: "!stack-name role-arn=RoleARN client-request-token retain-except-on-create:bool",
        unsimulated: "deployment-config",
    },
    Command {
        name: "cancel-update-stack",
        operation: "CancelUpdateStack",
        target: "StackName",
        list: "",
        options: "!stack-name client-request-token",
        unsimulated: "",
    },
    Command {
        name: "create-change-set",
        operation: "CreateChangeSet",
        target: "StackName",
        list: "",
        options: "!stack-name template-body use-previous-template:bool \
                  parameters:list{ParameterKey,ParameterValue,UsePreviousValue?,ResolvedValue} \
                  capabilities:list role-arn=RoleARN notification-arns=NotificationARNs:list \
                  tags:list{Key,Value} !change-set-name client-token description change-set-type \
                  on-stack-failure",
        unsimulated: "template-url resource-types rollback-configuration resources-to-import \
                      include-nested-stacks import-existing-resources deployment-mode \
                      deployment-config disable-validation",
    },
    Command {
        name: "describe-change-set",
        operation: "DescribeChangeSet",
        target: "StackName",
        list: "Changes",
        options: "!change-set-name stack-name",
        unsimulated: "include-property-values",
    },
    Command {
        name: "execute-change-set",
        operation: "ExecuteChangeSet",
        target: "StackName",
        list: "",
        options: "!change-set-name stack-name client-request-token disable-rollback:bool \
                  retain-except-on-create:bool",
        unsimulated: "",
    },
    Command {
        name: "delete-change-set",
        operation: "DeleteChangeSet",
        target: "StackName",
        list: "",
        options: "!change-set-name stack-name",
        unsimulated: "",
    },
    Command {
        name: "list-change-sets",
        operation: "ListChangeSets",
        target: "StackName",
        list: "Summaries",
        options: "!stack-name",
        unsimulated: "",
    },
    Command {
        name: "detect-stack-drift",
        operation: "DetectStackDrift",
        target: "StackName",
        list: "",
        options: "!stack-name logical-resource-ids:list",
        unsimulated: "",
    },
    Command {
        name: "describe-stack-drift-detection-status",
        operation: "DescribeStackDriftDetectionStatus",
        target: "",
        list: "",
        options: "!stack-drift-detection-id",
        unsimulated: "",
    },
    Command {
        name: "describe-stack-resource-drifts",
        operation: "DescribeStackResourceDrifts",
        target: "StackName",
        list: "",
        options: "!stack-name stack-resource-drift-status-filters:list max-results:int",
        unsimulated: "",
    },
    Command {
        name: "update-termination-protection",
        operation: "UpdateTerminationProtection",
        target: "StackName",
        list: "",
        options: "!enable-termination-protection:bool !stack-name",
        unsimulated: "",
    },
    Command {
        name: "set-stack-policy",
        operation: "SetStackPolicy",
        target: "StackName",
        list: "",
        options: "!stack-name stack-policy-body",
        unsimulated: "stack-policy-url",
    },
    Command {
        name: "get-stack-policy",
        operation: "GetStackPolicy",
        target: "StackName",
        list: "",
        options: "!stack-name",
        unsimulated: "",
    },
];

const CLOUDFORMATION_WAITERS: &[Command] = &[
    Command {
        name: "stack-create-complete",
        operation: "Wait",
        target: "StackName",
        list: "",
        options: "!stack-name",
        unsimulated: "",
    },
    Command {
        name: "stack-delete-complete",
        operation: "Wait",
        target: "StackName",
        list: "",
        options: "!stack-name",
        unsimulated: "",
    },
    Command {
        name: "stack-update-complete",
        operation: "Wait",
        target: "StackName",
        list: "",
        options: "!stack-name",
        unsimulated: "",
    },
    Command {
        name: "stack-rollback-complete",
        operation: "Wait",
        target: "StackName",
        list: "",
        options: "!stack-name",
        unsimulated: "",
    },
    Command {
        name: "stack-exists",
        operation: "Wait",
        target: "StackName",
        list: "",
        options: "!stack-name",
        unsimulated: "",
    },
    Command {
        name: "change-set-create-complete",
        operation: "Wait",
        target: "StackName",
        list: "",
        options: "!change-set-name stack-name",
        unsimulated: "",
    },
];
