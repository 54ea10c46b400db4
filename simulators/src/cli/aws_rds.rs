//! `aws rds` as data. Names, kinds and which are required are those of the published API models.

use super::aws_commands::{Command, Family};
use crate::call::Service;

/// `aws rds`.
pub(super) const RDS: Family = Family {
    name: "rds",
    service: Service::Databases,
    commands: RDS_COMMANDS,
    waiters: RDS_WAITERS,
    beyond: "add-role-to-db-cluster add-role-to-db-instance \
              add-source-identifier-to-subscription apply-pending-maintenance-action \
              authorize-db-security-group-ingress backtrack-db-cluster cancel-export-task \
              copy-db-cluster-parameter-group copy-db-cluster-snapshot copy-db-parameter-group \
              copy-db-snapshot copy-option-group create-blue-green-deployment \
              create-custom-db-engine-version create-db-cluster create-db-cluster-endpoint \
              create-db-cluster-parameter-group create-db-cluster-snapshot \
              create-db-instance-read-replica create-db-parameter-group create-db-proxy \
              create-db-proxy-endpoint create-db-security-group create-db-shard-group \
              create-db-subnet-group create-event-subscription create-global-cluster \
              create-integration create-option-group create-tenant-database \
              delete-blue-green-deployment delete-custom-db-engine-version delete-db-cluster \
              delete-db-cluster-automated-backup delete-db-cluster-endpoint \
              delete-db-cluster-parameter-group delete-db-cluster-snapshot \
              delete-db-instance-automated-backup delete-db-parameter-group delete-db-proxy \
              delete-db-proxy-endpoint delete-db-security-group delete-db-shard-group \
              delete-db-subnet-group delete-event-subscription delete-global-cluster \
              delete-integration delete-option-group delete-tenant-database \
              deregister-db-proxy-targets describe-account-attributes \
              describe-blue-green-deployments describe-certificates \
              describe-db-cluster-automated-backups describe-db-cluster-backtracks \
              describe-db-cluster-endpoints describe-db-cluster-parameter-groups \
              describe-db-cluster-parameters describe-db-cluster-snapshot-attributes \
              describe-db-cluster-snapshots describe-db-clusters describe-db-engine-versions \
              describe-db-log-files describe-db-major-engine-versions \
              describe-db-parameter-groups describe-db-parameters describe-db-proxies \
              describe-db-proxy-endpoints describe-db-proxy-target-groups \
              describe-db-proxy-targets describe-db-recommendations describe-db-security-groups \
              describe-db-shard-groups describe-db-snapshot-attributes \
              describe-db-snapshot-tenant-databases describe-db-subnet-groups \
              describe-engine-default-cluster-parameters describe-engine-default-parameters \
              describe-event-categories describe-event-subscriptions describe-events \
              describe-export-tasks describe-global-clusters describe-integrations \
              describe-option-group-options describe-option-groups \
              describe-orderable-db-instance-options describe-pending-maintenance-actions \
              describe-reserved-db-instances describe-reserved-db-instances-offerings \
              describe-serverless-v2-platform-versions describe-source-regions \
              describe-tenant-databases describe-valid-db-instance-modifications \
              disable-http-endpoint download-db-log-file-portion enable-http-endpoint \
              failover-db-cluster failover-global-cluster modify-activity-stream \
              modify-certificates modify-current-db-cluster-capacity \
              modify-custom-db-engine-version modify-db-cluster modify-db-cluster-endpoint \
              modify-db-cluster-parameter-group modify-db-cluster-snapshot-attribute \
              modify-db-parameter-group modify-db-proxy modify-db-proxy-endpoint \
              modify-db-proxy-target-group modify-db-recommendation modify-db-shard-group \
              modify-db-snapshot modify-db-snapshot-attribute modify-db-subnet-group \
              modify-event-subscription modify-global-cluster modify-integration \
              modify-option-group modify-tenant-database promote-read-replica \
              promote-read-replica-db-cluster purchase-reserved-db-instances-offering \
              reboot-db-cluster reboot-db-shard-group register-db-proxy-targets \
              remove-from-global-cluster remove-role-from-db-cluster remove-role-from-db-instance \
              remove-source-identifier-from-subscription remove-tags-from-resource \
              reset-db-cluster-parameter-group reset-db-parameter-group \
              restore-db-cluster-from-s3 restore-db-cluster-from-snapshot \
              restore-db-cluster-to-point-in-time restore-db-instance-from-s3 \
              revoke-db-security-group-ingress start-activity-stream start-db-cluster \
              start-db-instance start-db-instance-automated-backups-replication start-export-task \
              stop-activity-stream stop-db-cluster stop-db-instance \
              stop-db-instance-automated-backups-replication switchover-blue-green-deployment \
              switchover-global-cluster switchover-read-replica",
};

