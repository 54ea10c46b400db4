//! Names, by the lines that an engineer types: what zones hold, who is sent to them, and when it is felt.

use std::sync::Arc;

use simulators::World;
use simulators::call::CallId;
use simulators::cli::{Parsed, Reply, parse, split};
use simulators::dependents;
use simulators::effect::{Change, Effect};
use simulators::settle;
use simulators::stage::Stage;

use crate::stand;

const DNS: &str = r#"
[dns]

[[dns.domain]]
name = "alder.example"
environment = "production"
created = "2020-01-01T00:00:00Z"
name_servers = ["ns-11.awsdns-01.com", "ns-612.awsdns-02.net"]
ttl_s = 86400

[[dns.delegation_set]]
id = "N07SPARE"
name_servers = ["ns-21.awsdns-03.com", "ns-633.awsdns-04.net"]

[[dns.zone]]
id = "Z07ALDER"
name = "alder.example"
environment = "production"
created = "2020-01-01T00:00:00Z"
name_servers = ["ns-11.awsdns-01.com", "ns-612.awsdns-02.net"]
records = "data/alder.zone"
file = "dns/alder.zone"
unasked = ["old.alder.example"]
tags = { owner = "web" }

[[dns.zone]]
id = "Z07OTHER"
name = "alder.example"
environment = "staging"
created = "2024-01-01T00:00:00Z"
delegation_set = "N07SPARE"
records = "data/other.zone"
"#;

const RECORDS: &str = "$TTL 300
costs CNAME cost-explorer-prod-api.execute-api.cn-north-1.amazonaws.com.cn.
@ 3600 MX 10 mail.elsewhere.example.
@ TXT \"v=spf1 include:elsewhere.example -all\"
old A 192.0.2.7
*.shops ALIAS costs
lab NS ns-21.awsdns-03.com.
";
const FILED: &str = "@ 3600 MX 10 mail.elsewhere.example.\n";

fn stage(change: impl FnOnce(String) -> String) -> Stage {
    let mut stage = stand::stage(|text| {
        let named = text.replacen(
            "api = \"cost-explorer-prod-api\"",
            "api = \"cost-explorer-prod-api\"\nhost = \"costs.alder.example\"",
            1,
        );
        change(named + DNS)
    });
    let files = Arc::make_mut(&mut stage.files);
    let own = [
        ("data/alder.zone", RECORDS),
        ("data/other.zone", "www A 192.0.2.9\n"),
        ("repo/dns/alder.zone", FILED),
    ];
    files.extend(own.map(|(path, text)| (path.to_owned(), text.to_owned())));
    stage
}

struct Desk {
    world: World,
    next: u32,
}

impl Desk {
    fn new() -> Self {
        let stage = stage(|text| text);
        assert!(stage.problems().is_empty(), "{:?}", stage.problems());
        Self { world: World::new(Arc::new(stage), 1).unwrap(), next: 0 }
    }

    fn typed(&mut self, line: &str) -> (Reply, Vec<Effect>) {
        self.next += 1;
        let parts = split(line).unwrap();
        match parse(&self.world, &parts[0].1) {
            Parsed::Answer { reply, .. } => (reply, Vec::new()),
            Parsed::Call(mut call, render) => {
                call.id = CallId(self.next);
                call.principal = "CostExplorerAdmin".to_owned();
                let answer = self.world.apply(&call);
                (render.reply(&answer), self.world.take_effects())
            }
        }
    }

    /// Lines with their exit codes and a part of what they print; none of them changes anything.
    fn only_says(&mut self, steps: &[(&str, i32, &str)]) {
        let before = self.world.digest();
        for (line, code, part) in steps {
            let (reply, effects) = self.typed(line);
            let text = reply.stdout.clone() + &reply.stderr;
            assert!(reply.code == *code && text.contains(part), "{line}: {} {text}", reply.code);
            assert!(effects.is_empty(), "{line}: {effects:?}");
        }
        assert_eq!(self.world.digest(), before, "looking and being refused changed something");
    }

