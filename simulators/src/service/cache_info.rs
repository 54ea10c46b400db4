//! What a server says about itself, in the sections and with the names of the real one.

use super::cache_server::setting;
use super::caches::Server;
use crate::clock::{DAY_S, Time};
use crate::keys::{DATABASES, Keyspaces};

type Section = fn(&Server, Time) -> String;

const SECTIONS: &[(&str, Section)] = &[
    ("Server", about),
    ("Clients", clients),
    ("Memory", memory),
    ("Persistence", persistence),
    ("Stats", stats),
    ("Replication", |_, _| "role:master\nconnected_slaves:0\n".to_owned()),
    ("Keyspace", keyspace),
];

/// The sections asked for; all of them if none is.
pub(super) fn info(server: &Server, asked: &[String], now: Time) -> String {
    let all = asked.is_empty()
        || asked.iter().any(|a| ["all", "everything", "default"].iter().any(|w| a.eq_ignore_ascii_case(w)));
    let wanted = |name: &str| all || asked.iter().any(|asked| asked.eq_ignore_ascii_case(name));
    let sections = SECTIONS.iter().filter(|(name, _)| wanted(name));
    let texts: Vec<String> = sections.map(|(name, of)| format!("# {name}\n{}", of(server, now))).collect();
    texts.join("\n")
}

fn about(server: &Server, now: Time) -> String {
    let up_s = now.since(server.started);
    format!(
        "redis_version:{}\nredis_mode:standalone\nos:Linux 6.1.0 x86_64\ntcp_port:6379\nuptime_in_seconds:{up_s}\n\
         uptime_in_days:{}\nconfig_file:/etc/redis/redis.conf\n",
        server.staged.version,
        up_s / DAY_S
    )
}

fn clients(server: &Server, _: Time) -> String {
    let all = &server.staged.client;
    let blocked = all.iter().filter(|client| client.command.starts_with('b')).count();
    format!(
        "connected_clients:{}\nmaxclients:{}\nblocked_clients:{blocked}\n",
        all.len(),
        setting(&server.config, "maxclients")
    )
}

fn memory(server: &Server, now: Time) -> String {
    let used = server.content.bytes(now);
    format!(
        "used_memory:{used}\nused_memory_human:{}K\nmaxmemory:{}\nmaxmemory_policy:{}\n",
        used / 1024,
        setting(&server.config, "maxmemory"),
        setting(&server.config, "maxmemory-policy")
    )
}

fn persistence(server: &Server, _: Time) -> String {
    let saved = server.disk.as_ref().map_or(server.started, |disk| disk.at);
    format!(
        "loading:0\nrdb_changes_since_last_save:{}\nrdb_bgsave_in_progress:0\nrdb_last_save_time:{}\n\
         rdb_last_bgsave_status:ok\naof_enabled:{}\n",
        server.changes.saturating_add(unsaved(server)),
        saved.unix(),
        i32::from(server.has_log)
    )
}

/// Keys of the beginning that the disk does not hold as they are: changes of before the trial.
fn unsaved(server: &Server) -> u64 {
    let none = Keyspaces::default();
    let disk = server.disk.as_ref().map_or(&none, |disk| &disk.content);
    let differs = |(database, key, entry): &(u32, &str, &crate::keys::Entry)| {
        disk.entry(*database, key).is_none_or(|saved| saved.value != entry.value)
    };
    server.content.entries().filter(differs).count() as u64
}

fn stats(server: &Server, now: Time) -> String {
    let up_s = now.since(server.started);
    format!(
        "total_connections_received:{}\ntotal_commands_processed:{}\nexpired_keys:{}\nevicted_keys:0\n",
        up_s / 40,
        up_s.saturating_mul(3),
        up_s / 90
    )
}

fn keyspace(server: &Server, now: Time) -> String {
    let line = |database: u32| {
        let ttls: Vec<i64> = server
            .content
            .live(database, now)
            .filter_map(|(_, e)| e.expires)
            .map(|at| at.since(now))
            .collect();
        let keys = server.content.live(database, now).count();
        let count = i64::try_from(ttls.len()).unwrap_or(1).max(1);
        let average = ttls.iter().fold(0_i64, |sum, s| sum.saturating_add(*s)).saturating_mul(1000) / count;
        format!("db{database}:keys={keys},expires={},avg_ttl={average}\n", ttls.len())
    };
    (0..DATABASES).filter(|n| server.content.live(*n, now).next().is_some()).map(line).collect()
}
