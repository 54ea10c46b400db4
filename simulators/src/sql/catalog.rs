//! System catalogs and settings: what an engineer looks at to find out where they are.
//!
//! A statement that names one gets a temporary table of that name, filled from the schema, before it runs.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::Session;
use super::engine::failed;
use super::error::SqlError;
use super::schema::{Index, Schema, Table, quoted};
use super::scope::Named;
use super::settings::SETTINGS;
use super::types::Type;

/// The process that serves the asking session.
pub(super) const OWN_PID: i64 = 20_417;

type Fill = fn(&Source<'_>) -> Vec<Vec<Value>>;

/// A catalog relation.
pub(super) struct Catalog {
    /// Its name as the engine has it.
    pub(super) key: &'static str,
    schema: &'static str,
    name: &'static str,
    columns: &'static [(&'static str, Type)],
    fill: Fill,
}

/// What catalogs are filled from.
pub(super) struct Source<'a> {
    schema: &'a Schema,
    counts: &'a BTreeMap<String, u64>,
    session: &'a Session,
}

impl Catalog {
    /// Its columns.
    pub(super) fn columns(&self) -> Vec<Named> {
        self.columns.iter().map(|(name, kind)| Named { name: (*name).to_owned(), kind: *kind }).collect()
    }
}

const PG: &str = "pg_catalog";
const INFO: &str = "information_schema";
use Type::{BigInt, Bool, Inet, Integer, Name, Oid, Text, TimestampTz};