    fn batch(&mut self, changes: &str) -> (Reply, Vec<Effect>) {
        self.typed(&format!(
            "aws route53 change-resource-record-sets --hosted-zone-id Z07ALDER --change-batch '{{\"Changes\":[{changes}]}}'"
        ))
    }

    fn down(&self) -> i64 {
        dependents::experience(&self.world)[0].downtime_s
    }
}

fn set(action: &str, name: &str, kind: &str, ttl: i64, value: &str) -> String {
    format!(
        r#"{{"Action":"{action}","ResourceRecordSet":{{"Name":"{name}","Type":"{kind}","TTL":{ttl},"ResourceRecords":[{{"Value":"{value}"}}]}}}}"#
    )
}

#[test]
fn a_name_is_what_the_delegated_zone_says() {
    let mut desk = Desk::new();
    desk.only_says(&[
        ("dig +short alder.example NS", 0, "ns-11.awsdns-01.com.\nns-612.awsdns-02.net.\n"),
        ("dig +short costs.alder.example", 0, "cost-explorer-prod-api.execute-api.cn-north-1.amazonaws.com.cn.\n198.18."),
        ("dig www.alder.example", 0, "status: NXDOMAIN"),
        ("dig +noall +answer www.alder.example @ns-21.awsdns-03.com", 0, "www.alder.example.\t300\tIN\tA\t192.0.2.9\n"),
        ("dig @ns-999.awsdns-09.org alder.example", 0, "status: REFUSED"),
        ("dig MX alder.example @ns-11.awsdns-01.com", 0, "flags: qr aa rd"),
        ("dig a.shops.alder.example", 0, "a.shops.alder.example.\t"),
        ("dig shops.alder.example", 0, "status: NOERROR"),
        ("dig x.lab.alder.example", 0, "status: SERVFAIL"),
        ("dig +trace mx alder.example", 0, "alder.example.\t86400\tIN\tNS\tns-11.awsdns-01.com.\n"),
        ("dig @nowhere.example alder.example", 9, "couldn't get address for 'nowhere.example'"),
        ("host -t TXT alder.example", 0, "descriptive text \"v=spf1 include:elsewhere.example -all\""),
        ("host nothing.alder.example", 1, "not found: 3(NXDOMAIN)"),
        ("nslookup -type=MX alder.example", 0, "mail exchanger = 10 mail.elsewhere.example."),
        ("curl -s 'https://costs.alder.example/report?account=a1'", 0, "\"lines\""),
        ("curl https://www.alder.example/", 6, "Could not resolve host: www.alder.example"),
        ("aws route53 list-hosted-zones --query 'HostedZones[].[Id,ResourceRecordSetCount]' --output text", 0, "/hostedzone/Z07ALDER\t8\n/hostedzone/Z07OTHER\t3\n"),
        ("aws route53 list-hosted-zones-by-name --dns-name beech.example", 0, "\"HostedZones\": []"),
        ("aws route53 get-hosted-zone --id /hostedzone/Z07OTHER", 0, "\"Id\": \"/delegationset/N07SPARE\""),
        ("aws route53 list-resource-record-sets --hosted-zone-id Z07ALDER --query 'ResourceRecordSets[].[Name,Type]' --output text", 0,
            "alder.example.\tMX\nalder.example.\tNS\nalder.example.\tSOA\nalder.example.\tTXT\ncosts.alder.example.\tCNAME\nlab.alder.example.\tNS\nold.alder.example.\tA\n\\052.shops.alder.example.\tA\n"),
        ("aws route53 list-resource-record-sets --hosted-zone-id Z07NONE", 254, "(NoSuchHostedZone) when calling the ListResourceRecordSets operation: No hosted zone found with ID: Z07NONE"),
        ("aws route53 list-tags-for-resource --resource-type hostedzone --resource-id Z07ALDER", 0, "\"owner\""),
        ("aws route53 test-dns-answer --hosted-zone-id Z07ALDER --record-name old.alder.example --record-type A", 0, "\"192.0.2.7\""),
        ("aws route53domains get-domain-detail --domain-name alder.example --region us-east-1", 0, "ns-612.awsdns-02.net"),
        ("aws route53 delete-hosted-zone --id Z07ALDER", 254, "(HostedZoneNotEmpty)"),
        ("aws route53 delete-reusable-delegation-set --id N07SPARE", 254, "(DelegationSetInUse)"),
        ("aws route53 get-change --id C1", 254, "(NoSuchChange)"),
        ("aws route53 create-health-check --caller-reference x", 252, "Invalid choice"),
    ]);
}

