//! A schema in code, as its tool pushes and migrates it; the texts and exit codes are those of the real tool, watched without a terminal.

use serde_json::json;
use simulators::World;
use simulators::call::{Call, CallId, Service};
use simulators::cli::{self, Parsed};

use crate::shipped::{is_simulated, lost, typed, world};

const CONFIG: &str = "import { defineConfig } from \"drizzle-kit\";\n// url: \"postgresql://nobody@nowhere/x\"\nexport default defineConfig({\n  \
    dialect: \"postgresql\",\n  schema: \"./src/schema.js\",\n  out: \"./drizzle\",\n  dbCredentials: { url: process.env.DATABASE_URL },\n});\n";
const AS_IT_STANDS: &str = "import { integer, pgTable, text, timestamp } from \"drizzle-orm/pg-core\";\n\nexport const bookings = pgTable(\"bookings\", {\n  \
    id: text(\"id\").primaryKey(),\n  guest: text(\"guest\").notNull(), // who, or whose\n  seats: integer(\"seats\").notNull(),\n  day: text().notNull(),\n  \
    hour: integer(\"hour\").notNull(),\n});\n\nexport const deposits = pgTable('deposits', {\n  bookingId: text(\"booking_id\").primaryKey()\
    .references(() => bookings.id, { onDelete: \"no action\" }),\n  cents: integer(\"cents\").notNull(),\n  paidAt: timestamp(\"paid_at\", \
    { withTimezone: true }).notNull(),\n});\n";

/// The tables of `table-book`, with their schema in code.
fn with_schema(schema: &str) -> World {
    with_config(schema, CONFIG)
}

fn with_config(schema: &str, config: &str) -> World {
    let mut files = files!("table-book": "data/tables.sql" "data/history/schema-first.prisma" "repo/.env" "repo/prisma/schema.prisma"
        "repo/prisma/seed.sql" "repo/src/handler.js" "repo/src/routes.js" "repo/src/bookings.js" "repo/src/deposits.js"
        "repo/src/queries.js" "repo/src/errors.js" "repo/infra/template.yaml")
    .to_vec();
    let package = json!({"name": "tables", "version": "1.0.0", "scripts": {
        "db:push": "drizzle-kit push --force", "again": "npm run again", "both": "drizzle-kit check && true", "test": "node --test"
    }});
    files.push(("repo/package.json".to_owned(), package.to_string()));
    files.push(("repo/drizzle.config.ts".to_owned(), config.to_owned()));
    files.push(("repo/src/schema.js".to_owned(), schema.to_owned()));
    world(stage!("table-book"), files)
}

fn said(world: &mut World, line: &str) -> (i32, String, u64) {
    let (reply, effects) = typed(world, line, 1);
    (reply.code, reply.stdout + &reply.stderr, lost(&effects))
}

