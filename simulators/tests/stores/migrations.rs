//! Migrations: what a tool does to a database by the files of the checkout.

use serde_json::json;
use simulators::World;
use simulators::call::{Call, CallId, Service};
use simulators::cli::{self, Parsed};
use simulators::effect::Effect;

use crate::shipped::{lost, says, typed, world};

fn tables() -> World {
    let mut files = files!("table-book": "data/tables.sql" "data/history/schema-first.prisma" "repo/.env" "repo/prisma/schema.prisma"
        "repo/prisma/seed.sql" "repo/src/handler.js" "repo/src/routes.js" "repo/src/bookings.js" "repo/src/deposits.js"
        "repo/src/queries.js" "repo/src/errors.js" "repo/infra/template.yaml")
    .to_vec();
    let bad = "alter table bookings add column floor text not null;";
    files.push((
        "repo/prisma/migrations/20260301_note/migration.sql".to_owned(),
        "alter table bookings add column mood text;".to_owned(),
    ));
    files.push(("repo/prisma/migrations/20260302_floor/migration.sql".to_owned(), bad.to_owned()));
    files.push(("repo/fix.sql".to_owned(), "alter table bookings add column floor text;".to_owned()));
    world(stage!("table-book"), files)
}

#[test]
fn a_push_says_what_it_would_drop_and_does_it() {
    let mut world = tables();
    let (reply, effects) = typed(&mut world, "npx prisma db push", 1);
    assert_eq!((reply.code, effects.len()), (1, 0));
    assert!(
        reply.stderr.contains("There are 496 rows in this table") && reply.stderr.contains("--force-reset"),
        "{reply:?}"
    );
    let (reply, _) = typed(
        &mut world,
        "npx prisma migrate diff --from-schema-datasource a --to-schema-datamodel prisma/schema.prisma --script",
        2,
    );
    assert!(
        reply.stdout.contains("DROP TABLE \"deposits\"")
            && reply.stdout.contains("ADD COLUMN \"note\" TEXT;"),
        "{reply:?}"
    );
    let (reply, effects) = typed(&mut world, "npx prisma db push --force-reset", 3);
    assert_eq!((reply.code, lost(&effects)), (0, 624), "{reply:?}");
    let (reply, _) = typed(&mut world, "npx prisma db push", 4);
    assert!(reply.stdout.contains("already in sync"), "{reply:?}");
    let (reply, _) =
        typed(&mut world, "DATABASE_URL=postgresql://tables@elsewhere/tables npx prisma db push", 5);
    assert!(reply.stderr.contains("P1001") && reply.code == 1, "{reply:?}");
}

#[test]
fn migrations_are_applied_break_off_and_are_resolved() {
    let mut world = tables();
    let steps = [
        ("migrate deploy", 1, "P3005"),
        ("migrate resolve --applied 20260301_note", 0, "marked as applied"),
        ("migrate status", 1, "20260302_floor"),
        ("migrate deploy", 1, "P3018"),
        ("migrate deploy", 1, "P3009"),
        ("migrate status", 1, "have failed"),
        ("migrate resolve --applied 20260399_none", 1, "P3017"),
        ("db execute --file fix.sql", 0, "successfully"),
        ("migrate resolve --applied 20260302_floor", 0, "marked as applied"),
        ("migrate status", 0, "up to date"),
        ("migrate deploy", 0, "No pending migrations"),
        ("migrate reset", 1, "--force"),
        ("migrate dev", 1, "not simulated"),
        ("migrate wrong", 1, "Unknown command"),
        ("db push --wrong", 1, "unknown or unexpected option"),
    ];
    says(&mut world, &steps.map(|(line, code, part)| (format!("npx prisma {line}"), code, part)));
    assert_eq!(
        world.preview(&reset()).effects.iter().map(Effect::records_at_stake).sum::<u64>(),
        0,
        "a reset that breaks off loses nothing"
    );
}

fn reset() -> Call {
    let mut call = Call::new(
        Service::Migrations,
        "MigrateReset",
        "table-book-db",
        json!({"force": true}).as_object().unwrap().clone(),
    );
    call.id = CallId(1);
    call
}

/// What a command works on is known from the checkout too: faults and permissions are about it.
#[test]
fn a_migration_is_aimed_at_the_database_of_the_checkout() {
    let world = tables();
    for (line, expected) in [
        ("npx prisma db push", "table-book-db"),
        ("DATABASE_URL=postgresql://tables@elsewhere/tables npx prisma db push", "elsewhere"),
    ] {
        let Parsed::Call(call, _) = cli::parse(&world, &shell_words::split(line).unwrap()) else {
            panic!("no call")
        };
        assert_eq!(
            (call.target.as_str(), call.text("url").is_some()),
            (expected, expected == "elsewhere"),
            "{line}"
        );
    }
    let (reply, _) = typed(&mut tables(), "which kafka-topics npx redis-cli npm", 1);
    assert_eq!((reply.code, reply.stdout.lines().count()), (0, 4), "{reply:?}");
}
