//! `aws logs` and `aws cloudwatch` as data. Names, kinds and which are required are those of the published API models.

use super::aws_commands::{Command, Family};
use crate::call::Service;

/// `aws logs`.
pub(super) const LOGS: Family = Family {
    name: "logs",
    service: Service::Observability,
    commands: LOGS_COMMANDS,
    waiters: &[],
    beyond: "associate-kms-key associate-source-to-s3-table-integration cancel-export-task \
              cancel-import-task create-delivery create-export-task create-import-task \
              create-log-anomaly-detector create-log-group create-log-stream create-lookup-table \
              create-scheduled-query delete-account-policy delete-data-protection-policy \
              delete-delivery delete-delivery-destination delete-delivery-destination-policy \
              delete-delivery-source delete-destination delete-index-policy delete-integration \
              delete-log-anomaly-detector delete-log-stream delete-lookup-table \
              delete-metric-filter delete-query-definition delete-resource-policy \
              delete-retention-policy delete-scheduled-query delete-subscription-filter \
              delete-syslog-configuration delete-transformer describe-account-policies \
              describe-configuration-templates describe-deliveries describe-delivery-destinations \
              describe-delivery-sources describe-destinations describe-export-tasks \
              describe-field-indexes describe-import-task-batches describe-import-tasks \
              describe-index-policies describe-lookup-tables describe-metric-filters \
              describe-queries describe-query-definitions describe-resource-policies \
              describe-subscription-filters disassociate-kms-key \
              disassociate-source-from-s3-table-integration get-data-protection-policy \
              get-delivery get-delivery-destination get-delivery-destination-policy \
              get-delivery-source get-integration get-log-anomaly-detector get-log-fields \
              get-log-group-fields get-log-object get-log-record get-lookup-table \
              get-query-results get-scheduled-query get-scheduled-query-history \
              get-storage-tier-policy get-transformer list-aggregate-log-group-summaries \
              list-anomalies list-integrations list-log-anomaly-detectors list-log-groups \
              list-log-groups-for-query list-scheduled-queries \
              list-sources-for-s3-table-integration list-syslog-configurations \
              list-tags-for-resource list-tags-log-group put-account-policy \
              put-bearer-token-authentication put-data-protection-policy put-delivery-destination \
              put-delivery-destination-policy put-delivery-source put-destination \
              put-destination-policy put-index-policy put-integration put-log-events \
              put-log-group-deletion-protection put-metric-filter put-query-definition \
              put-resource-policy put-retention-policy put-storage-tier-policy \
              put-subscription-filter put-syslog-configuration put-transformer start-live-tail \
              start-query stop-query tag-log-group tag-resource test-metric-filter \
              test-transformer untag-log-group untag-resource update-anomaly \
              update-delivery-configuration update-log-anomaly-detector update-lookup-table \
              update-scheduled-query",
};

const LOGS_COMMANDS: &[Command] = &[
    Command {
        name: "describe-log-groups",
        operation: "DescribeLogGroups",
        target: "",
        list: "logGroups",
        options: "log-group-name-prefix=logGroupNamePrefix \
                  log-group-name-pattern=logGroupNamePattern limit=limit:int",
        unsimulated: "account-identifiers include-linked-accounts log-group-class \
                      log-group-identifiers",
    },
    Command {
        name: "describe-log-streams",
        operation: "DescribeLogStreams",
        target: "logGroupName",
        list: "logStreams",
        options: "log-group-name=logGroupName log-stream-name-prefix=logStreamNamePrefix \
                  order-by=orderBy descending=descending:bool limit=limit:int",
        unsimulated: "log-group-identifier",
    },
    Command {
        name: "get-log-events",
        operation: "GetLogEvents",
        target: "logGroupName",
        list: "",
        options: "log-group-name=logGroupName !log-stream-name=logStreamName \
                  start-time=startTime:int end-time=endTime:int limit=limit:int \
                  start-from-head=startFromHead:bool",
        unsimulated: "log-group-identifier unmask",
    },
    Command {
        name: "filter-log-events",
        operation: "FilterLogEvents",
        target: "logGroupName",
        list: "events",
        options: "log-group-name=logGroupName log-stream-names=logStreamNames:list \
                  log-stream-name-prefix=logStreamNamePrefix start-time=startTime:int \
                  end-time=endTime:int filter-pattern=filterPattern limit=limit:int \
                  start-from-head=startFromHead:bool interleaved=interleaved:bool",
        unsimulated: "log-group-identifier unmask",
    },
    Command {
        name: "delete-log-group",
        operation: "DeleteLogGroup",
        target: "logGroupName",
        list: "",
        options: "!log-group-name=logGroupName",
        unsimulated: "",
    },
];

