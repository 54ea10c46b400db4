//! Where databases run that no cloud manages: a hosting platform as its tool and its API show it, and machines of one's own, on the
//! stages of shipped scenarios.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a test fails loudly"
)]

#[macro_use]
mod shipped;

use serde_json::{Value, json};
use shipped::{is_simulated, lost, only_says, typed, world};
use simulators::World;
use simulators::effect::{Change, Effect};
use simulators::settle;

fn boats() -> World {
    let files = files!("boat-hire": "data/hires.sql" "data/january.sql" "data/staging.sql" "data/history/staging-first.md"
        "repo/docs/staging.md" "repo/scripts/domains.sh" "repo/scripts/samples.sql" "repo/src/handler.js" "repo/src/routes.js"
        "repo/src/free.js" "repo/src/hire.js" "repo/src/queries.js" "repo/src/errors.js" "repo/infra/template.yaml");
    world(stage!("boat-hire"), files)
}

const ALL: &str = "6d0b7f0e-51c4-4a7e-9d1b-2e9a7c30f8a5";
const OWN: &str = "b1c8e7a4-93d2-4f60-8a5e-7c1f0d2b6e39";
const VOLUME: &str = "9c3f0f6e-4b7e-4c1d-8a57-2f0f6f3f1c22";
const API: &str = "https://backend.tramway.example/graphql/v2";

/// A request to the API.
fn asked(token: &str, query: &str, variables: Value) -> String {
    let body = json!({"query": query, "variables": variables}).to_string();
    format!(
        "curl -s -X POST {API} -H 'Authorization: Bearer {token}' -H 'Content-Type: application/json' -d '{body}'"
    )
}

#[test]
fn the_platform_speaks_as_its_tool_and_its_api_do() {
    let plan = "query P($id: String!) { p: project(id: $id) { name volumes { edges { node { id volumeInstances { edges { node { environment { name } } } } } } } } }";
    let id = json!({"id": "3f1d2c7a-0b64-4e0f-9c55-1a7be0d94c21"});
    let gone = format!("mutation {{ volumeDelete(volumeId: \"{VOLUME}\") }}");
    let steps = [
        ("tram status".to_owned(), 0, "Project: boat-hire\nEnvironment: staging\nServices: api, postgres\n"),
        ("tram logs".to_owned(), 0, "api  | FATAL: password authentication failed for user \"hire\"\n"),
        ("tram variables --service postgres".to_owned(), 0, "POSTGRES_PASSWORD=reed-1382-foam\n"),
        ("tram variables -s postgres -e production".to_owned(), 1, "Not Authorized"),
        (format!("TRAM_TOKEN={ALL} tram variables -s postgres -e production --kv"), 0, "mast-9026-gull"),
        ("tram whoami".to_owned(), 1, "Unauthorized. Please check that your TRAM_TOKEN"),
        (format!("TRAM_API_TOKEN={ALL} tram whoami"), 0, "Quayside"),
        ("TRAM_TOKEN=wrong tram list".to_owned(), 1, "Not Authorized"),
        ("tram volume list".to_owned(), 0, "ID: 9c3f0f6e-4b7e-4c1d-8a57-2f0f6f3f1c22\nAttached to: postgres"),
        ("tram volume list --environment production".to_owned(), 0, "ID: 9c3f0f6e-4b7e-4c1d-8a57-2f0f6f3f1c22"),
        ("tram volume delete --volume postgres-volume".to_owned(), 1, "Use --yes"),
        ("tram volume delete --volume postgres-volume --yes".to_owned(), 1, "Error: Not Authorized"),
        ("tram volume delete --yes".to_owned(), 1, "--volume <VOLUME>"),
        ("tram frobnicate".to_owned(), 1, "unrecognized subcommand"),
        ("tram up".to_owned(), 1, "not simulated"),
        (asked(OWN, plan, id), 0, "{\"data\":{\"p\":{\"name\":\"boat-hire\",\"volumes\":{\"edges\":[{\"node\":{\"id\":\"9c3f0f6e"),
        (asked(OWN, &gone, json!({})), 0, "{\"errors\":[{\"message\":\"Not Authorized\",\"path\":[\"volumeDelete\"]}],\"data\":null}"),
        (asked(OWN, "{ me { name } }", json!({})), 0, "Not Authorized"),
        (asked(ALL, "{ me { name } }", json!({})), 0, "{\"data\":{\"me\":{\"name\":\"Quayside\"}}}"),
        (asked(OWN, "{ projectToken { environment { name } } }", json!({})), 0, "\"staging\""),
        (asked(OWN, "{ volumeInstanceBackupList(volumeInstanceId: \"07be5d31-2c94-4f8a-b6e7-d1a90c3f5e48\") { name } }", json!({})), 0, "daily-2026-04-21"),
        (asked(ALL, "mutation { volumeDelete }", json!({})), 0, "is required, but it was not provided"),
        (asked(ALL, "mutation { volumeDelete(volumeId: \"none\") }", json!({})), 0, "Volume not found"),
        (asked(ALL, "{ project(id: \"x\") }", json!({})), 0, "must have a selection of subfields"),
        (asked(ALL, "{ __schema { types { name } } }", json!({})), 0, "introspection is not simulated"),
        (asked(ALL, "{ project(id: ", json!({})), 0, "Syntax Error"),
        (format!("curl -s {API}"), 0, "POST body missing"),
        ("curl -s -X POST https://example.com -d '{}'".to_owned(), 2, "only GET is simulated"),
        ("aws rds describe-db-instances".to_owned(), 0, "\"DBInstances\": []"),
        ("aws rds describe-db-snapshots".to_owned(), 0, "\"DBSnapshots\": []"),
        ("aws rds delete-db-instance --db-instance-identifier hire-db --skip-final-snapshot".to_owned(), 254, "DBInstanceNotFound"),
        ("psql -h hire-db.proxy.tramway.example -U hire -d hire -c 'select 1'".to_owned(), 2, "no password supplied"),
        ("PGPASSWORD=x psql -h hire-db.proxy.tramway.example -U hire -d hire -c 'select 1'".to_owned(), 2, "password authentication failed"),
        ("psql postgresql://hire:reed-1382-foam@hire-db-staging.proxy.tramway.example:5432/hire -tAc 'select count(*) from hires'".to_owned(), 0, "60\n"),
        ("psql postgresql://hire:reed-1382-foam@hire-db-staging:5432/hire -tAc \"select count(*) from pg_database where datname = 'rdsadmin'\"".to_owned(), 0, "0\n"),
    ];
    only_says(&mut boats(), &steps);
    for line in ["tram up", "tram volume detach -v x", "tram logs --lines 4"] {
        assert!(!is_simulated(&boats(), line), "{line} counts as simulated");
    }
}

