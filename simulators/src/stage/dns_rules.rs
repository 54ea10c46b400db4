//! What can be wrong in `[dns]`: names that stand twice or point nowhere, zone files that cannot be read.

use std::collections::BTreeSet;

use crate::service::dns_file;
use crate::stage::Stage;
use crate::stage::dns::{Dns, Zone};
use crate::stage_problems::Problems;
use crate::stage_rules::before_epoch;

/// A registry's answers are kept for so long at the most.
const TTL_MAX_S: i64 = 7 * crate::clock::DAY_S;
/// Name servers of a delegation.
const SERVERS: (i64, i64) = (2, 8);

pub(crate) fn of_dns(stage: &Stage, found: &mut Problems) {
    if let Some(dns) = &stage.dns {
        of_domains(stage, dns, found);
        let sets: Vec<&str> = dns.delegation_set.iter().map(|set| set.id.as_str()).collect();
        found.unique(
            sets.iter().copied(),
            |i| format!("dns.delegation_set[{i}].id"),
            "the id of a delegation set",
        );
        let ids = dns.zone.iter().map(|zone| zone.id.as_str());
        found.unique(ids, |i| format!("dns.zone[{i}].id"), "the id of a zone");
        for (i, zone) in dns.zone.iter().enumerate() {
            of_zone(stage, zone, &format!("dns.zone[{i}]"), &sets, found);
        }
    }
    for (i, dependent) in stage.dependent.iter().enumerate() {
        let Some(host) = &dependent.host else { continue };
        let zones: Vec<&str> =
            stage.dns.iter().flat_map(|dns| &dns.zone).map(|zone| zone.name.as_str()).collect();
        let is_inside = zones.iter().any(|zone| host == zone || host.ends_with(&format!(".{zone}")));
        let expected = "a name in one of the stage's zones";
        if !is_inside {
            found.one_of(format!("dependent[{i}].host"), host, expected, &zones);
        }
    }
}

fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_*".contains(c))
    };
    name.len() <= 253 && name.contains('.') && name.split('.').all(is_label)
}

fn of_domains(stage: &Stage, dns: &Dns, found: &mut Problems) {
    let names = dns.domain.iter().map(|domain| domain.name.as_str());
    found.unique(names, |i| format!("dns.domain[{i}].name"), "the name of a domain");
    for (i, domain) in dns.domain.iter().enumerate() {
        let at = |key: &str| format!("dns.domain[{i}].{key}");
        found.add_if(
            !is_name(&domain.name),
            at("name"),
            &domain.name,
            "a name in lower case, such as `alder.example`",
        );
        before_epoch(stage, at("created"), domain.created, found);
        found.within(at("ttl_s"), domain.ttl_s, (60, TTL_MAX_S), "seconds");
        let servers = i64::try_from(domain.name_servers.len()).unwrap_or(i64::MAX);
        found.within(at("name_servers"), servers, SERVERS, "name servers");
    }
}

fn of_zone(stage: &Stage, zone: &Zone, place: &str, sets: &[&str], found: &mut Problems) {
    let at = |key: &str| format!("{place}.{key}");
    found.add_if(
        !is_name(&zone.name),
        at("name"),
        &zone.name,
        "a name in lower case, such as `alder.example`",
    );
    before_epoch(stage, at("created"), zone.created, found);
    match &zone.delegation_set {
        Some(set) => found.one_of(at("delegation_set"), set, "the id of a `[[dns.delegation_set]]`", sets),
        None => {
            let servers = i64::try_from(zone.name_servers.len()).unwrap_or(i64::MAX);
            found.within(at("name_servers"), servers, SERVERS, "name servers, or a `delegation_set`");
        }
    }
    if let Some(file) = &zone.file
        && stage.repo_text(file).is_none()
    {
        found.one_of(at("file"), file, "a file below `repo/`", &stage.names_in("repo/", file));
    }
    let Some(text) = stage.data_text(&zone.records) else {
        let names = stage.names_in("data/", &zone.records);
        found.one_of(at("records"), &zone.records, "a file below `data/`", &names);
        return;
    };
    match dns_file::read(text, &zone.name) {
        Ok(sets) => {
            let known: BTreeSet<String> =
                sets.iter().map(|set| set.name.trim_end_matches('.').to_owned()).collect();
            let known: Vec<String> = known.into_iter().collect();
            for (j, name) in zone.unasked.iter().enumerate() {
                found.one_of(
                    format!("{place}.unasked[{j}]"),
                    name,
                    "a name with a record in this zone",
                    &known,
                );
            }
        }
        Err(wrong) => {
            let expected = format!("a zone file ({wrong})");
            found.add(at("records"), &zone.records, &expected);
        }
    }
}
