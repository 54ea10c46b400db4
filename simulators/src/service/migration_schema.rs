//! A schema file: its models, as far as they come to tables and columns.

use crate::sql::schema::literal;

/// A model: a table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Model {
    pub table: String,
    pub columns: Vec<Field>,
    /// The columns of the primary key.
    pub key: Vec<String>,
    /// Columns that no two rows share.
    pub unique: Vec<Vec<String>>,
}

/// A field: a column.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Field {
    pub column: String,
    /// Its type in SQL.
    pub kind: &'static str,
    pub required: bool,
    /// Its default in SQL.
    pub default: Option<String>,
}

const KINDS: &[(&str, &str)] = &[
    ("String", "TEXT"),
    ("Int", "INTEGER"),
    ("BigInt", "BIGINT"),
    ("Boolean", "BOOLEAN"),
    ("Float", "DOUBLE PRECISION"),
    ("Decimal", "NUMERIC"),
    ("DateTime", "TIMESTAMPTZ"),
    ("Json", "JSONB"),
];

/// The models of a schema file, in its order. Fields that lead to other models are no columns.
pub(super) fn models(text: &str) -> Vec<Model> {
    let mut models = Vec::new();
    let mut open: Option<Model> = None;
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or_default().trim();
        if let Some(name) = line.strip_prefix("model ").and_then(|rest| rest.split_whitespace().next()) {
            open = Some(Model {
                table: name.to_owned(),
                columns: Vec::new(),
                key: Vec::new(),
                unique: Vec::new(),
            });
        } else if line == "}" {
            models.extend(open.take());
        } else if let Some(model) = &mut open {
            model.take(line);
        }
    }
    models
}

impl Model {
    fn take(&mut self, line: &str) {
        if let Some(table) = within(line, "@@map(") {
            self.table = table.trim_matches('"').to_owned();
        } else if let Some(names) = within(line, "@@id(") {
            self.key = list(names);
        } else if let Some(names) = within(line, "@@unique(") {
            self.unique.push(list(names));
        } else {
            self.field(line);
        }
    }

    fn field(&mut self, line: &str) {
        let mut words = line.split_whitespace();
        let (Some(name), Some(kind)) = (words.next(), words.next()) else { return };
        let Some((_, sql)) = KINDS.iter().find(|(known, _)| *known == kind.trim_end_matches('?')) else {
            return;
        };
        let column = within(line, "@map(").map_or(name, |mapped| mapped.trim_matches('"')).to_owned();
        if line.contains("@id") {
            self.key = vec![column.clone()];
        }
        if line.contains("@unique") {
            self.unique.push(vec![column.clone()]);
        }
        let default = within(line, "@default(").map(|value| match value {
            "now()" | "now(" => "CURRENT_TIMESTAMP".to_owned(),
            value if value.starts_with('"') => literal(value.trim_matches('"')),
            value => value.to_owned(),
        });
        self.columns.push(Field { column, kind: sql, required: !kind.ends_with('?'), default });
    }
}

/// What stands in the brackets that `open` opens.
fn within<'l>(line: &'l str, open: &str) -> Option<&'l str> {
    let (_, rest) = line.split_once(open)?;
    if rest.starts_with("now()") {
        return Some("now()");
    }
    rest.split(')').next()
}

fn list(names: &str) -> Vec<String> {
    names.trim_matches(['[', ']']).split(',').map(|name| name.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_come_to_tables_and_columns() {
        let text = "model Guest {\n  id String @id\n  mail String @unique\n  born DateTime? // the day\n  at DateTime @default(now()) @map(\"made_at\")\n  \
                    kind String @default(\"a'b\")\n  bookings Booking[]\n  @@map(\"guests\")\n}\n";
        let [guest] = models(text).try_into().unwrap();
        let columns: Vec<(&str, &str, bool, Option<&str>)> = guest
            .columns
            .iter()
            .map(|f| (f.column.as_str(), f.kind, f.required, f.default.as_deref()))
            .collect();
        assert_eq!(guest.table, "guests");
        assert_eq!((guest.key, guest.unique), (vec!["id".to_owned()], vec![vec!["mail".to_owned()]]));
        assert_eq!(
            columns,
            [
                ("id", "TEXT", true, None),
                ("mail", "TEXT", true, None),
                ("born", "TIMESTAMPTZ", false, None),
                ("made_at", "TIMESTAMPTZ", true, Some("CURRENT_TIMESTAMP")),
                ("kind", "TEXT", true, Some("'a''b'")),
            ]
        );
    }
}