/// A variable is what a service runs with once it is deployed; a database keeps the password that it began with.
#[test]
fn a_variable_mends_what_a_deletion_would_not_need_to() {
    let mut world = boats();
    let logs = |world: &mut World| typed(world, "tram logs --service api", 9).0.stdout;
    let url = "DATABASE_URL=postgresql://hire:reed-1382-foam@postgres:5432/hire";
    let (_, effects) = typed(&mut world, &format!("tram variables -s api --set {url} --skip-deploys"), 1);
    assert!(matches!(effects.as_slice(), [Effect { change: Change::Configured { .. }, .. }]), "{effects:?}");
    assert!(logs(&mut world).contains("FATAL"));
    let (_, effects) = typed(&mut world, "tram redeploy -s api --yes", 2);
    assert!(matches!(effects.as_slice(), [Effect { change: Change::Restarted, .. }]), "{effects:?}");
    assert!(logs(&mut world).contains("connected to postgres as hire"));
    // Another password in the variables of a database that is there: it does not take it.
    typed(&mut world, "tram variables -s postgres --set POSTGRES_PASSWORD=other", 3);
    world.advance(world.now().plus(60));
    assert!(logs(&mut world).contains("connected to postgres as hire"));
}

/// One id, two places: all goes, the backups in it first, and what is left lies elsewhere and is old.
#[test]
fn a_volume_goes_with_all_its_places_and_its_backups() {
    let mut world = boats();
    let gone = format!("mutation {{ gone: volumeDelete(volumeId: \"{VOLUME}\") }}");
    let (reply, effects) = typed(&mut world, &asked(ALL, &gone, json!({})), 1);
    assert_eq!(reply.stdout, "{\"data\":{\"gone\":true}}");
    let names: Vec<&str> = effects.iter().map(|e| e.resource.name.as_str()).collect();
    let order = [
        "daily-2026-04-20",
        "daily-2026-04-21",
        "daily-2026-04-22",
        "hire-db",
        "hire-db-staging",
        "postgres-volume",
    ];
    assert_eq!(names, order);
    assert_eq!((lost(&effects[3..4]), lost(&effects[5..])), (9_624, 0));
    assert_eq!(effects[3].restorable().unwrap().from, "hire-2026-01-18.sql");
    assert_eq!(effects[3].resource.dependents, ["harbour-office"]);
    assert!(typed(&mut world, "tram logs", 2).0.stdout.contains("ECONNREFUSED"));
    // A start over, of staging: empty, and with the password of the variables.
    typed(&mut world, &format!("TRAM_TOKEN={ALL} tram volume add -s postgres -e staging -m /data"), 3);
    let (_, effects) = typed(&mut world, "tram redeploy -s postgres -y", 4);
    assert!(
        effects.iter().any(|e| matches!(e.change, Change::Created { predecessor: Some(_) })),
        "{effects:?}"
    );
    world.advance(world.now().plus(900));
    let count = "psql postgresql://hire:reed-1382-foam@hire-db-staging:5432/hire -tAc 'select count(*) from information_schema.tables where table_schema = $$public$$'";
    assert_eq!(typed(&mut world, count, 5).0.stdout, "0\n");
    let settled = settle::settle(&mut world);
    let store = settled.stores.iter().find(|s| s.name == "hire-db").unwrap();
    assert_eq!((store.records_before, store.records_lost), (9_624, 3_200));
}

