//! What would make a database agree with a schema file, what would be lost by it, and what cannot be done at all.

use super::migration_history::TABLE;
use super::migration_schema::{Field, Model};
use crate::sql::Data;
use crate::sql::schema::{Schema, Table, quoted};

/// Steps in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    /// Each in words and in SQL.
    pub steps: Vec<(String, String)>,
    /// What would be lost, or may fail.
    pub warnings: Vec<String>,
    /// What cannot be done with the rows that are there.
    pub impossible: Vec<String>,
}

impl Plan {
    pub fn of(models: &[Model], data: &Data) -> Self {
        let mut plan = Self::default();
        let schema = data.schema();
        let own = |table: &&Table| !table.is_view && table.name != TABLE;
        for model in models {
            match schema.tables.get(&model.table).filter(own) {
                Some(table) => plan.change(model, table, data),
                None => plan.step(format!("[+] Added table `{}`", model.table), made(model)),
            }
        }
        let strays = schema.tables.values().filter(own).filter(|t| models.iter().all(|m| m.table != t.name));
        for table in strays {
            let rows = rows(data, &table.name);
            if rows > 0 {
                plan.warnings.push(format!(
                    "You are about to drop the `{}` table, which is not empty ({rows} rows).",
                    table.name
                ));
            }
            plan.step(
                format!("[-] Removed table `{}`", table.name),
                format!("-- DropTable\nDROP TABLE {} CASCADE;\n", quoted(&table.name)),
            );
        }
        plan
    }

    fn step(&mut self, words: String, sql: String) {
        self.steps.push((words, sql));
    }

    fn change(&mut self, model: &Model, table: &Table, data: &Data) {
        let (name, rows) = (&model.table, rows(data, &table.name));
        let changed =
            |what: &str, column: &str| format!("[*] Changed the `{name}` table\n  {what} column `{column}`");
        for field in model.columns.iter().filter(|field| table.column(&field.column).is_none()) {
            if field.required && field.default.is_none() && rows > 0 {
                self.impossible.push(format!(
                    "Added the required column `{}` to the `{name}` table without a default value. There are {rows} rows in this table, \
                     it is not possible to execute this step.",
                    field.column
                ));
            }
            let sql = format!("-- AlterTable\nALTER TABLE {} ADD COLUMN {};\n", quoted(name), column(field));
            self.step(changed("[+] Added", &field.column), sql);
        }
        for stray in table.columns.iter().filter(|c| model.columns.iter().all(|field| field.column != c.name))
        {
            let count = format!("select count({}) as n from {}", quoted(&stray.name), quoted(name));
            let found = data.query(&count, &[]).ok().and_then(|rows| rows.first()?.get("n").cloned());
            let values = found.and_then(|n| n.as_u64().or_else(|| n.as_str()?.parse().ok())).unwrap_or(rows);
            if values > 0 {
                self.warnings.push(format!(
                    "You are about to drop the column `{}` on the `{name}` table, which still contains {values} non-null values.",
                    stray.name
                ));
            }
            let sql =
                format!("-- AlterTable\nALTER TABLE {} DROP COLUMN {};\n", quoted(name), quoted(&stray.name));
            self.step(changed("[-] Removed", &stray.name), sql);
        }
        for columns in &model.unique {
            if table.indexes.iter().any(|index| index.unique && index.columns == *columns) {
                continue;
            }
            let list = columns.join(",");
            self.warnings.push(format!(
                "A unique constraint covering the columns `[{list}]` on the table `{name}` will be added. If there are existing duplicate \
                 values, this will fail."
            ));
            self.step(
                format!("[*] Changed the `{name}` table\n  [+] Added unique index on columns ({list})"),
                unique(name, columns),
            );
        }
    }

    pub fn sql(&self) -> String {
        self.steps.iter().map(|(_, sql)| sql.as_str()).collect::<Vec<_>>().join("\n")
    }

    pub fn summary(&self) -> String {
        self.steps.iter().map(|(words, _)| format!("\n{words}\n")).collect()
    }
}

fn rows(data: &Data, table: &str) -> u64 {
    data.counts().get(table).copied().unwrap_or(0)
}

fn column(field: &Field) -> String {
    let null = if field.required { " NOT NULL" } else { "" };
    let default = field.default.as_ref().map(|value| format!(" DEFAULT {value}")).unwrap_or_default();
    format!("{} {}{null}{default}", quoted(&field.column), field.kind)
}

fn made(model: &Model) -> String {
    let names = |columns: &[String]| columns.iter().map(|c| quoted(c)).collect::<Vec<_>>().join(", ");
    let mut lines: Vec<String> = model.columns.iter().map(|field| format!("    {}", column(field))).collect();
    if !model.key.is_empty() {
        let name = quoted(&format!("{}_pkey", model.table));
        lines.push(format!("    CONSTRAINT {name} PRIMARY KEY ({})", names(&model.key)));
    }
    let table =
        format!("-- CreateTable\nCREATE TABLE {} (\n{}\n);\n", quoted(&model.table), lines.join(",\n"));
    model.unique.iter().fold(table, |sql, columns| format!("{sql}\n{}", unique(&model.table, columns)))
}

fn unique(table: &str, columns: &[String]) -> String {
    let names = columns.iter().map(|c| quoted(c)).collect::<Vec<_>>().join(", ");
    let index = quoted(&format!("{table}_{}_key", columns.join("_")));
    format!("-- CreateIndex\nCREATE UNIQUE INDEX {index} ON {}({names});\n", quoted(table))
}

/// SQL that drops all that a database holds.
pub(super) fn emptying(data: &Data) -> String {
    let schema: &Schema = data.schema();
    let views =
        schema.tables.values().filter(|t| t.is_view).map(|t| format!("DROP VIEW {};\n", quoted(&t.name)));
    let tables = schema.tables.values().filter(|t| !t.is_view);
    views.chain(tables.map(|t| format!("DROP TABLE {} CASCADE;\n", quoted(&t.name)))).collect()
}