const RDS_COMMANDS: &[Command] = &[
    Command {
        name: "create-db-instance",
        operation: "CreateDBInstance",
        target: "DBInstanceIdentifier",
        list: "",
        options: "db-name=DBName !db-instance-identifier=DBInstanceIdentifier \
                  allocated-storage:int !db-instance-class=DBInstanceClass !engine \
                  master-username master-user-password vpc-security-group-ids:list \
                  availability-zone db-subnet-group-name=DBSubnetGroupName \
                  backup-retention-period:int multi-az=MultiAZ:bool engine-version \
                  publicly-accessible:bool tags:list{Key,Value} storage-type \
                  copy-tags-to-snapshot:bool deletion-protection:bool \
                  manage-master-user-password:bool",
        unsimulated: "db-security-groups preferred-maintenance-window db-parameter-group-name \
                      preferred-backup-window port auto-minor-version-upgrade license-model iops \
                      storage-throughput option-group-name character-set-name \
                      nchar-character-set-name db-cluster-identifier tde-credential-arn \
                      tde-credential-password storage-encrypted kms-key-id domain domain-fqdn \
                      domain-ou domain-auth-secret-arn domain-dns-ips monitoring-interval \
                      monitoring-role-arn domain-iam-role-name promotion-tier timezone \
                      enable-iam-database-authentication database-insights-mode \
                      enable-performance-insights performance-insights-kms-key-id \
                      performance-insights-retention-period enable-cloudwatch-logs-exports \
                      processor-features max-allocated-storage enable-customer-owned-ip \
                      network-type backup-target custom-iam-instance-profile db-system-id \
                      ca-certificate-identifier master-user-secret-kms-key-id multi-tenant \
                      dedicated-log-volume engine-lifecycle-support additional-storage-volumes \
                      tag-specifications master-user-authentication-type",
    },
    Command {
        name: "delete-db-instance",
        operation: "DeleteDBInstance",
        target: "DBInstanceIdentifier",
        list: "",
        options: "!db-instance-identifier=DBInstanceIdentifier skip-final-snapshot:bool \
                  final-db-snapshot-identifier=FinalDBSnapshotIdentifier \
                  delete-automated-backups:bool",
        unsimulated: "",
    },
    Command {
        name: "modify-db-instance",
        operation: "ModifyDBInstance",
        target: "DBInstanceIdentifier",
        list: "",
        options: "!db-instance-identifier=DBInstanceIdentifier allocated-storage:int \
                  db-instance-class=DBInstanceClass db-subnet-group-name=DBSubnetGroupName \
                  vpc-security-group-ids:list apply-immediately:bool master-user-password \
                  backup-retention-period:int multi-az=MultiAZ:bool engine-version \
                  new-db-instance-identifier=NewDBInstanceIdentifier storage-type \
                  copy-tags-to-snapshot:bool publicly-accessible:bool deletion-protection:bool \
                  manage-master-user-password:bool engine",
        unsimulated: "db-security-groups db-parameter-group-name preferred-backup-window \
                      preferred-maintenance-window allow-major-version-upgrade \
                      auto-minor-version-upgrade license-model iops storage-throughput \
                      option-group-name tde-credential-arn tde-credential-password \
                      ca-certificate-identifier domain domain-fqdn domain-ou \
                      domain-auth-secret-arn domain-dns-ips disable-domain monitoring-interval \
                      db-port-number monitoring-role-arn domain-iam-role-name promotion-tier \
                      enable-iam-database-authentication database-insights-mode \
                      enable-performance-insights performance-insights-kms-key-id \
                      performance-insights-retention-period cloudwatch-logs-export-configuration \
                      processor-features use-default-processor-features max-allocated-storage \
                      certificate-rotation-restart replica-mode automation-mode \
                      resume-full-automation-mode-minutes enable-customer-owned-ip network-type \
                      aws-backup-recovery-point-arn rotate-master-user-password \
                      master-user-secret-kms-key-id multi-tenant dedicated-log-volume \
                      additional-storage-volumes tag-specifications \
                      master-user-authentication-type engine-lifecycle-support",
    },
    Command {
        name: "reboot-db-instance",
        operation: "RebootDBInstance",
        target: "DBInstanceIdentifier",
        list: "",
        options: "!db-instance-identifier=DBInstanceIdentifier force-failover:bool",
        unsimulated: "",
    },
    Command {
        name: "describe-db-instances",
        operation: "DescribeDBInstances",
        target: "DBInstanceIdentifier",
        list: "DBInstances",
        options: "db-instance-identifier=DBInstanceIdentifier filters:list{Name,Values*} \
                  max-records:int",
        unsimulated: "",
    },
    Command {
        name: "create-db-snapshot",
        operation: "CreateDBSnapshot",
        target: "DBInstanceIdentifier",
        list: "",
        options: "!db-snapshot-identifier=DBSnapshotIdentifier \
                  !db-instance-identifier=DBInstanceIdentifier tags:list{Key,Value}",
        unsimulated: "",
    },
    Command {
        name: "delete-db-snapshot",
        operation: "DeleteDBSnapshot",
        target: "DBSnapshotIdentifier",
        list: "",
        options: "!db-snapshot-identifier=DBSnapshotIdentifier",
        unsimulated: "",
    },
    Command {
        name: "describe-db-snapshots",
        operation: "DescribeDBSnapshots",
        target: "DBInstanceIdentifier",
        list: "DBSnapshots",
        options: "db-instance-identifier=DBInstanceIdentifier \
                  db-snapshot-identifier=DBSnapshotIdentifier snapshot-type \
                  filters:list{Name,Values*} max-records:int dbi-resource-id",
        unsimulated: "include-shared include-public",
    },
    Command {
        name: "describe-db-instance-automated-backups",
        operation: "DescribeDBInstanceAutomatedBackups",
        target: "DBInstanceIdentifier",
        list: "DBInstanceAutomatedBackups",
        options: "dbi-resource-id db-instance-identifier=DBInstanceIdentifier \
                  filters:list{Name,Values*} max-records:int",
        unsimulated: "db-instance-automated-backups-arn",
    },
    Command {
        name: "restore-db-instance-from-db-snapshot",
        operation: "RestoreDBInstanceFromDBSnapshot",
        target: "DBInstanceIdentifier",
        list: "",
        options: "!db-instance-identifier=DBInstanceIdentifier \
                  db-snapshot-identifier=DBSnapshotIdentifier db-instance-class=DBInstanceClass \
                  availability-zone db-subnet-group-name=DBSubnetGroupName multi-az=MultiAZ:bool \
                  publicly-accessible:bool db-name=DBName engine tags:list{Key,Value} \
                  storage-type vpc-security-group-ids:list copy-tags-to-snapshot:bool \
                  deletion-protection:bool allocated-storage:int backup-retention-period:int \
                  manage-master-user-password:bool",
        unsimulated: "port auto-minor-version-upgrade license-model iops storage-throughput \
                      option-group-name tde-credential-arn tde-credential-password domain \
                      domain-fqdn domain-ou domain-auth-secret-arn domain-dns-ips \
                      domain-iam-role-name enable-iam-database-authentication \
                      enable-cloudwatch-logs-exports processor-features \
                      use-default-processor-features db-parameter-group-name \
                      enable-customer-owned-ip network-type backup-target \
                      custom-iam-instance-profile db-cluster-snapshot-identifier \
                      preferred-backup-window dedicated-log-volume ca-certificate-identifier \
                      engine-lifecycle-support additional-storage-volumes tag-specifications \
                      master-user-secret-kms-key-id",
    },
    Command {
        name: "restore-db-instance-to-point-in-time",
        operation: "RestoreDBInstanceToPointInTime",
        target: "TargetDBInstanceIdentifier",
        list: "",
        options: "source-db-instance-identifier=SourceDBInstanceIdentifier \
                  !target-db-instance-identifier=TargetDBInstanceIdentifier restore-time \
                  use-latest-restorable-time:bool db-instance-class=DBInstanceClass \
                  availability-zone db-subnet-group-name=DBSubnetGroupName multi-az=MultiAZ:bool \
                  publicly-accessible:bool db-name=DBName engine copy-tags-to-snapshot:bool \
                  tags:list{Key,Value} storage-type vpc-security-group-ids:list \
                  deletion-protection:bool allocated-storage:int backup-retention-period:int \
                  manage-master-user-password:bool",
        unsimulated: "port auto-minor-version-upgrade license-model iops storage-throughput \
                      option-group-name tde-credential-arn tde-credential-password domain \
                      domain-iam-role-name domain-fqdn domain-ou domain-auth-secret-arn \
                      domain-dns-ips enable-iam-database-authentication \
                      enable-cloudwatch-logs-exports processor-features \
                      use-default-processor-features db-parameter-group-name \
                      source-dbi-resource-id max-allocated-storage enable-customer-owned-ip \
                      network-type source-db-instance-automated-backups-arn backup-target \
                      custom-iam-instance-profile preferred-backup-window dedicated-log-volume \
                      ca-certificate-identifier engine-lifecycle-support \
                      additional-storage-volumes tag-specifications master-user-secret-kms-key-id",
    },
    Command {
        name: "add-tags-to-resource",
        operation: "AddTagsToResource",
        target: "ResourceName",
        list: "",
        options: "!resource-name !tags:list{Key,Value}",
        unsimulated: "",
    },
    Command {
        name: "list-tags-for-resource",
        operation: "ListTagsForResource",
        target: "ResourceName",
        list: "",
        options: "!resource-name filters:list{Name,Values*}",
        unsimulated: "",
    },
];

const RDS_WAITERS: &[Command] = &[
    Command {
        name: "db-instance-available",
        operation: "Wait",
        target: "DBInstanceIdentifier",
        list: "",
        options: "!db-instance-identifier=DBInstanceIdentifier",
        unsimulated: "",
    },
    Command {
        name: "db-instance-deleted",
        operation: "Wait",
        target: "DBInstanceIdentifier",
        list: "",
        options: "!db-instance-identifier=DBInstanceIdentifier",
        unsimulated: "",
    },
    Command {
        name: "db-snapshot-available",
        operation: "Wait",
        target: "DBSnapshotIdentifier",
        list: "",
        options: "db-instance-identifier=DBInstanceIdentifier db-snapshot-identifier=DBSnapshotIdentifier",
        unsimulated: "",
    },
    Command {
        name: "db-snapshot-deleted",
        operation: "Wait",
        target: "DBSnapshotIdentifier",
        list: "",
        options: "db-instance-identifier=DBInstanceIdentifier db-snapshot-identifier=DBSnapshotIdentifier",
        unsimulated: "",
    },
];