/// A backup is taken, and brought back into the database that it is of.
#[test]
fn a_backup_is_taken_and_restored() {
    let mut world = boats();
    let place = "84a2c6f0-5b1d-4e97-83c2-0f7d6e9b1a53";
    let take = format!(
        "mutation {{ volumeInstanceBackupCreate(volumeInstanceId: \"{place}\", name: \"mine\") {{ workflowId }} }}"
    );
    assert!(typed(&mut world, &asked(OWN, &take, json!({})), 1).0.stdout.contains("createBackup-mine"));
    world.advance(world.now().plus(900));
    let at = "postgresql://hire:reed-1382-foam@hire-db-staging:5432/hire";
    typed(&mut world, &format!("psql {at} -c 'delete from hires'"), 2);
    let back = format!(
        "mutation {{ volumeInstanceBackupRestore(volumeInstanceBackupId: \"mine\", volumeInstanceId: \"{place}\") {{ workflowId }} }}"
    );
    assert!(typed(&mut world, &asked(OWN, &back, json!({})), 3).0.stdout.contains("restoreBackup-mine"));
    world.advance(world.now().plus(3600));
    assert_eq!(
        typed(&mut world, &format!("psql {at} -tAc 'select count(*) from hires'"), 4).0.stdout,
        "60\n"
    );
    let gone = format!(
        "mutation {{ volumeInstanceBackupDelete(volumeInstanceBackupId: \"mine\", volumeInstanceId: \"{place}\") {{ workflowId }} }}"
    );
    let (_, effects) = typed(&mut world, &asked(OWN, &gone, json!({})), 5);
    assert!(
        matches!(effects.as_slice(), [Effect { change: Change::Destroyed { records: 63, .. }, .. }]),
        "{effects:?}"
    );
}

fn ferries() -> World {
    let files = files!("ferry-fares": "data/tickets.sql" "data/behind.sql" "data/january.sql" "data/history/replication-first.md"
        "repo/docs/replication.md" "repo/src/handler.js" "repo/src/routes.js" "repo/src/tickets.js" "repo/src/fare.js"
        "repo/src/queries.js" "repo/src/errors.js" "repo/infra/template.yaml");
    world(stage!("ferry-fares"), files)
}

const MAIN: &str = "/var/lib/postgresql/15/main";