/// Each schema, what a plain push says of it, with its exit code, and what a forced one does: its exit code, and how many rows it takes.
#[test]
fn a_push_asks_what_nobody_can_answer_and_force_answers_one_question() {
    let stands = |from: &str, to: &str| {
        assert!(AS_IT_STANDS.contains(from), "{from}");
        AS_IT_STANDS.replacen(from, to, 1)
    };
    let day = "  day: text().notNull(),\n";
    let required = stands(day, &format!("{day}  badge: text(\"badge\").notNull(),\n"));
    let optional = stands(day, &format!("{day}  note: text(\"note\").default(\"it's\").notNull(),\n"));
    let fewer = stands("  hour: integer(\"hour\").notNull(),\n", "");
    let renamed = stands("integer(\"hour\")", "integer(\"at\")");
    let unique = stands("text(\"guest\").notNull()", "text(\"guest\").notNull().unique()");
    let other = stands("integer(\"seats\")", "text(\"seats\")");
    let pair = stands(
        "  hour: integer(\"hour\").notNull(),\n});",
        "  hour: integer(\"hour\").notNull(),\n}, (t) => [unique().on(t.day, t.hour)]);",
    );
    let without = AS_IT_STANDS.split("export const deposits").next().unwrap().to_owned();
    let swapped =
        without.clone() + "export const notes = pgTable(\"notes\", { id: text(\"id\").primaryKey() });\n";
    let more = AS_IT_STANDS.to_owned()
        + "export const notes = pgTable(\"notes\", { id: text(\"id\").primaryKey(), of: text(\"of\")\
        .references(() => bookings.id) });\n";
    let cases: [(&str, &str, i32, &str, i32, u64); 11] = [
        (AS_IT_STANDS, "[i] No changes detected\n", 0, "No changes detected", 0, 0),
        (
            &required,
            "not-null badge column without default value, which contains 496 items\n\nTHIS ACTION WILL",
            0,
            "[✓] Changes applied\n",
            0,
            624,
        ),
        (&optional, "[✓] Changes applied\n", 0, "No changes detected", 0, 0),
        (
            &fewer,
            "· You're about to delete hour column in bookings table with 496 items\n",
            0,
            "Changes applied",
            0,
            0,
        ),
        (&renamed, "database...\nError: Interactive prompts", 0, "Error: Interactive prompts", 0, 0),
        (
            &unique,
            "bookings_guest_unique unique constraint to the table, which contains 496 items.",
            0,
            "truncate bookings table?\n\nError: I",
            0,
            0,
        ),
        (
            &other,
            "change seats column type from integer to text with 496 items\n",
            0,
            "Changes applied",
            0,
            624,
        ),
        (&pair, "bookings_day_hour_unique", 0, "bookings_day_hour_unique", 0, 0),
        (&without, "· You're about to delete deposits table with 128 items\n", 0, "Changes applied", 0, 128),
        (&swapped, "Error: Interactive prompts", 0, "Error: Interactive prompts", 0, 0),
        (&more, "[✓] Changes applied\n", 0, "No changes detected", 0, 0),
    ];
    for (schema, plain, code, forced, forced_code, gone) in cases {
        let mut world = with_schema(schema);
        let (was, text, lost) = said(&mut world, "npx drizzle-kit push");
        assert!(was == code && text.contains(plain) && lost == 0, "{schema}\n{was} {text} {lost}");
        let (was, text, lost) = said(&mut world, "npm run db:push");
        assert!(
            text.starts_with(
                "\n> tables@1.0.0 db:push\n> drizzle-kit push --force\n\nNo config path provided"
            ),
            "{text}"
        );
        // A column that goes takes its values and no rows.
        let gone = if schema == fewer { lost } else { gone };
        assert!(was == forced_code && text.contains(forced) && lost == gone, "{schema}\n{was} {text} {lost}");
    }
    let mut world = with_schema(&required);
    let (_, text, _) = said(&mut world, "npx drizzle-kit push --strict --verbose");
    assert!(text.contains("statements:\n\ntruncate table \"bookings\" cascade;\nALTER TABLE \"bookings\" ADD COLUMN \"badge\" text NOT NULL;\n"), "{text}");
    let mut world = with_schema(&more);
    let (code, text, _) = said(&mut world, "npx drizzle-kit push --strict");
    assert!(code == 0 && text.contains("Interactive prompts"), "{text}");
}

#[test]
fn files_of_sql_are_written_checked_and_applied() {
    let mut world = with_schema(AS_IT_STANDS);
    let write = |world: &mut World, schema: &str| {
        let mut call = Call::new(
            Service::Workspace,
            "WriteFile",
            "src/schema.js",
            json!({"content": schema}).as_object().unwrap().clone(),
        );
        call.id = CallId(1);
        call.principal = "Engineer".to_owned();
        world.apply(&call).unwrap();
    };
    let step = |world: &mut World, line: &str, code: i32, part: &str| {
        let (was, text, _) = said(world, line);
        assert!(was == code && text.contains(part), "{line}: {was} {text}");
    };
    step(
        &mut world,
        "npx drizzle-kit generate --name first",
        0,
        "deposits 3 columns 0 indexes 1 fks\n\n[✓] Your SQL migration file ➜ drizzle/0000_first.sql 🚀\n",
    );
    step(&mut world, "npx drizzle-kit generate", 0, "No schema changes, nothing to migrate 😴\n");
    step(
        &mut world,
        "cat drizzle/0000_first.sql",
        0,
        "CREATE TABLE \"bookings\" (\n\t\"id\" text PRIMARY KEY NOT NULL,\n",
    );
    // The tables are there already: it breaks off, and does not say so.
    step(&mut world, "npx drizzle-kit migrate", 1, "applying migrations...");
    step(
        &mut world,
        "psql -h table-book-db -U tables -d tables -c 'drop table deposits; drop table bookings'",
        0,
        "DROP TABLE",
    );
    step(&mut world, "npx drizzle-kit migrate", 0, "[✓] migrations applied successfully!");
    step(&mut world, "npx drizzle-kit migrate", 0, "[✓] migrations applied successfully!");
    step(&mut world, "npx drizzle-kit push", 0, "No changes detected");
    step(
        &mut world,
        "psql -h table-book-db -U tables -d tables -Atc 'select id, created_at from __drizzle_migrations'",
        0,
        "1|177425",
    );
    step(&mut world, "sleep 60", 0, "");
    let more = AS_IT_STANDS.replace(
        "  day: text().notNull(),\n",
        "  day: text().notNull().default(\"?\"),\n  note: text(\"note\"),\n",
    );
    write(&mut world, &more);
    step(&mut world, "npx drizzle-kit generate", 0, "[✓] Your SQL migration file ➜ drizzle/0001_");
    step(&mut world, "npx drizzle-kit check", 0, "Everything's fine 🐶🔥\n");
    step(&mut world, "npx drizzle-kit migrate", 0, "successfully");
    step(&mut world, "psql -h table-book-db -U tables -d tables -c '\\d bookings'", 0, "note");
    step(&mut world, "npx drizzle-kit generate --custom --name hand", 0, "Prepared empty file");
    write(&mut world, &more.replace("note: text(\"note\")", "word: text(\"word\")"));
    step(&mut world, "npx drizzle-kit generate", 0, "Error: Interactive prompts");
    step(&mut world, "rm drizzle/meta/0001_snapshot.json", 0, "");
    step(&mut world, "npx drizzle-kit check", 1, "0001_snapshot.json data is malformed");
}

