//! What the backslash commands of `psql` show of a database, as tables that the dialect prints.

use serde_json::{Value, json};

use crate::sql::schema::{Schema, Table};
use crate::sql::{Conversation, Session};

/// A table as `psql` prints one.
#[derive(Debug, Default, serde::Serialize)]
pub(super) struct Shown {
    title: String,
    columns: Vec<&'static str>,
    right: Vec<bool>,
    rows: Vec<Vec<Value>>,
    /// Lines below in place of the count of rows; `None` is the count.
    footers: Option<Vec<String>>,
}

/// Encoding, collations and provider of every database of such a server.
const LOCALE: [&str; 5] = ["UTF8", "en_US.UTF-8", "en_US.UTF-8", "", "libc"];

/// Answers a backslash command (without the backslash); the error is what `psql` says on standard error.
/// A list without entries is a remark and no failure: it comes with `false`.
pub(super) fn look(
    conversation: &Conversation,
    meta: &str,
    argument: &str,
) -> Result<Vec<Shown>, (String, bool)> {
    let plus = meta.ends_with('+');
    let bare = meta.trim_end_matches(['+', 'S']);
    let (session, schema) = (conversation.session(), conversation.schema());
    let kinds: &[&str] = match bare {
        "d" if argument.is_empty() => &["table", "view", "sequence"],
        "d" => return described(conversation, argument, plus).map_err(|text| (text, true)),
        "dt" => &["table"],
        "dv" => &["view"],
        "ds" => &["sequence"],
        "di" => return indexes(schema, session, argument).map_err(|text| (text, false)),
        "l" => return Ok(vec![databases(session)]),
        "du" | "dg" => return Ok(vec![roles(session)]),
        "dn" => return Ok(vec![schemas()]),
        "dp" | "z" => return Ok(vec![privileges(schema, session)]),
        other => return Err((format!("invalid command \\{other}"), true)),
    };
    let rows = relations(conversation, kinds, argument, plus);
    if rows.is_empty() {
        let text = match argument {
            "" => "Did not find any relations.".to_owned(),
            pattern => format!("Did not find any relation named \"{pattern}\"."),
        };
        return Err((text, false));
    }
    let mut columns = vec!["Schema", "Name", "Type", "Owner"];
    if plus {
        columns.extend(["Persistence", "Access method", "Size", "Description"]);
    }
    Ok(vec![Shown {
        title: "List of relations".to_owned(),
        right: vec![false; columns.len()],
        columns,
        rows,
        footers: None,
    }])
}

/// `cost_*` as psql reads it; a schema in front is `public` or matches nothing.
fn matches(name: &str, pattern: &str) -> bool {
    let pattern = pattern.strip_prefix("public.").unwrap_or(pattern).to_lowercase();
    if pattern.is_empty() {
        return true;
    }
    let parts: Vec<&str> = pattern.split('*').collect();
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return false };
    if parts.len() == 1 {
        return name == *first;
    }
    name.starts_with(first) && name.ends_with(last) && parts.iter().all(|part| name.contains(part))
}

/// The sequence that counts a table's key up.
fn sequence(table: &Table) -> Option<String> {
    let default = table.columns.iter().find_map(|c| c.default.as_deref()?.strip_prefix("nextval('"))?;
    default.split('\'').next().map(str::to_owned)
}

fn relations(conversation: &Conversation, kinds: &[&str], pattern: &str, plus: bool) -> Vec<Vec<Value>> {
    let mut found: Vec<(String, &str, u64)> = Vec::new();
    for table in conversation.schema().tables.values() {
        let rows = conversation.rows_of(&table.name);
        found.push((table.name.clone(), if table.is_view { "view" } else { "table" }, rows));
        found.extend(sequence(table).map(|name| (name, "sequence", 1)));
    }
    found.retain(|(name, kind, _)| kinds.contains(kind) && matches(name, pattern));
    found.sort();
    let owner = &conversation.session().owner;
    let row = |(name, kind, rows): (String, &str, u64)| {
        let mut row = vec![json!("public"), json!(name), json!(kind), json!(owner)];
        if plus {
            let (method, size) = match kind {
                "table" => (json!("heap"), size(rows)),
                "view" => (Value::Null, "0 bytes".to_owned()),
                _ => (Value::Null, "8192 bytes".to_owned()),
            };
            row.extend([json!("permanent"), method, json!(size), Value::Null]);
        }
        row
    };
    found.into_iter().map(row).collect()
}