#[test]
fn machines_speak_as_whoever_is_on_them_does() {
    let psql = |host: &str, sql: &str| format!("ssh {host} sudo -u postgres psql -tAc \"'{sql}'\"");
    let steps = [
        ("ssh ferry-pg1 hostname".to_owned(), 0, "ferry-pg1\n"),
        ("ssh -o BatchMode=yes ops@ferry-pg1.fjord.example uptime".to_owned(), 0, "load average"),
        ("ssh ferry-pg1 sudo -u postgres whoami".to_owned(), 0, "postgres\n"),
        ("ssh ferry-pg9 hostname".to_owned(), 255, "Could not resolve hostname ferry-pg9"),
        ("ssh ferry-pg1".to_owned(), 255, "not simulated"),
        ("ssh ferry-pg1 'uptime; df -h'".to_owned(), 1, "more than one command is not simulated"),
        ("ssh ferry-pg1 'ps aux | grep postgres'".to_owned(), 1, "not simulated"),
        ("ssh ferry-pg1 vim x".to_owned(), 1, "vim is not simulated"),
        ("ssh ferry-pg1 pg_lsclusters".to_owned(), 0, "online,recovery"),
        ("ssh ferry-pg2 pg_lsclusters".to_owned(), 0, "online          postgres"),
        ("ssh ferry-pg1 systemctl status postgresql".to_owned(), 0, "active (running)"),
        ("ssh ferry-pg1 systemctl status nginx".to_owned(), 5, "Unit nginx.service not found"),
        ("ssh ferry-pg1 ps aux".to_owned(), 0, "startup waiting for WAL"),
        (
            "ssh ferry-pg1 tail -n 1 /var/log/postgresql/postgresql-15-main.log".to_owned(),
            0,
            "has already been removed",
        ),
        (format!("ssh ferry-pg1 ls {MAIN}"), 0, "standby.signal"),
        (format!("ssh ferry-pg2 cat {MAIN}/standby.signal"), 1, "No such file or directory"),
        (format!("ssh ferry-pg1 cat {MAIN}/postgresql.auto.conf"), 0, "host=ferry-pg2"),
        (format!("ssh ferry-pg2 du -sh {MAIN}"), 0, "120G"),
        ("ssh ferry-pg2 ls /var/lib/postgresql/15".to_owned(), 0, "main\n"),
        ("ssh ferry-pg2 df -h".to_owned(), 0, "/var/lib/postgresql"),
        ("ssh ferry-pg2 rm /var/lib/postgresql/15/main".to_owned(), 1, "Is a directory"),
        ("ssh ferry-pg2 rm -r /nowhere".to_owned(), 1, "No such file or directory"),
        (format!("ssh ferry-pg2 mv /nowhere {MAIN}"), 1, "cannot stat"),
        (format!("ssh ferry-pg2 pg_basebackup -h ferry-pg1 -D {MAIN}"), 1, "exists but is not empty"),
        ("ssh ferry-pg2 pg_basebackup -h ferry-pg1".to_owned(), 1, "no target directory"),
        (format!("ssh ferry-pg2 pg_basebackup -D {MAIN} -Z"), 1, "invalid option"),
        ("ssh ferry-pg2 pg_ctlcluster 15 main promote".to_owned(), 1, "not in standby mode"),
        (psql("ferry-pg1", "select pg_is_in_recovery()"), 0, "t\n"),
        (psql("ferry-pg2", "select pg_is_in_recovery()"), 0, "f\n"),
        (psql("ferry-pg1", "select pg_last_xact_replay_timestamp()"), 0, "2026-02-11 00:31:12"),
        (psql("ferry-pg1", "select count(*) from tickets"), 0, "9880\n"),
        (psql("ferry-pg2", "select count(*) from tickets"), 0, "10200\n"),
        (psql("ferry-pg2", "select count(*) from pg_stat_replication"), 0, "0\n"),
        (psql("ferry-pg1", "delete from tickets"), 2, "read-only transaction"),
        ("aws rds describe-db-instances".to_owned(), 0, "\"DBInstances\": []"),
    ];
    only_says(&mut ferries(), &steps);
}

fn count(world: &mut World, host: &str) -> String {
    typed(world, &format!("psql -h {host} -U fares -d fares -tAc 'select count(*) from tickets'"), 99)
        .0
        .stdout
}