#[test]
fn what_the_tool_does_not_know_it_says() {
    let mut world = with_schema(AS_IT_STANDS);
    let cases = [
        ("npx drizzle-kit pusch", 1, "Unknown command: 'pusch'.\n", false),
        ("npx drizzle-kit push --forse", 1, "Unrecognized options for command 'push': --forse\n", false),
        ("npx drizzle-kit push --config", 1, "needs a value", false),
        ("npx drizzle-kit push --url x", 1, "push --url is not simulated here", true),
        ("npx drizzle-kit studio", 1, "studio is not simulated here", true),
        ("npx drizzle-kit --version", 0, "drizzle-kit: v0.31.11\n", false),
        ("npx drizzle-kit", 0, "Available Commands:", false),
        ("npx drizzle-kit push --help", 0, "Data loss statements may truncate your tables", false),
        (
            "npx drizzle-kit push --config other.ts",
            1,
            "/workspace/table-book/other.ts file does not exist\n",
            false,
        ),
        (
            "DATABASE_URL=postgresql://tables@elsewhere/tables npx drizzle-kit push",
            1,
            "[⣷] Pulling schema",
            false,
        ),
        ("DATABASE_URL=postgresql://tables@elsewhere/tables npm run db:push", 1, "[⣷] Pulling schema", false),
        (
            "DATABASE_URL=sqlite.db npx drizzle-kit migrate",
            1,
            "Please provide required params for Postgres driver",
            false,
        ),
        ("npm run", 0, "  db:push\n    drizzle-kit push --force\n", false),
        ("npm run nope", 1, "npm error Missing script: \"nope\"\nnpm error\nnpm error To see a list", false),
        ("npm run again", 1, "not simulated here", true),
        ("npm run both", 1, "not simulated here", true),
        ("npm run db:push -- --verbos", 1, "Unrecognized options for command 'push': --verbos\n", false),
    ];
    for (line, code, part, beyond) in cases {
        assert_eq!(!is_simulated(&world, line), beyond, "{line}");
        let (was, text, _) = said(&mut world, line);
        assert!(was == code && text.contains(part), "{line}: {was} {text}");
    }
    let unknown = with_schema("export const a = pgTable(\"a\", { id: serial(\"id\").primaryKey() });");
    let words = shell_words::split("npx drizzle-kit push").unwrap();
    let Parsed::Answer { reply, unsimulated: true } = cli::parse(&unknown, &words) else {
        panic!("understood")
    };
    assert!(reply.stderr.contains("with `serial` in a schema"), "{reply:?}");
}

/// What stands in front of a command counts first, then what the settings name, then the environment.
#[test]
fn a_call_names_the_database_that_is_reached() {
    let named = CONFIG
        .replace("process.env.DATABASE_URL", "'postgres://tables@table-book-copy.internal:5432/tables'");
    let copied = with_config(AS_IT_STANDS, &named);
    let plain = with_schema(AS_IT_STANDS);
    let given = "DATABASE_URL=postgresql://tables@elsewhere/tables npx drizzle-kit push";
    for (world, line, target) in [
        (&plain, "npx drizzle-kit push", "table-book-db"),
        (&copied, "npx drizzle-kit push", "table-book-copy"),
        (&copied, "npm run db:push", "table-book-copy"),
        (&copied, given, "elsewhere"),
        (&copied, "npx drizzle-kit push --config other.ts", "table-book-db"),
        (&copied, "npx drizzle-kit generate", ""),
    ] {
        let Parsed::Call(call, _) = cli::parse(world, &shell_words::split(line).unwrap()) else {
            panic!("{line}")
        };
        assert_eq!(call.target, target, "{line}");
    }
}
