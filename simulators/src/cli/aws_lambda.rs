//! `aws lambda` and `aws apigateway` as data. Names, kinds and which are required are those of the published API models.

use super::aws_commands::{Command, Family};
use crate::call::Service;

/// `aws lambda`.
pub(super) const LAMBDA: Family = Family {
    name: "lambda",
    service: Service::Functions,
    commands: LAMBDA_COMMANDS,
    waiters: &[],
    beyond: "wait add-layer-version-permission add-permission checkpoint-durable-execution \
              create-alias create-capacity-provider create-code-signing-config \
              create-event-source-mapping create-function create-function-url-config delete-alias \
              delete-capacity-provider delete-code-signing-config delete-event-source-mapping \
              delete-function-code-signing-config delete-function-concurrency \
              delete-function-event-invoke-config delete-function-url-config delete-layer-version \
              delete-provisioned-concurrency-config get-account-settings get-alias \
              get-capacity-provider get-code-signing-config get-durable-execution \
              get-durable-execution-history get-durable-execution-state get-event-source-mapping \
              get-function-code-signing-config get-function-concurrency \
              get-function-event-invoke-config get-function-recursion-config \
              get-function-scaling-config get-function-url-config get-layer-version \
              get-layer-version-by-arn get-layer-version-policy get-policy \
              get-provisioned-concurrency-config get-runtime-management-config invoke-async \
              invoke-with-response-stream list-aliases list-capacity-providers \
              list-code-signing-configs list-durable-executions-by-function \
              list-event-source-mappings list-function-event-invoke-configs \
              list-function-url-configs list-function-versions-by-capacity-provider \
              list-functions-by-code-signing-config list-layer-versions list-layers \
              list-provisioned-concurrency-configs list-tags list-versions-by-function \
              publish-layer-version publish-version put-function-code-signing-config \
              put-function-concurrency put-function-event-invoke-config \
              put-function-recursion-config put-function-scaling-config \
              put-provisioned-concurrency-config put-runtime-management-config \
              remove-layer-version-permission remove-permission \
              send-durable-execution-callback-failure send-durable-execution-callback-heartbeat \
              send-durable-execution-callback-success stop-durable-execution tag-resource \
              untag-resource update-alias update-capacity-provider update-code-signing-config \
              update-event-source-mapping update-function-event-invoke-config \
              update-function-url-config",
};

const LAMBDA_COMMANDS: &[Command] = &[
    Command {
        name: "list-functions",
        operation: "ListFunctions",
        target: "",
        list: "Functions",
        options: "",
        unsimulated: "master-region function-version",
    },
    Command {
        name: "get-function",
        operation: "GetFunction",
        target: "FunctionName",
        list: "",
        options: "!function-name qualifier",
        unsimulated: "",
    },
    Command {
        name: "get-function-configuration",
        operation: "GetFunctionConfiguration",
        target: "FunctionName",
        list: "",
        options: "!function-name qualifier",
        unsimulated: "",
    },
    Command {
        name: "update-function-code",
        operation: "UpdateFunctionCode",
        target: "FunctionName",
        list: "",
        options: "!function-name zip-file:blob s3-bucket s3-key s3-object-version publish:bool \
                  dry-run:bool",
        unsimulated: "s3-object-storage-mode image-uri architectures publish-to revision-id \
                      source-kms-key-arn",
    },
    Command {
        name: "update-function-configuration",
        operation: "UpdateFunctionConfiguration",
        target: "FunctionName",
        list: "",
        options: "!function-name handler description timeout:int memory-size:int \
                  environment:object{Variables}",
        unsimulated: "role vpc-config runtime dead-letter-config kms-key-arn tracing-config \
                      revision-id layers file-system-configs image-config ephemeral-storage \
                      snap-start logging-config capacity-provider-config durable-config",
    },
    Command {
        name: "invoke",
        operation: "Invoke",
        target: "FunctionName",
        list: "",
        options: "!function-name invocation-type log-type payload:blob qualifier @outfile=Outfile",
        unsimulated: "client-context durable-execution-name tenant-id",
    },
    Command {
        name: "delete-function",
        operation: "DeleteFunction",
        target: "FunctionName",
        list: "",
        options: "!function-name qualifier",
        unsimulated: "",
    },
];

/// `aws apigateway`.
pub(super) const APIGATEWAY: Family = Family {
    name: "apigateway",
    service: Service::Functions,
    commands: APIGATEWAY_COMMANDS,
    waiters: &[],
    beyond: "create-api-key create-authorizer create-base-path-mapping create-deployment \
              create-documentation-part create-documentation-version create-domain-name \
              create-domain-name-access-association create-model create-request-validator \
              create-resource create-rest-api create-stage create-usage-plan \
              create-usage-plan-key create-vpc-link delete-api-key delete-authorizer \
              delete-base-path-mapping delete-client-certificate delete-deployment \
              delete-documentation-part delete-documentation-version delete-domain-name \
              delete-domain-name-access-association delete-gateway-response delete-integration \
              delete-integration-response delete-method delete-method-response delete-model \
              delete-request-validator delete-resource delete-stage delete-usage-plan \
              delete-usage-plan-key delete-vpc-link flush-stage-authorizers-cache \
              flush-stage-cache generate-client-certificate get-account get-api-key get-api-keys \
              get-authorizer get-authorizers get-base-path-mapping get-base-path-mappings \
              get-client-certificate get-client-certificates get-deployment get-deployments \
              get-documentation-part get-documentation-parts get-documentation-version \
              get-documentation-versions get-domain-name get-domain-name-access-associations \
              get-domain-names get-export get-gateway-response get-gateway-responses \
              get-integration get-integration-response get-method get-method-response get-model \
              get-model-template get-models get-request-validator get-request-validators \
              get-resource get-resources get-rest-api get-sdk get-sdk-type get-sdk-types \
              get-stage get-stages get-tags get-usage get-usage-plan get-usage-plan-key \
              get-usage-plan-keys get-usage-plans get-vpc-link get-vpc-links import-api-keys \
              import-documentation-parts import-rest-api put-gateway-response put-integration \
              put-integration-response put-method put-method-response put-rest-api \
              reject-domain-name-access-association tag-resource test-invoke-authorizer \
              test-invoke-method untag-resource update-account update-api-key update-authorizer \
              update-base-path-mapping update-client-certificate update-deployment \
              update-documentation-part update-documentation-version update-domain-name \
              update-gateway-response update-integration update-integration-response \
              update-method update-method-response update-model update-request-validator \
              update-resource update-rest-api update-stage update-usage update-usage-plan \
              update-vpc-link",
};

const APIGATEWAY_COMMANDS: &[Command] = &[
    Command {
        name: "get-rest-apis",
        operation: "GetRestApis",
        target: "",
        list: "items",
        options: "limit=limit:int",
        unsimulated: "",
    },
    Command {
        name: "delete-rest-api",
        operation: "DeleteRestApi",
        target: "restApiId",
        list: "",
        options: "!rest-api-id=restApiId",
        unsimulated: "",
    },
];