#[test]
fn batches_are_done_whole_or_not_at_all() {
    let mut desk = Desk::new();
    let good = set("UPSERT", "new.alder.example", "A", 60, "192.0.2.1");
    let before = desk.world.digest();
    for (change, part) in [
        (
            set("CREATE", "old.alder.example", "A", 60, "192.0.2.1"),
            "[Tried to create resource record set [name='old.alder.example.', type='A'] but it already exists]",
        ),
        (
            set("DELETE", "none.alder.example", "A", 60, "192.0.2.1"),
            "[Tried to delete resource record set [name='none.alder.example.', type='A'] but it was not found]",
        ),
        (
            set("DELETE", "old.alder.example", "A", 300, "192.0.2.8"),
            "but the values provided do not match the current values]",
        ),
        (
            set("DELETE", "old.alder.example", "A", 301, "192.0.2.7"),
            "but the values provided do not match the current values]",
        ),
        (
            set("UPSERT", "beech.example", "A", 60, "192.0.2.1"),
            "[RRSet with DNS name beech.example. is not permitted in zone alder.example.]",
        ),
        (set("UPSERT", "a.alder.example", "A", 60, "192.0.2"), "ARRDATAIllegalIPv4Address"),
        (
            set("UPSERT", "alder.example", "CNAME", 60, "x.example"),
            "is not permitted at apex in zone alder.example.",
        ),
        (
            set("UPSERT", "old.alder.example", "CNAME", 60, "x.example"),
            "conflicts with other records with the same DNS name",
        ),
        (
            set("REPLACE", "a.alder.example", "A", 60, "192.0.2.1"),
            "Member must satisfy enum value set: [CREATE, UPSERT, DELETE]",
        ),
        (
            r#"{"Action":"UPSERT","ResourceRecordSet":{"Name":"a.alder.example","Type":"A","TTL":60}}"#
                .to_owned(),
            "Expected exactly one of [AliasTarget",
        ),
    ] {
        let (reply, effects) = desk.batch(&format!("{good},{change}"));
        assert!(reply.code == 254 && reply.stderr.contains(part), "{change}: {}", reply.stderr);
        assert!(effects.is_empty() && desk.world.digest() == before, "{change}");
    }
    let ns = format!(
        "{},{}",
        set("DELETE", "old.alder.example", "A", 300, "192.0.2.7"),
        set("UPSERT", "old.alder.example", "A", 60, "192.0.2.70")
    );
    let (reply, effects) = desk.batch(&format!("{good},{ns}"));
    assert!(reply.stdout.contains("\"Status\": \"PENDING\""), "{}", reply.stderr);
    // A record that is taken out and put in again with another value in one batch has changed, and is not lost.
    let words: Vec<String> = effects.iter().map(|e| format!("{:?}", e.change)).collect();
    assert!(matches!(effects[0].change, Change::Configured { .. }) && effects.len() == 2, "{words:?}");
    let id = reply.stdout.split("/change/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let (reply, _) = desk.typed(&format!("aws route53 wait resource-record-sets-changed --id /change/{id}"));
    assert_eq!(reply.code, 0, "{}", reply.stderr);
    desk.only_says(&[
        (&format!("aws route53 get-change --id {id}"), 0, "INSYNC"),
        ("dig +short old.alder.example", 0, "192.0.2.70\n"),
    ]);
}

/// The records of the zone but for those that each zone has, taken out.
fn emptied(desk: &mut Desk) -> Vec<Effect> {
    let all = [
        set("DELETE", "costs.alder.example", "CNAME", 300, "cost-explorer-prod-api.execute-api.cn-north-1.amazonaws.com.cn."),
        set("DELETE", "alder.example", "MX", 3600, "10 mail.elsewhere.example."),
        set("DELETE", "alder.example", "TXT", 300, "\\\"v=spf1 include:elsewhere.example -all\\\""),
        set("DELETE", "old.alder.example", "A", 300, "192.0.2.7"),
        set("DELETE", "lab.alder.example", "NS", 300, "ns-21.awsdns-03.com."),
        r#"{"Action":"DELETE","ResourceRecordSet":{"Name":"*.shops.alder.example","Type":"A","AliasTarget":{"HostedZoneId":"","DNSName":"costs.alder.example","EvaluateTargetHealth":false}}}"#.to_owned(),
    ];
    let (reply, effects) = desk.batch(&all.join(","));
    assert_eq!(reply.code, 0, "{}", reply.stderr);
    effects
}

#[test]
fn a_zone_made_anew_answers_nobody() {
    let mut desk = Desk::new();
    let effects = emptied(&mut desk);
    let lost: Vec<(u64, Option<&str>)> = effects
        .iter()
        .map(|e| (e.records_at_stake(), e.restorable().map(|point| point.from.as_str())))
        .collect();
    assert_eq!(
        lost,
        [(1, Some("dns/alder.zone")), (2, Some("answers that resolvers still have")), (3, None)]
    );
    // What resolvers have kept is answered for a while.
    desk.only_says(&[
        ("dig +short costs.alder.example CNAME @ns-11.awsdns-01.com", 0, ""),
        ("dig costs.alder.example", 0, "198.18."),
    ]);
    let (reply, effects) = desk.typed("aws route53 delete-hosted-zone --id Z07ALDER");
    assert_eq!(reply.code, 0, "{}", reply.stderr);
    let gone: Vec<(&str, &[String])> = effects.iter().map(|e| (&*e.resource.name, e.cut_off())).collect();
    assert_eq!(gone, [("Z07ALDER", &["finance-portal".to_owned()][..])]);
    assert_eq!(desk.down(), 0);
    let (reply, effects) =
        desk.typed("aws route53 create-hosted-zone --name alder.example --caller-reference 1");
    let servers: Vec<&str> = reply.stdout.matches("awsdns").collect();
    assert!(servers.len() == 4 && !reply.stdout.contains("ns-11."), "{}", reply.stdout);
    assert!(
        effects.iter().any(|e| matches!(e.change, Change::Created { predecessor: Some(_) })),
        "{effects:?}"
    );
    let (reply, _) = desk.typed("aws route53 create-hosted-zone --name alder.example --caller-reference 1");
    assert!(reply.stderr.contains("(HostedZoneAlreadyExists)"), "{}", reply.stderr);
    desk.world.advance(desk.world.now().plus(2 * 3600));
    desk.world.take_effects();
    desk.only_says(&[
        ("dig costs.alder.example", 0, "status: SERVFAIL"),
        ("curl https://costs.alder.example/report", 6, "Could not resolve host"),
    ]);
    assert!(desk.down() > 3600, "{}", desk.down());
    // Who puts everything back by hand: what the file has, what is known by heart, and the registry; the rest is gone.
    let settled = settle::settle(&mut desk.world);
    assert!(settled.healthy, "{:?}", settled.steps);
    let zone = settled.stores.iter().find(|store| store.name == "Z07ALDER").unwrap();
    assert_eq!((zone.records_before, zone.records_lost), (6, 4), "{:?} {:#?}", zone.rows_lost, settled.steps);
    assert!(
        settled.steps.iter().any(|step| step.what.contains("resolvers still have what was so before")),
        "{:?}",
        settled.steps
    );
    assert!(
        settled.dependents[0].downtime_s > 4 * 3600 && settled.dependents[1].downtime_s == 0,
        "{:?}",
        settled.dependents
    );
}

#[test]
fn a_delegation_set_keeps_the_name_servers_and_the_registry_can_be_told_of_others() {
    let mut desk = Desk::new();
    desk.typed(
        "aws route53 create-reusable-delegation-set --caller-reference keep --hosted-zone-id Z07ALDER",
    );
    let (reply, _) = desk.typed("aws route53 list-reusable-delegation-sets --query \"DelegationSets[?CallerReference=='keep'].Id\" --output text");
    let id = reply.stdout.trim().to_owned();
    desk.only_says(&[(&format!("aws route53 create-hosted-zone --name alder.example --caller-reference 2 --delegation-set-id {id}"), 254, "(ConflictingDomainExists)")]);
    emptied(&mut desk);
    desk.typed("aws route53 delete-hosted-zone --id Z07ALDER");
    let (reply, _) = desk.typed(&format!(
        "aws route53 create-hosted-zone --name alder.example --caller-reference 2 --delegation-set-id {id}"
    ));
    assert!(reply.stdout.contains("ns-11.awsdns-01.com"), "{}", reply.stdout);
    desk.only_says(&[(
        "dig +short SOA alder.example @ns-11.awsdns-01.com",
        0,
        "ns-11.awsdns-01.com. awsdns-hostmaster",
    )]);

    let mut desk = Desk::new();
    let (reply, effects) = desk.typed(
        "aws route53domains update-domain-nameservers --domain-name alder.example --nameservers Name=ns-21.awsdns-03.com Name=ns-633.awsdns-04.net",
    );
    assert!(reply.code == 0 && matches!(effects[0].change, Change::Configured { .. }), "{}", reply.stderr);
    // Past the caches the other zone answers; resolvers go on with the one of before for a while.
    desk.only_says(&[
        ("dig +trace www.alder.example", 0, "192.0.2.9"),
        ("dig www.alder.example", 0, "NXDOMAIN"),
        ("dig costs.alder.example", 0, "198.18."),
    ]);
    desk.world.advance(desk.world.now().plus(86_400 + 900));
    desk.world.take_effects();
    desk.only_says(&[
        ("dig +short www.alder.example", 0, "192.0.2.9"),
        ("dig costs.alder.example", 0, "NXDOMAIN"),
    ]);
}

#[test]
fn slips_in_a_stage_are_shown() {
    for (from, to, path, expected) in [
        (
            "name = \"alder.example\"\nenvironment = \"production\"\ncreated = \"2020-01-01T00:00:00Z\"\nname_servers = [\"ns-11.awsdns-01.com\", \"ns-612",
            "name = \"Alder\"\nenvironment = \"production\"\ncreated = \"2020-01-01T00:00:00Z\"\nname_servers = [\"ns-11.awsdns-01.com\", \"ns-612",
            "dns.domain[0].name",
            "lower case",
        ),
        ("ttl_s = 86400", "ttl_s = 5", "dns.domain[0].ttl_s", "seconds"),
        ("id = \"Z07OTHER\"", "id = \"Z07ALDER\"", "dns.zone[1].id", "not taken"),
        (
            "delegation_set = \"N07SPARE\"",
            "delegation_set = \"N07\"",
            "dns.zone[1].delegation_set",
            "delegation_set",
        ),
        (
            "records = \"data/alder.zone\"",
            "records = \"data/elder.zone\"",
            "dns.zone[0].records",
            "a file below",
        ),
        ("file = \"dns/alder.zone\"", "file = \"dns/elder.zone\"", "dns.zone[0].file", "a file below"),
        ("unasked = [\"old.", "unasked = [\"older.", "dns.zone[0].unasked[0]", "a name with a record"),
        (
            "records = \"data/alder.zone\"",
            "records = \"data/old.js\"",
            "dns.zone[0].records",
            "a zone file (line 1",
        ),
        (
            "host = \"costs.alder.example\"",
            "host = \"costs.beech.example\"",
            "dependent[0].host",
            "one of the stage's zones",
        ),
    ] {
        let stage = stage(|text| {
            assert!(text.contains(from), "{from}");
            text.replacen(from, to, 1)
        });
        let problems = stage.problems();
        assert!(
            problems.iter().any(|p| p.path == path && p.expected.contains(expected)),
            "{path}: {problems:?}"
        );
    }
    let astray = stage(|text| text.replacen("costs.alder.example", "old.alder.example", 1));
    let problem = World::new(Arc::new(astray), 1).err().unwrap();
    assert_eq!(
        (problem.path.as_str(), problem.expected.as_str()),
        ("dependent[0].host", "a name that leads to `cost-explorer-prod-api`")
    );
}
