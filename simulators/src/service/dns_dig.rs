//! What `dig`, `host` and `nslookup` print.

use serde_json::{Value, json};

use super::dns_file::{Set, full, place};
use super::dns_lookup::{self, Said};
use crate::World;
use crate::call::{Answer, Call};
use crate::chance::Chance;

/// Where the resolver of the network answers.
const RESOLVER: &str = "10.0.0.2";
/// Public resolvers; they have kept what all resolvers have.
const PUBLIC: &[&str] = &["1.1.1.1", "1.0.0.1", "8.8.8.8", "8.8.4.4", "9.9.9.9", RESOLVER];

/// What came of a question.
struct Found {
    name: String,
    kind: String,
    status: &'static str,
    answers: Vec<(Set, i64)>,
    authority: Vec<(Set, i64)>,
    server: String,
    is_authoritative: bool,
}

pub(super) fn resolve(world: &mut World, call: &Call) -> Answer {
    let world: &World = world;
    let name = full(call.text("name").unwrap_or(&call.target));
    let kind = call.text("type").unwrap_or("A").to_ascii_uppercase();
    let server = call.text("server").map(|server| server.trim_end_matches('.').to_ascii_lowercase());
    let tool = call.text("tool").unwrap_or("dig");
    let is_known = |server: &String| {
        PUBLIC.contains(&server.as_str()) || server.contains(".awsdns-") || is_server(world, &full(server))
    };
    if let Some(server) = server.as_ref().filter(|server| !is_known(server)) {
        return Ok(unknown_server(tool, server));
    }
    if call.flag("trace") {
        return Ok(json!(trace(world, &name, &kind)));
    }
    let found = match server.filter(|server| !PUBLIC.contains(&server.as_str())) {
        Some(server) => by_server(world, &server, name, kind),
        None => by_resolver(world, name, kind),
    };
    Ok(match tool {
        "host" => host(&found),
        "nslookup" => nslookup(&found),
        _ => json!(dig(world, &found, call)),
    })
}

fn is_server(world: &World, server: &str) -> bool {
    let of_zones = world.dns.zones.values().flat_map(|zone| &zone.servers);
    let of_domains = world.dns.domains.values().flat_map(|domain| &domain.servers);
    of_zones.chain(of_domains).any(|own| own == server)
}

fn unknown_server(tool: &str, server: &str) -> Value {
    match tool {
        "dig" => {
            json!({"stderr": format!("dig: couldn't get address for '{server}': not found\n"), "code": 9})
        }
        "host" => {
            json!({"stderr": format!("host: couldn't get address for '{server}': not found\n"), "code": 1})
        }
        _ => {
            json!({"stderr": format!("nslookup: couldn't get address for '{server}': not found\n"), "code": 1})
        }
    }
}

fn status(said: &Said) -> &'static str {
    match said {
        Said::Sets(_) | Said::Referral(_) | Said::NoData => "NOERROR",
        Said::Absent => "NXDOMAIN",
        Said::Refused => "REFUSED",
        Said::Failed => "SERVFAIL",
    }
}

fn by_resolver(world: &World, name: String, kind: String) -> Found {
    let found = dns_lookup::resolve(world, &name, &kind);
    Found {
        name,
        kind,
        status: status(&found.end),
        answers: found.chain,
        authority: Vec::new(),
        server: RESOLVER.to_owned(),
        is_authoritative: false,
    }
}

fn by_server(world: &World, server: &str, name: String, kind: String) -> Found {
    let said = dns_lookup::asked(world, &full(server), &name, &kind);
    let (mut answers, mut authority) = (Vec::new(), Vec::new());
    match &said {
        Said::Sets(set) => answers.push((set.clone(), set.ttl_s)),
        Said::Referral(set) => authority.push((set.clone(), set.ttl_s)),
        _ => {}
    }
    let is_authoritative = matches!(said, Said::Sets(_) | Said::NoData | Said::Absent);
    Found {
        name,
        kind,
        status: status(&said),
        answers,
        authority,
        server: server.to_owned(),
        is_authoritative,
    }
}

fn lines(sets: &[(Set, i64)]) -> String {
    let of = |(set, ttl_s): &(Set, i64)| -> String {
        set.values.iter().map(|value| format!("{}\t{ttl_s}\tIN\t{}\t{value}\n", set.name, set.kind)).collect()
    };
    sets.iter().map(of).collect()
}

fn dig(world: &World, found: &Found, call: &Call) -> String {
    if call.flag("short") {
        let values = found.answers.iter().flat_map(|(set, _)| &set.values);
        return values.map(|value| format!("{value}\n")).collect();
    }
    let answer = lines(&found.answers);
    if call.flag("answer_alone") {
        return answer;
    }
    let id = Chance::stream(world.seed, &format!("dig {} {}", found.name, world.now())).between(1, 65_535);
    let flags = if found.is_authoritative { "qr aa rd" } else { "qr rd ra" };
    let count = |sets: &[(Set, i64)]| sets.iter().map(|(set, _)| set.values.len()).sum::<usize>();
    let mut text = format!(
        "\n; <<>> DiG 9.18.28 <<>> {}\n;; global options: +cmd\n;; Got answer:\n;; ->>HEADER<<- opcode: QUERY, status: {}, id: {id}\n\
         ;; flags: {flags}; QUERY: 1, ANSWER: {}, AUTHORITY: {}, ADDITIONAL: 1\n",
        call.text("line").unwrap_or_default(),
        found.status,
        count(&found.answers),
        count(&found.authority),
    );
    if found.is_authoritative {
        text.push_str(";; WARNING: recursion requested but not available\n");
    }
    text.push_str(&format!(
        "\n;; OPT PSEUDOSECTION:\n; EDNS: version: 0, flags:; udp: 1232\n;; QUESTION SECTION:\n;{}\t\tIN\t{}\n",
        found.name, found.kind
    ));
    for (title, body) in [("ANSWER", answer), ("AUTHORITY", lines(&found.authority))] {
        if !body.is_empty() {
            text.push_str(&format!("\n;; {title} SECTION:\n{body}"));
        }
    }
    text + &format!(
        "\n;; Query time: 4 msec\n;; SERVER: {0}#53({0}) (UDP)\n;; WHEN: {1}\n\n",
        found.server,
        world.now()
    )
}