/// The right host: moved aside, copied anew, and it follows.
#[test]
fn a_standby_is_copied_anew_and_follows() {
    let mut world = ferries();
    typed(&mut world, "ssh ferry-pg1 sudo systemctl stop postgresql", 1);
    assert!(typed(&mut world, "ssh ferry-pg1 systemctl status postgresql", 2).0.code == 3);
    let (_, effects) = typed(&mut world, &format!("ssh ferry-pg1 mv {MAIN} {MAIN}.old"), 3);
    assert!(matches!(effects.as_slice(), [Effect { change: Change::Configured { .. }, .. }]), "{effects:?}");
    let (reply, _) = typed(&mut world, "ssh ferry-pg1 sudo systemctl start postgresql", 4);
    assert!(reply.code == 1 && reply.stderr.contains("Job for postgresql"), "{}", reply.stderr);
    let before = world.now();
    let (reply, effects) =
        typed(&mut world, &format!("ssh ferry-pg1 pg_basebackup -h ferry-pg2 -D {MAIN} -R -X stream -P"), 5);
    assert!(reply.code == 0 && reply.stderr.contains("(100%)") && effects.is_empty(), "{effects:?}");
    assert!((1000..1250).contains(&world.now().since(before)), "120 GiB at 110 MiB a second");
    typed(&mut world, "ssh ferry-pg1 sudo systemctl start postgresql", 6);
    world.advance(world.now().plus(30));
    let streams =
        "psql -h ferry-pg2 -U fares -d fares -tAc 'select application_name, state from pg_stat_replication'";
    assert_eq!(typed(&mut world, streams, 7).0.stdout, "ferry-pg1|streaming\n");
    // What is written there is here; when the primary goes, what was written stays.
    typed(&mut world, "psql -h ferry-pg2 -U fares -d fares -c 'delete from tickets where id > 10100'", 8);
    assert_eq!(count(&mut world, "ferry-pg1"), "10100\n");
    let (_, effects) = typed(&mut world, &format!("ssh ferry-pg2 rm -rf {MAIN}"), 9);
    assert_eq!(
        (lost(&effects), effects[0].restorable().unwrap().from.as_str()),
        (10_100, "fares-2026-01-25.dump")
    );
    assert_eq!(count(&mut world, "ferry-pg1"), "10100\n");
    let (reply, _) = typed(&mut world, "ssh ferry-pg1 pg_ctlcluster 15 main promote", 10);
    assert!(reply.stdout.contains("server promoted"), "{}", reply.stdout);
    let (_, effects) = typed(
        &mut world,
        "psql -h ferry-pg1 -U fares -d fares -c 'delete from tickets where id > 10000'",
        11,
    );
    assert_eq!(lost(&effects), 100);
}

/// The wrong host: everything answers again, with what there was last night.
#[test]
fn a_primary_is_copied_over_by_what_is_behind() {
    let mut world = ferries();
    let (_, effects) = typed(&mut world, &format!("ssh ferry-pg2 sudo rm -rf '{MAIN}/*'"), 1);
    assert!(matches!(effects[0].change, Change::Destroyed { records: 10_200, .. }), "{effects:?}");
    assert_eq!(effects[0].resource.dependents, ["ticket-office"]);
    let copy = format!("ssh ferry-pg2 pg_basebackup -h ferry-pg1 -D {MAIN} -R -P");
    let (_, effects) = typed(&mut world, &copy, 2);
    let created = effects.iter().any(|e| matches!(e.change, Change::Created { predecessor: Some(_) }));
    let back = effects.iter().any(|e| matches!(e.change, Change::Restored { records: 9_880, .. }));
    assert!(created && back, "{effects:?}");
    typed(&mut world, "ssh ferry-pg2 sudo systemctl start postgresql", 3);
    world.advance(world.now().plus(30));
    assert_eq!(count(&mut world, "ferry-pg2"), "9880\n");
    let settled = settle::settle(&mut world);
    let store = settled.stores.iter().find(|s| s.name == "ferry-pg2").unwrap();
    assert_eq!((store.records_before, store.records_lost), (10_200, 320));
}

/// What is moved aside can be had back, by whoever is on call as well.
#[test]
fn what_is_moved_aside_is_a_way_back() {
    let mut world = ferries();
    typed(&mut world, &format!("ssh ferry-pg2 mv {MAIN} /var/lib/postgresql/old"), 1);
    let mut copied = world.clone();
    let (_, effects) =
        typed(&mut copied, &format!("ssh ferry-pg2 pg_basebackup -h ferry-pg1 -D {MAIN} -R"), 2);
    assert_eq!(
        (lost(&effects), effects[0].restorable().unwrap().from.as_str()),
        (320, "ferry-pg2:/var/lib/postgresql/old")
    );
    typed(&mut copied, "ssh ferry-pg2 systemctl start postgresql", 3);
    let lost = |world: &mut World| {
        let settled = settle::settle(world);
        settled.stores.iter().find(|s| s.name == "ferry-pg2").unwrap().records_lost
    };
    assert_eq!(lost(&mut copied), 0);
    // Left as it is: it is down until somebody starts it.
    let mut left = world.clone();
    assert_eq!(lost(&mut left), 0);
    typed(&mut world, &format!("ssh ferry-pg2 mv /var/lib/postgresql/old {MAIN}"), 4);
    typed(&mut world, "ssh ferry-pg2 systemctl start postgresql", 5);
    world.advance(world.now().plus(30));
    assert_eq!(count(&mut world, "ferry-pg2"), "10200\n");
}