/// `aws cloudwatch`.
pub(super) const CLOUDWATCH: Family = Family {
    name: "cloudwatch",
    service: Service::Observability,
    commands: CLOUDWATCH_COMMANDS,
    waiters: &[],
    beyond: "associate-dataset-kms-key delete-alarm-mute-rule delete-anomaly-detector \
              delete-insight-rules delete-metric-stream describe-alarm-contributors \
              describe-alarm-history describe-alarms-for-metric describe-anomaly-detectors \
              describe-insight-rules disable-alarm-actions disable-insight-rules \
              disassociate-dataset-kms-key enable-alarm-actions enable-insight-rules \
              get-alarm-mute-rule get-dataset get-insight-rule-report get-metric-data \
              get-metric-stream get-metric-widget-image get-otel-enrichment list-alarm-mute-rules \
              list-managed-insight-rules list-metric-streams list-tags-for-resource \
              put-alarm-mute-rule put-anomaly-detector put-composite-alarm put-insight-rule \
              put-log-alarm put-managed-insight-rules put-metric-alarm put-metric-data \
              put-metric-stream set-alarm-state start-metric-streams start-otel-enrichment \
              stop-metric-streams stop-otel-enrichment tag-resource untag-resource",
};

const CLOUDWATCH_COMMANDS: &[Command] = &[
    Command {
        name: "describe-alarms",
        operation: "DescribeAlarms",
        target: "AlarmNames",
        list: "MetricAlarms",
        options: "alarm-names:list alarm-name-prefix state-value",
        unsimulated: "alarm-types children-of-alarm-name parents-of-alarm-name action-prefix \
                      max-records",
    },
    Command {
        name: "get-metric-statistics",
        operation: "GetMetricStatistics",
        target: "",
        list: "",
        options: "!namespace !metric-name dimensions:list{Name,Value} !start-time !end-time \
                  !period:int statistics:list unit",
        unsimulated: "extended-statistics",
    },
    Command {
        name: "list-metrics",
        operation: "ListMetrics",
        target: "",
        list: "Metrics",
        options: "namespace metric-name dimensions:list{Name,Value} recently-active",
        unsimulated: "include-linked-accounts owning-account",
    },
    Command {
        name: "list-dashboards",
        operation: "ListDashboards",
        target: "",
        list: "DashboardEntries",
        options: "dashboard-name-prefix",
        unsimulated: "",
    },
    Command {
        name: "get-dashboard",
        operation: "GetDashboard",
        target: "DashboardName",
        list: "",
        options: "!dashboard-name",
        unsimulated: "",
    },
    Command {
        name: "put-dashboard",
        operation: "PutDashboard",
        target: "DashboardName",
        list: "",
        options: "!dashboard-name !dashboard-body",
        unsimulated: "tags",
    },
    Command {
        name: "delete-dashboards",
        operation: "DeleteDashboards",
        target: "DashboardNames",
        list: "",
        options: "!dashboard-names:list",
        unsimulated: "",
    },
    Command {
        name: "delete-alarms",
        operation: "DeleteAlarms",
        target: "AlarmNames",
        list: "",
        options: "!alarm-names:list",
        unsimulated: "",
    },
];