const CATALOGS: &[Catalog] = &[
    Catalog {
        key: "pg_tables",
        schema: PG,
        name: "pg_tables",
        columns: &[("schemaname", Name), ("tablename", Name), ("tableowner", Name), ("hasindexes", Bool)],
        fill: |s| {
            s.tables(|s, t, _| {
                vec![
                    json!("public"),
                    json!(t.name),
                    json!(s.session.owner),
                    json!(i64::from(!t.indexes.is_empty())),
                ]
            })
        },
    },
    Catalog {
        key: "pg_views",
        schema: PG,
        name: "pg_views",
        columns: &[("schemaname", Name), ("viewname", Name), ("viewowner", Name)],
        fill: |s| s.views().map(|t| vec![json!("public"), json!(t.name), json!(s.session.owner)]).collect(),
    },
    Catalog {
        key: "pg_indexes",
        schema: PG,
        name: "pg_indexes",
        columns: &[("schemaname", Name), ("tablename", Name), ("indexname", Name), ("indexdef", Text)],
        fill: |s| {
            s.indexes(|t, i| vec![json!("public"), json!(t.name), json!(i.name), json!(definition(t, i))])
        },
    },
    Catalog {
        key: "pg_stat_user_tables",
        schema: PG,
        name: "pg_stat_user_tables",
        columns: &[
            ("relid", Oid),
            ("schemaname", Name),
            ("relname", Name),
            ("seq_scan", BigInt),
            ("n_live_tup", BigInt),
            ("n_dead_tup", BigInt),
            ("last_vacuum", TimestampTz),
            ("last_autovacuum", TimestampTz),
            ("last_analyze", TimestampTz),
            ("last_autoanalyze", TimestampTz),
        ],
        fill: |s| {
            s.tables(|s, t, oid| {
                let vacuumed = json!(super::stamp_of(s.session.started.plus(3571)));
                let none = Value::Null;
                vec![
                    json!(oid),
                    json!("public"),
                    json!(t.name),
                    json!(118),
                    json!(s.rows(t)),
                    json!(0),
                    none.clone(),
                    vacuumed.clone(),
                    none,
                    vacuumed,
                ]
            })
        },
    },
    Catalog {
        key: "pg_class",
        schema: PG,
        name: "pg_class",
        columns: &[
            ("oid", Oid),
            ("relname", Name),
            ("relnamespace", Oid),
            ("relkind", Text),
            ("reltuples", Type::Real),
            ("relpages", Integer),
            ("relowner", Oid),
            ("relam", Oid),
        ],
        fill: |s| s.classes(),
    },
    Catalog {
        key: "pg_am",
        schema: PG,
        name: "pg_am",
        columns: &[("oid", Oid), ("amname", Name), ("amtype", Text)],
        fill: |_| {
            vec![vec![json!(2), json!("heap"), json!("t")], vec![json!(403), json!("btree"), json!("i")]]
        },
    },
    Catalog {
        key: "pg_sizes",
        schema: "pg_toast",
        name: "pg_sizes",
        columns: &[("oid", Oid), ("name", Name), ("bytes", BigInt)],
        fill: |s| s.tables(|s, t, oid| vec![json!(oid), json!(t.name), json!(table_bytes(s.rows(t)))]),
    },
    Catalog {
        key: "pg_namespace",
        schema: PG,
        name: "pg_namespace",
        columns: &[("oid", Oid), ("nspname", Name)],
        fill: |_| {
            vec![
                vec![json!(11), json!("pg_catalog")],
                vec![json!(2200), json!("public")],
                vec![json!(13_000), json!(INFO)],
            ]
        },
    },
    Catalog {
        key: "pg_database",
        schema: PG,
        name: "pg_database",
        columns: &[("oid", Oid), ("datname", Name), ("datistemplate", Bool), ("datallowconn", Bool)],
        fill: |s| {
            let names = s.session.databases.iter().enumerate();
            names
                .map(|(i, n)| {
                    vec![json!(16_384 + i), json!(n), json!(i64::from(n.starts_with("template"))), json!(1)]
                })
                .collect()
        },
    },
    Catalog {
        key: "pg_roles",
        schema: PG,
        name: "pg_roles",
        columns: &[
            ("rolname", Name),
            ("rolsuper", Bool),
            ("rolcreaterole", Bool),
            ("rolcreatedb", Bool),
            ("rolcanlogin", Bool),
        ],
        fill: |s| {
            vec![
                vec![json!("rds_superuser"), json!(0), json!(0), json!(0), json!(0)],
                vec![json!("rdsadmin"), json!(1), json!(1), json!(1), json!(1)],
                vec![json!(s.session.owner), json!(0), json!(1), json!(1), json!(1)],
            ]
        },
    },
    Catalog {
        key: "pg_stat_activity",
        schema: PG,
        name: "pg_stat_activity",
        columns: &[
            ("datname", Name),
            ("pid", Integer),
            ("usename", Name),
            ("application_name", Text),
            ("client_addr", Inet),
            ("backend_start", TimestampTz),
            ("query_start", TimestampTz),
            ("wait_event_type", Text),
            ("wait_event", Text),
            ("state", Text),
            ("query", Text),
            ("backend_type", Text),
        ],
        fill: |s| s.activity(),
    },
    Catalog {
        key: "pg_stat_replication",
        schema: PG,
        name: "pg_stat_replication",
        columns: &[
            ("pid", Integer),
            ("usename", Name),
            ("application_name", Text),
            ("client_addr", Inet),
            ("state", Text),
            ("sent_lsn", Text),
            ("replay_lsn", Text),
        ],
        fill: |s| {
            let row = |(i, standby): (usize, &super::Standby)| {
                let lsn = "A3F/D2000148";
                vec![
                    json!(902 + i),
                    json!("replicator"),
                    json!(standby.name),
                    json!(standby.address),
                    json!("streaming"),
                    json!(lsn),
                    json!(lsn),
                ]
            };
            s.session.replication.standbys.iter().enumerate().map(row).collect()
        },
    },
    Catalog {
        key: "pg_locks",
        schema: PG,
        name: "pg_locks",
        columns: &[
            ("locktype", Text),
            ("relation", Oid),
            ("pid", Integer),
            ("mode", Text),
            ("granted", Bool),
        ],
        fill: |_| vec![],
    },
    Catalog {
        key: "pg_settings",
        schema: PG,
        name: "pg_settings",
        columns: &[("name", Text), ("setting", Text)],
        fill: |_| SETTINGS.iter().map(|(name, value)| vec![json!(name), json!(value)]).collect(),
    },
    Catalog {
        key: "information_schema.tables",
        schema: INFO,
        name: "tables",
        columns: &[
            ("table_catalog", Name),
            ("table_schema", Name),
            ("table_name", Name),
            ("table_type", Text),
        ],
        fill: |s| {
            let kind = |t: &Table| if t.is_view { "VIEW" } else { "BASE TABLE" };
            let all = s.schema.tables.values();
            all.map(|t| vec![json!(s.session.database), json!("public"), json!(t.name), json!(kind(t))])
                .collect()
        },
    },
    Catalog {
        key: "information_schema.columns",
        schema: INFO,
        name: "columns",
        columns: &[
            ("table_catalog", Name),
            ("table_schema", Name),
            ("table_name", Name),
            ("column_name", Name),
            ("ordinal_position", Integer),
            ("column_default", Text),
            ("is_nullable", Text),
            ("data_type", Text),
            ("character_maximum_length", Integer),
            ("numeric_precision", Integer),
            ("numeric_scale", Integer),
        ],
        fill: |s| s.columns(),
    },
    Catalog {
        key: "information_schema.schemata",
        schema: INFO,
        name: "schemata",
        columns: &[("catalog_name", Name), ("schema_name", Name), ("schema_owner", Name)],
        fill: |s| vec![vec![json!(s.session.database), json!("public"), json!("pg_database_owner")]],
    },
];

