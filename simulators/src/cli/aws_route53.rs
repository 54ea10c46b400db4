//! `aws route53` and `aws route53domains` as data. Names, kinds and which are required are those of the published API models.

use super::aws_commands::{Command, Family};
use crate::call::Service;

/// `aws route53`.
pub(super) const ROUTE53: Family = Family {
    name: "route53",
    service: Service::Dns,
    commands: COMMANDS,
    waiters: &[Command { unsimulated: "", ..command("resource-record-sets-changed", "Wait", "!id") }],
    beyond: "activate-key-signing-key associate-vpc-with-hosted-zone change-cidr-collection create-cidr-collection \
             create-health-check create-key-signing-key create-query-logging-config create-traffic-policy \
             create-traffic-policy-instance create-traffic-policy-version create-vpc-association-authorization \
             deactivate-key-signing-key delete-cidr-collection delete-health-check delete-key-signing-key \
             delete-query-logging-config delete-traffic-policy delete-traffic-policy-instance \
             delete-vpc-association-authorization disable-hosted-zone-dnssec disassociate-vpc-from-hosted-zone \
             enable-hosted-zone-dnssec get-account-limit get-checker-ip-ranges get-dnssec get-geo-location \
             get-health-check get-health-check-count get-health-check-last-failure-reason get-health-check-status \
             get-hosted-zone-limit get-query-logging-config get-reusable-delegation-set-limit get-traffic-policy \
             get-traffic-policy-instance get-traffic-policy-instance-count list-cidr-blocks list-cidr-collections \
             list-cidr-locations list-geo-locations list-health-checks list-hosted-zones-by-vpc \
             list-query-logging-configs list-tags-for-resources list-traffic-policies list-traffic-policy-instances \
             list-traffic-policy-instances-by-hosted-zone list-traffic-policy-instances-by-policy \
             list-traffic-policy-versions list-vpc-association-authorizations update-health-check \
             update-hosted-zone-features update-traffic-policy-comment update-traffic-policy-instance",
};

const fn command(name: &'static str, operation: &'static str, options: &'static str) -> Command {
    Command { name, operation, target: "Id", list: "", options, unsimulated: "" }
}

const ZONE: &str = "HostedZoneId";

const COMMANDS: &[Command] = &[
    Command {
        target: "",
        list: "HostedZones",
        unsimulated: "hosted-zone-type",
        ..command("list-hosted-zones", "ListHostedZones", "delegation-set-id")
    },
    Command {
        target: "",
        list: "HostedZones",
        unsimulated: "hosted-zone-id",
        ..command("list-hosted-zones-by-name", "ListHostedZonesByName", "dns-name=DNSName")
    },
    Command { target: "", ..command("get-hosted-zone-count", "GetHostedZoneCount", "") },
    command("get-hosted-zone", "GetHostedZone", "!id"),
    Command {
        target: "Name",
        unsimulated: "vpc",
        ..command(
            "create-hosted-zone",
            "CreateHostedZone",
            "!name !caller-reference hosted-zone-config:object{Comment,PrivateZone?} delegation-set-id",
        )
    },
    command("delete-hosted-zone", "DeleteHostedZone", "!id"),
    command("update-hosted-zone-comment", "UpdateHostedZoneComment", "!id comment"),
    Command {
        target: ZONE,
        list: "ResourceRecordSets",
        unsimulated: "start-record-identifier",
        ..command(
            "list-resource-record-sets",
            "ListResourceRecordSets",
            "!hosted-zone-id start-record-name start-record-type",
        )
    },
    Command {
        target: ZONE,
        ..command(
            "change-resource-record-sets",
            "ChangeResourceRecordSets",
            "!hosted-zone-id !change-batch:object{Comment,Changes*}",
        )
    },
    Command {
        target: ZONE,
        unsimulated: "resolver-ip edns0-client-subnet-ip edns0-client-subnet-mask",
        ..command("test-dns-answer", "TestDNSAnswer", "!hosted-zone-id !record-name !record-type")
    },
    command("get-change", "GetChange", "!id"),
    Command { target: "", ..command("list-reusable-delegation-sets", "ListReusableDelegationSets", "") },
    command("get-reusable-delegation-set", "GetReusableDelegationSet", "!id"),
    Command {
        target: "",
        ..command(
            "create-reusable-delegation-set",
            "CreateReusableDelegationSet",
            "!caller-reference hosted-zone-id",
        )
    },
    command("delete-reusable-delegation-set", "DeleteReusableDelegationSet", "!id"),
    Command {
        target: "ResourceId",
        ..command("list-tags-for-resource", "ListTagsForResource", "!resource-type !resource-id")
    },
    Command {
        target: "ResourceId",
        ..command(
            "change-tags-for-resource",
            "ChangeTagsForResource",
            "!resource-type !resource-id add-tags:list{Key,Value} remove-tag-keys:list",
        )
    },
];

/// `aws route53domains`: what the registry is told.
pub(super) const ROUTE53DOMAINS: Family = Family {
    name: "route53domains",
    service: Service::Dns,
    commands: DOMAINS,
    waiters: &[],
    beyond: "accept-domain-transfer-from-another-aws-account associate-delegation-signer-to-domain \
             cancel-domain-transfer-to-another-aws-account check-domain-availability check-domain-transferability \
             delete-domain delete-tags-for-domain disable-domain-auto-renew disable-domain-transfer-lock \
             disassociate-delegation-signer-from-domain enable-domain-auto-renew enable-domain-transfer-lock \
             get-contact-reachability-status get-domain-suggestions get-operation-detail list-operations list-prices \
             list-tags-for-domain push-domain register-domain reject-domain-transfer-from-another-aws-account renew-domain \
             resend-contact-reachability-email resend-operation-authorization retrieve-domain-auth-code transfer-domain \
             transfer-domain-to-another-aws-account update-domain-contact update-domain-contact-privacy \
             update-tags-for-domain view-billing",
};

const DOMAINS: &[Command] = &[
    Command {
        target: "",
        list: "Domains",
        unsimulated: "filter-conditions sort-condition",
        ..command("list-domains", "ListDomains", "")
    },
    Command { target: "DomainName", ..command("get-domain-detail", "GetDomainDetail", "!domain-name") },
    Command {
        target: "DomainName",
        unsimulated: "fi-auth-key",
        ..command(
            "update-domain-nameservers",
            "UpdateDomainNameservers",
            "!domain-name !nameservers:list{Name,GlueIps*}",
        )
    },
];