fn size(rows: u64) -> String {
    match rows.saturating_mul(96).div_ceil(8192).saturating_mul(8) {
        0..10 => "8192 bytes".to_owned(),
        kb if kb < 10_240 => format!("{kb} kB"),
        kb => format!("{} MB", kb.saturating_add(512) / 1024),
    }
}

fn indexes(schema: &Schema, session: &Session, pattern: &str) -> Result<Vec<Shown>, String> {
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for table in schema.tables.values() {
        for index in table.indexes.iter().filter(|i| matches(&i.name, pattern)) {
            rows.push(vec![
                json!("public"),
                json!(index.name),
                json!("index"),
                json!(session.owner),
                json!(table.name),
            ]);
        }
    }
    rows.sort_by_key(|row| row.get(1).map(ToString::to_string));
    if rows.is_empty() {
        return Err("Did not find any relations.".to_owned());
    }
    let columns = vec!["Schema", "Name", "Type", "Owner", "Table"];
    Ok(vec![Shown {
        title: "List of relations".to_owned(),
        right: vec![false; 5],
        columns,
        rows,
        footers: None,
    }])
}

/// `\d NAME`: one description for each table, view or index that matches.
fn described(conversation: &Conversation, pattern: &str, plus: bool) -> Result<Vec<Shown>, String> {
    let schema = conversation.schema();
    let tables = schema.tables.values().filter(|t| matches(&t.name, pattern));
    let mut shown: Vec<Shown> = tables.map(|t| table(schema, t, plus)).collect();
    if shown.is_empty()
        && let Some((owner, index)) = schema.index(pattern)
    {
        let column = |name: &String| {
            let kind = owner.column(name).map(|c| c.kind.full_name()).unwrap_or_default();
            vec![json!(name), json!(kind), json!("yes"), json!(name)]
        };
        let what = if index.primary {
            "primary key, "
        } else if index.unique {
            "unique, "
        } else {
            ""
        };
        shown.push(Shown {
            title: format!("Index \"public.{}\"", index.name),
            columns: vec!["Column", "Type", "Key?", "Definition"],
            right: vec![false; 4],
            rows: index.columns.iter().map(column).collect(),
            footers: Some(vec![format!("{what}btree, for table \"public.{}\"", owner.name)]),
        });
    }
    if shown.is_empty() {
        return Err(format!("Did not find any relation named \"{pattern}\"."));
    }
    Ok(shown)
}

fn table(schema: &Schema, table: &Table, plus: bool) -> Shown {
    let mut columns = vec!["Column", "Type", "Collation", "Nullable", "Default"];
    if plus && table.is_view {
        columns.extend(["Storage", "Description"]);
    } else if plus {
        columns.extend(["Storage", "Compression", "Stats target", "Description"]);
    }
    let row = |c: &crate::sql::schema::Column| {
        let nullable = if c.not_null { "not null" } else { "" };
        let mut row = vec![
            json!(c.name),
            json!(c.kind.full_name()),
            Value::Null,
            json!(nullable),
            json!(c.default.clone().unwrap_or_default()),
        ];
        if plus {
            let storage = if c.kind.is_text() {
                "extended"
            } else if c.kind.is_numeric() {
                "main"
            } else {
                "plain"
            };
            row.push(json!(storage));
            row.resize(columns.len(), Value::Null);
        }
        row
    };
    let mut footers = footers(schema, table);
    if plus && !table.is_view {
        footers.push("Access method: heap".to_owned());
    }
    let kind = if table.is_view { "View" } else { "Table" };
    Shown {
        title: format!("{kind} \"public.{}\"", table.name),
        right: vec![false; columns.len()],
        rows: table.columns.iter().map(row).collect(),
        columns,
        footers: Some(footers),
    }
}