/// The catalog relation of that name; without a schema, those of `pg_catalog`.
pub(super) fn find(schema: Option<&str>, name: &str) -> Option<&'static Catalog> {
    let schema = schema.unwrap_or(PG);
    let name = match name {
        "pg_stat_all_tables" => "pg_stat_user_tables",
        "pg_user" => "pg_roles",
        other => other,
    };
    CATALOGS.iter().find(|c| c.schema == schema && c.name == name)
}

/// Bytes that so many rows take on disk, in whole pages.
pub(super) fn table_bytes(rows: u64) -> u64 {
    rows.saturating_mul(96).div_ceil(8192).saturating_mul(8192)
}

/// Makes the temporary tables that a statement reads.
pub(super) fn provide<'k>(
    connection: &Connection,
    keys: impl Iterator<Item = &'k &'static str>,
    schema: &Schema,
    counts: &BTreeMap<String, u64>,
    session: &Session,
) -> Result<(), SqlError> {
    let source = Source { schema, counts, session };
    for catalog in keys.filter_map(|key| CATALOGS.iter().find(|c| c.key == *key)) {
        let name = quoted(catalog.key);
        let columns: Vec<String> =
            catalog.columns.iter().map(|(c, t)| format!("{} {}", quoted(c), t.name())).collect();
        let make =
            format!("DROP TABLE IF EXISTS temp.{name}; CREATE TEMP TABLE {name} ({})", columns.join(", "));
        connection.execute_batch(&make).map_err(failed)?;
        let marks = vec!["?"; catalog.columns.len()].join(", ");
        let mut insert =
            connection.prepare(&format!("INSERT INTO temp.{name} VALUES ({marks})")).map_err(failed)?;
        for row in (catalog.fill)(&source) {
            let cells = row.iter().map(|v| match v {
                Value::Null => None,
                Value::String(s) => Some(s.clone()),
                other => Some(other.to_string()),
            });
            insert.execute(rusqlite::params_from_iter(cells)).map_err(failed)?;
        }
    }
    Ok(())
}

/// The statement that would make an index.
pub(super) fn definition(table: &Table, index: &Index) -> String {
    let unique = if index.unique { "UNIQUE " } else { "" };
    format!(
        "CREATE {unique}INDEX {} ON public.{} USING btree ({})",
        index.name,
        table.name,
        index.columns.join(", ")
    )
}

