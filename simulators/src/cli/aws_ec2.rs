//! `aws ec2` as data, as far as machines of brokers go. Names, kinds and which are required are those of the published API model.

use super::aws_commands::{Command, Family};
use crate::call::Service;

/// `aws ec2`.
pub(super) const EC2: Family = Family {
    name: "ec2",
    service: Service::Brokers,
    commands: COMMANDS,
    waiters: &[],
    beyond: "wait attach-volume create-image create-snapshot create-tags create-volume delete-snapshot delete-tags \
             delete-volume describe-addresses describe-images describe-instance-attribute describe-instance-status \
             describe-instance-types describe-key-pairs describe-network-interfaces describe-regions \
             describe-route-tables describe-security-groups describe-snapshots describe-subnets describe-tags \
             describe-volumes describe-vpcs detach-volume get-console-output modify-instance-attribute \
             monitor-instances reboot-instances run-instances start-instances stop-instances unmonitor-instances",
};

const COMMANDS: &[Command] = &[
    Command {
        name: "describe-instances",
        operation: "DescribeInstances",
        target: "InstanceIds",
        list: "Reservations",
        options: "instance-ids:list filters:list{Name,Values*}",
        unsimulated: "dry-run include-managed-resources max-results next-token",
    },
    Command {
        name: "terminate-instances",
        operation: "TerminateInstances",
        target: "InstanceIds",
        list: "",
        options: "!instance-ids:list",
        unsimulated: "dry-run force skip-os-shutdown",
    },
];