fn host(found: &Found) -> Value {
    let plain = |name: &str| name.trim_end_matches('.').to_owned();
    if found.status != "NOERROR" {
        let number = match found.status {
            "NXDOMAIN" => 3,
            "REFUSED" => 5,
            _ => 2,
        };
        let text = format!("Host {} not found: {number}({})\n", plain(&found.name), found.status);
        return json!({"text": text, "code": 1});
    }
    let says = |set: &Set, value: &String| match set.kind.as_str() {
        "A" => format!("{} has address {value}\n", plain(&set.name)),
        "CNAME" => format!("{} is an alias for {value}\n", plain(&set.name)),
        "MX" => format!("{} mail is handled by {value}\n", plain(&set.name)),
        "NS" => format!("{} name server {value}\n", plain(&set.name)),
        "TXT" => format!("{} descriptive text {value}\n", plain(&set.name)),
        kind => format!("{} has {kind} record {value}\n", plain(&set.name)),
    };
    let text: String = found
        .answers
        .iter()
        .flat_map(|(set, _)| set.values.iter().map(move |value| says(set, value)))
        .collect();
    match text.is_empty() {
        true => json!({"text": format!("{} has no {} record\n", plain(&found.name), found.kind), "code": 1}),
        false => json!(text),
    }
}

fn nslookup(found: &Found) -> Value {
    let head = format!("Server:\t\t{0}\nAddress:\t{0}#53\n\n", found.server);
    let name = found.name.trim_end_matches('.');
    if found.status != "NOERROR" {
        let text = format!("{head}** server can't find {name}: {}\n\n", found.status);
        return json!({"text": text, "code": 1});
    }
    let says = |set: &Set, value: &String| {
        let name = set.name.trim_end_matches('.');
        match set.kind.as_str() {
            "A" | "AAAA" => format!("Name:\t{name}\nAddress: {value}\n"),
            "CNAME" => format!("{name}\tcanonical name = {value}\n"),
            "MX" => format!("{name}\tmail exchanger = {value}\n"),
            "NS" => format!("{name}\tnameserver = {value}\n"),
            "TXT" => format!("{name}\ttext = {value}\n"),
            kind => format!("{name}\t{kind} = {value}\n"),
        }
    };
    let text: String = found
        .answers
        .iter()
        .flat_map(|(set, _)| set.values.iter().map(move |value| says(set, value)))
        .collect();
    let text = if text.is_empty() { format!("*** Can't find {name}: No answer\n") } else { text };
    let note = if found.is_authoritative { "" } else { "Non-authoritative answer:\n" };
    json!(format!("{head}{note}{text}\n"))
}

/// From the root on, and past all caches: what each says whom the next is asked.
fn trace(world: &World, name: &str, kind: &str) -> String {
    let mut text = format!(
        "\n; <<>> DiG 9.18.28 <<>> +trace {} {kind}\n;; global options: +cmd\n",
        name.trim_end_matches('.')
    );
    text.push_str(".\t518400\tIN\tNS\ta.root-servers.net.\n.\t518400\tIN\tNS\tb.root-servers.net.\n;; Received 239 bytes from 10.0.0.2#53(10.0.0.2) in 3 ms\n\n");
    let top = place(name, "").0.first().cloned().unwrap_or_default();
    let registry = format!("a.registry.{top}.");
    text.push_str(&format!(
        "{top}.\t172800\tIN\tNS\t{registry}\n;; Received 312 bytes from a.root-servers.net in 14 ms\n\n"
    ));
    let Some((domain, registered)) = dns_lookup::registered(world, name) else {
        return text + &format!(";; no servers are named for {name} by {registry}: status: NXDOMAIN\n");
    };
    let mut servers = registered.servers.clone();
    let (mut zone, mut from, mut ttl_s) = (domain.clone(), registry, registered.ttl_s);
    for _ in 0..4 {
        text.push_str(
            &servers.iter().map(|server| format!("{zone}\t{ttl_s}\tIN\tNS\t{server}\n")).collect::<String>(),
        );
        text.push_str(&format!(";; Received 180 bytes from {from} in 9 ms\n\n"));
        let Some(server) = servers.first().cloned() else { break };
        let said = dns_lookup::asked(world, &server, name, kind);
        from = server;
        match said {
            Said::Referral(set) => (zone, servers, ttl_s) = (set.name, set.values, set.ttl_s),
            Said::Sets(set) => {
                let ttl_s = set.ttl_s;
                return text
                    + &lines(&[(set, ttl_s)])
                    + &format!(";; Received 96 bytes from {from} in 5 ms\n\n");
            }
            said => return text + &format!(";; {name} {kind}: status: {} from {from}\n\n", status(&said)),
        }
    }
    text
}