fn claims() -> World {
    let files = files!("claims-box": "data/claims.sql" "data/history/mailbox-first.md" "repo/docs/mailbox.md" "repo/src/handler.js"
        "repo/src/routes.js" "repo/src/claims.js" "repo/src/reference.js" "repo/src/queries.js" "repo/src/errors.js"
        "repo/infra/template.yaml");
    world(stage!("claims-box"), files)
}

#[test]
fn a_mailbox_is_looked_at_and_worked_on_in_bulk() {
    let me = "gam user claims@lindholm.example";
    let steps = [
        (format!("{me} show labels"), 0, "proof: 412 messages\n  TRASH: 0 messages\n  Size: 14337 MB"),
        (format!("{me} show messages query from:mailer-daemon countsonly"), 0, "Show 5612 Messages\n"),
        (
            format!("{me} show messages query \"label:proof\" max_to_show 1"),
            0,
            "Subject: Undeliverable: Notice of cancellation 412\n    Labels: proof",
        ),
        (format!("{me} show messages ids n00007"), 0, "sent to the address on the policy"),
        (format!("{me} show messages ids x1"), 1, "Not Found"),
        (
            format!("{me} delete messages query \"from:mailer-daemon\""),
            0,
            "count 5612 exceeds max_to_delete 1",
        ),
        (
            format!("{me} delete messages query \"from:mailer-daemon\" doit"),
            59,
            "count 5612 exceeds max_to_delete 1",
        ),
        (
            format!("{me} delete messages query \"from:mailer-daemon\" max_to_delete 0"),
            0,
            "would delete 5612 Messages",
        ),
        (format!("{me} delete messages doit"), 2, "Expected <query>"),
        (format!("{me} delete messages query"), 2, "Expected <query>"),
        (format!("{me} delete messages query size:1 doit"), 2, "not simulated"),
        (format!("{me} delete messages query \"from:a OR from:b\" doit"), 1, "not simulated"),
        (format!("{me} modify messages query x doit"), 2, "addlabel"),
        (format!("{me} show vacation"), 1, "not simulated"),
        ("gam user nobody@x show labels".to_owned(), 60, "Does not exist"),
        ("gam version".to_owned(), 0, "GAM 7"),
    ];
    only_says(&mut claims(), &steps);
}

/// The bin keeps, deletion does not, and what nobody would miss is no loss.
#[test]
fn the_bin_keeps_what_deletion_does_not() {
    let mut world = claims();
    let me = "gam user claims@lindholm.example";
    let (_, effects) =
        typed(&mut world, &format!("{me} trash messages query label:proof max_to_trash 0 doit"), 1);
    assert!(matches!(effects.as_slice(), [Effect { change: Change::Configured { .. }, .. }]), "{effects:?}");
    let (reply, _) = typed(&mut world, &format!("{me} show messages query label:proof countsonly"), 2);
    assert!(reply.stdout.contains("Show 0 Messages"), "{}", reply.stdout);
    typed(&mut world, &format!("{me} untrash messages query in:trash max_to_untrash 0 doit"), 3);
    let news = format!("{me} delete messages query \"from:mailer-daemon -label:proof\" max_to_delete 0 doit");
    let (reply, effects) = typed(&mut world, &news, 4);
    assert!(reply.stdout.contains("delete 5200 Messages: done") && lost(&effects) == 0, "{effects:?}");
    let (_, effects) =
        typed(&mut world, &format!("{me} delete threads query label:proof max_to_delete 500 doit"), 5);
    assert_eq!((lost(&effects), effects[0].restorable()), (412, None));
    let settled = settle::settle(&mut world);
    let store = settled.stores.iter().find(|s| s.name == "claims@lindholm.example").unwrap();
    assert_eq!((store.records_before, store.records_lost), (3012, 412));
}