/// Indexes and keys below a table's columns.
fn footers(schema: &Schema, table: &Table) -> Vec<String> {
    let mut lines = Vec::new();
    let mut section = |title: &str, body: Vec<String>| {
        if !body.is_empty() {
            lines.push(title.to_owned());
            lines.extend(body.into_iter().map(|line| format!("    {line}")));
        }
    };
    let index = |i: &crate::sql::schema::Index| {
        let kind = match (i.primary, i.unique, i.constraint) {
            (true, ..) => "PRIMARY KEY, ",
            (_, true, true) => "UNIQUE CONSTRAINT, ",
            (_, true, false) => "UNIQUE, ",
            _ => "",
        };
        format!("\"{}\" {kind}btree ({})", i.name, i.columns.join(", "))
    };
    section("Indexes:", table.indexes.iter().map(index).collect());
    let reference = |key: &crate::sql::schema::ForeignKey| {
        let action = if key.on_delete == "NO ACTION" {
            String::new()
        } else {
            format!(" ON DELETE {}", key.on_delete)
        };
        format!(
            "FOREIGN KEY ({}) REFERENCES {}({}){action}",
            key.columns.join(", "),
            key.table,
            key.to.join(", ")
        )
    };
    let own = table.foreign_keys.iter().map(|key| format!("\"{}\" {}", key.name, reference(key)));
    section("Foreign-key constraints:", own.collect());
    let others = schema.referring(&table.name);
    let others =
        others.map(|(t, key)| format!("TABLE \"{}\" CONSTRAINT \"{}\" {}", t.name, key.name, reference(key)));
    section("Referenced by:", others.collect());
    lines
}

fn databases(session: &Session) -> Shown {
    let row = |name: &String| {
        let owner =
            if name == &session.database || name == "postgres" { session.owner.as_str() } else { "rdsadmin" };
        let access = match name.as_str() {
            "rdsadmin" => json!("rdsadmin=CTc/rdsadmin"),
            template if template.starts_with("template") => json!(format!("=c/{owner}\n{owner}=CTc/{owner}")),
            _ => Value::Null,
        };
        let mut row = vec![json!(name), json!(owner)];
        row.extend(LOCALE.iter().map(|text| if text.is_empty() { Value::Null } else { json!(text) }));
        row.push(access);
        row
    };
    Shown {
        title: "List of databases".to_owned(),
        columns: vec![
            "Name",
            "Owner",
            "Encoding",
            "Collate",
            "Ctype",
            "ICU Locale",
            "Locale Provider",
            "Access privileges",
        ],
        right: vec![false; 8],
        rows: session.databases.iter().map(row).collect(),
        footers: None,
    }
}

fn roles(session: &Session) -> Shown {
    let mut rows = vec![
        (session.owner.as_str(), "Create role, Create DB", "{rds_superuser}"),
        ("rds_superuser", "Cannot login", "{pg_monitor,pg_signal_backend,rds_password,rds_replication}"),
        ("rdsadmin", "Superuser, Create role, Create DB, Replication, Bypass RLS", "{}"),
    ];
    rows.sort_unstable();
    Shown {
        title: "List of roles".to_owned(),
        columns: vec!["Role name", "Attributes", "Member of"],
        right: vec![false; 3],
        rows: rows
            .into_iter()
            .map(|(name, attributes, of)| vec![json!(name), json!(attributes), json!(of)])
            .collect(),
        // This list is printed without a count.
        footers: Some(Vec::new()),
    }
}

fn schemas() -> Shown {
    Shown {
        title: "List of schemas".to_owned(),
        columns: vec!["Name", "Owner"],
        right: vec![false; 2],
        rows: vec![vec![json!("public"), json!("pg_database_owner")]],
        footers: None,
    }
}

fn privileges(schema: &Schema, session: &Session) -> Shown {
    let row = |t: &Table| {
        let kind = if t.is_view { "view" } else { "table" };
        let own = format!("{0}=arwdDxt/{0}", session.owner);
        vec![json!("public"), json!(t.name), json!(kind), json!(own), Value::Null, Value::Null]
    };
    Shown {
        title: "Access privileges".to_owned(),
        columns: vec!["Schema", "Name", "Type", "Access privileges", "Column privileges", "Policies"],
        right: vec![false; 6],
        rows: schema.tables.values().map(row).collect(),
        footers: None,
    }
}