impl Source<'_> {
    fn rows(&self, table: &Table) -> u64 {
        self.counts.get(&table.name).copied().unwrap_or(0)
    }

    fn tables(&self, row: fn(&Self, &Table, usize) -> Vec<Value>) -> Vec<Vec<Value>> {
        let all = self.schema.tables.values().enumerate().filter(|(_, t)| !t.is_view);
        all.map(|(i, t)| row(self, t, i.saturating_mul(5).saturating_add(16_390))).collect()
    }

    fn views(&self) -> impl Iterator<Item = &Table> {
        self.schema.tables.values().filter(|t| t.is_view)
    }

    fn indexes(&self, row: fn(&Table, &Index) -> Vec<Value>) -> Vec<Vec<Value>> {
        self.schema.tables.values().flat_map(|t| t.indexes.iter().map(move |i| row(t, i))).collect()
    }

    fn classes(&self) -> Vec<Vec<Value>> {
        let mut rows = self.tables(|s, t, oid| {
            let pages = table_bytes(s.rows(t)) / 8192;
            let rows = s.rows(t);
            vec![
                json!(oid),
                json!(t.name),
                json!(2200),
                json!("r"),
                json!(rows),
                json!(pages),
                json!(10),
                json!(2),
            ]
        });
        let other = |name: &str, kind: &str| {
            vec![json!(0), json!(name), json!(2200), json!(kind), json!(0), json!(0), json!(10), json!(0)]
        };
        rows.extend(self.views().map(|t| other(&t.name, "v")));
        rows.extend(self.indexes(|_, i| {
            let (owner, btree) = (json!(10), json!(403));
            vec![json!(0), json!(i.name), json!(2200), json!("i"), json!(0), json!(1), owner, btree]
        }));
        rows
    }

    fn columns(&self) -> Vec<Vec<Value>> {
        let mut rows = Vec::new();
        for table in self.schema.tables.values() {
            for (i, column) in table.columns.iter().enumerate() {
                let length = match column.kind {
                    Type::Varchar(length) => json!(length),
                    Type::Char(length) => json!(length),
                    _ => Value::Null,
                };
                let (precision, scale) = match column.kind {
                    Type::Numeric(Some((p, s))) => (json!(p), json!(s)),
                    Type::Integer => (json!(32), json!(0)),
                    Type::BigInt => (json!(64), json!(0)),
                    _ => (Value::Null, Value::Null),
                };
                rows.push(vec![
                    json!(self.session.database),
                    json!("public"),
                    json!(table.name),
                    json!(column.name),
                    json!(i.saturating_add(1)),
                    json!(column.default),
                    json!(if column.not_null { "NO" } else { "YES" }),
                    json!(column.kind.name()),
                    length,
                    precision,
                    scale,
                ]);
            }
        }
        rows
    }

    /// The services that keep connections open, and the asking session itself.
    fn activity(&self) -> Vec<Vec<Value>> {
        let s = self.session;
        let mut rows = Vec::new();
        for i in 0..i64::from(s.clients) {
            let since = super::stamp_of(s.now.plus(-(i * 97 + 12)));
            rows.push(vec![
                json!(s.database),
                json!(19_200 + i * 7),
                json!(s.owner),
                json!("node-postgres"),
                json!(format!("10.0.9.{}", 21 + i)),
                json!(super::stamp_of(s.now.plus(-(i * 971 + 3600)))),
                json!(since),
                json!("Client"),
                json!("ClientRead"),
                json!("idle"),
                json!("COMMIT"),
                json!("client backend"),
            ]);
        }
        rows.push(vec![
            json!(s.database),
            json!(OWN_PID),
            json!(s.user),
            json!("psql"),
            json!("10.0.9.14"),
            json!(s.stamp()),
            json!(s.stamp()),
            Value::Null,
            Value::Null,
            json!("active"),
            json!("SELECT ... FROM pg_stat_activity"),
            json!("client backend"),
        ]);
        rows
    }
}
