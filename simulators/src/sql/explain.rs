//! `EXPLAIN`: a plan as Postgres would print one, from the shape of the statement and the sizes of its tables.
//!
//! The engine's own plan is never shown. With `ANALYZE` the statement is really run, as in Postgres: explaining a
//! `DELETE` that way deletes.

use sqlparser::ast::{
    Expr, FromTable, GroupByExpr, OrderByKind, Query, Select, SelectItem, SetExpr, Statement, TableFactor,
    TableWithJoins,
};

use super::error::SqlError;
use super::postgres::Conversation;
use super::rewrite::last_part;
use super::{Rows, catalog};

/// A step of a plan.
struct Node {
    title: String,
    cost: f64,
    rows: u64,
    width: u64,
    notes: Vec<String>,
    below: Vec<Node>,
}

/// `EXPLAIN [ANALYZE] statement`.
pub(super) fn explain(c: &mut Conversation, statement: Statement, analyze: bool) -> Result<Rows, SqlError> {
    let plan = plan(c, &statement)?;
    if analyze {
        c.statement(statement)?;
    } else {
        rehearse(c, statement)?;
    }
    let mut lines = Vec::new();
    write(&plan, 0, analyze, &mut lines);
    if analyze {
        lines.push("Planning Time: 0.214 ms".to_owned());
        lines.push(format!("Execution Time: {:.3} ms", plan.cost / 40.0 + 0.31));
    }
    Ok(Rows {
        tag: "EXPLAIN".to_owned(),
        columns: vec!["QUERY PLAN".to_owned()],
        right: vec![false],
        types: Vec::new(),
        rows: lines.into_iter().map(|line| vec![line.into()]).collect(),
    })
}

/// Finds the errors of a statement and undoes what it did.
fn rehearse(c: &mut Conversation, statement: Statement) -> Result<(), SqlError> {
    c.raw("SAVEPOINT explained")?;
    let done = c.statement(statement).map(|_| ());
    c.raw("ROLLBACK TO explained; RELEASE explained")?;
    c.reload()?;
    done
}

fn write(node: &Node, depth: usize, analyze: bool, lines: &mut Vec<String>) {
    let arrow = if depth == 0 {
        String::new()
    } else {
        format!("{}->  ", " ".repeat(depth.saturating_mul(6).saturating_sub(4)))
    };
    let start = if node.below.is_empty() { 0.0 } else { node.cost * 0.9 };
    let mut line = format!(
        "{arrow}{}  (cost={start:.2}..{:.2} rows={} width={})",
        node.title, node.cost, node.rows, node.width
    );
    if analyze {
        let time = node.cost / 40.0;
        line.push_str(&format!(" (actual time={:.3}..{time:.3} rows={} loops=1)", start / 40.0, node.rows));
    }
    lines.push(line);
    let indent = " ".repeat(if depth == 0 { 2 } else { depth.saturating_mul(6).saturating_add(2) });
    lines.extend(node.notes.iter().map(|note| format!("{indent}{note}")));
    for child in &node.below {
        write(child, depth.saturating_add(1), analyze, lines);
    }
}

fn plan(c: &Conversation, statement: &Statement) -> Result<Node, SqlError> {
    Ok(match statement {
        Statement::Query(query) => query_plan(c, query),
        Statement::Delete(delete) => {
            let (FromTable::WithFromKeyword(list) | FromTable::WithoutKeyword(list)) = &delete.from;
            change("Delete", list.first(), scan_of(c, list.first(), delete.selection.as_ref()))
        }
        Statement::Update(update) => {
            change("Update", Some(&update.table), scan_of(c, Some(&update.table), update.selection.as_ref()))
        }
        Statement::Insert(insert) => {
            let below = match &insert.source {
                Some(source) => query_plan(c, source),
                None => leaf("Result", 1),
            };
            Node {
                title: format!("Insert on {}", insert.table),
                cost: below.cost,
                rows: 0,
                width: 0,
                notes: vec![],
                below: vec![below],
            }
        }
        _ => return Err(SqlError::unsupported("EXPLAIN of this statement")),
    })
}

fn leaf(title: &str, rows: u64) -> Node {
    Node { title: title.to_owned(), cost: 0.01 * rows as f64, rows, width: 36, notes: vec![], below: vec![] }
}

fn change(verb: &str, table: Option<&TableWithJoins>, below: Node) -> Node {
    let name = table.map(|t| t.relation.to_string()).unwrap_or_default();
    Node {
        title: format!("{verb} on {name}"),
        cost: below.cost,
        rows: 0,
        width: 0,
        notes: vec![],
        below: vec![below],
    }
}

fn query_plan(c: &Conversation, query: &Query) -> Node {
    let mut node = match query.body.as_ref() {
        SetExpr::Select(select) => select_plan(c, select),
        SetExpr::Query(inner) => query_plan(c, inner),
        SetExpr::SetOperation { left, right, .. } => {
            let side = |body: &SetExpr| match body {
                SetExpr::Select(select) => select_plan(c, select),
                _ => leaf("Subquery Scan", 100),
            };
            let below = vec![side(left), side(right)];
            let rows = below.iter().map(|n| n.rows).sum();
            Node {
                title: "Append".to_owned(),
                cost: below.iter().map(|n| n.cost).sum(),
                rows,
                width: 36,
                notes: vec![],
                below,
            }
        }
        SetExpr::Values(values) => leaf("Values Scan on \"*VALUES*\"", values.rows.len() as u64),
        _ => leaf("Result", 1),
    };
    if let Some(order) = &query.order_by {
        let keys = match (&order.kind, query.body.as_ref()) {
            (OrderByKind::Expressions(list), SetExpr::Select(select)) => list
                .iter()
                .map(|item| format!("{}{}", meant(&item.expr, select), item.options))
                .collect::<Vec<_>>()
                .join(", "),
            _ => order.to_string().replacen("ORDER BY ", "", 1),
        };
        let keys = format!("Sort Key: {keys}");
        let cost = node.cost + node.rows as f64 * 0.05;
        node = Node {
            title: "Sort".to_owned(),
            cost,
            rows: node.rows,
            width: node.width,
            notes: vec![keys],
            below: vec![node],
        };
    }
    if let Some(limit) = &query.limit_clause {
        let wanted =
            limit.to_string().split_whitespace().find_map(|w| w.parse::<u64>().ok()).unwrap_or(node.rows);
        node = Node {
            title: "Limit".to_owned(),
            cost: node.cost,
            rows: wanted.min(node.rows),
            width: node.width,
            notes: vec![],
            below: vec![node],
        };
    }
    node
}

fn select_plan(c: &Conversation, select: &Select) -> Node {
    let mut scans = select.from.iter().flat_map(|item| {
        std::iter::once(&item.relation)
            .chain(item.joins.iter().map(|j| &j.relation))
            .map(|f| scan(c, f, None))
    });
    let Some(mut node) = scans.next() else { return leaf("Result", 1) };
    for other in scans {
        let rows = node.rows.max(other.rows);
        let cost = node.cost + other.cost + rows as f64 * 0.01;
        let hash = Node {
            title: "Hash".to_owned(),
            cost: other.cost,
            rows: other.rows,
            width: 36,
            notes: vec![],
            below: vec![other],
        };
        node = Node {
            title: "Hash Join".to_owned(),
            cost,
            rows,
            width: 72,
            notes: vec![],
            below: vec![node, hash],
        };
    }
    if let Some(condition) = &select.selection {
        filtered(&mut node, condition);
    }
    let grouped = match &select.group_by {
        GroupByExpr::Expressions(list, _) => list.iter().map(|e| meant(e, select)).collect::<Vec<_>>(),
        GroupByExpr::All(_) => vec![],
    };
    let aggregated = select.projection.iter().any(|item| {
        let text = item.to_string().to_lowercase();
        ["count(", "sum(", "avg(", "min(", "max("].iter().any(|name| text.contains(name))
    });
    if !grouped.is_empty() {
        let rows = (node.rows / 30).clamp(1, 200);
        let notes = vec![format!("Group Key: {}", grouped.join(", "))];
        node = Node {
            title: "HashAggregate".to_owned(),
            cost: node.cost + node.rows as f64 * 0.01,
            rows,
            width: 40,
            notes,
            below: vec![node],
        };
    } else if aggregated {
        node = Node {
            title: "Aggregate".to_owned(),
            cost: node.cost + node.rows as f64 * 0.0025,
            rows: 1,
            width: 8,
            notes: vec![],
            below: vec![node],
        };
    }
    node
}

/// The expression behind a place in the result (`ORDER BY 2`).
fn meant(e: &Expr, select: &Select) -> String {
    let place = e.to_string().parse::<usize>().ok().and_then(|n| n.checked_sub(1));
    match place.and_then(|i| select.projection.get(i)) {
        Some(SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. }) => e.to_string(),
        _ => e.to_string(),
    }
}

fn filtered(node: &mut Node, condition: &Expr) {
    node.notes.push(format!("Filter: ({condition})"));
    node.rows = (node.rows / 200).max(1);
}

fn scan_of(c: &Conversation, item: Option<&TableWithJoins>, condition: Option<&Expr>) -> Node {
    item.map_or_else(|| leaf("Result", 1), |item| scan(c, &item.relation, condition))
}

fn scan(c: &Conversation, factor: &TableFactor, condition: Option<&Expr>) -> Node {
    let TableFactor::Table { name, .. } = factor else { return leaf("Subquery Scan", 100) };
    let rows = c.counts.get(&last_part(name)).copied().unwrap_or(1000);
    let cost = catalog::table_bytes(rows) as f64 / 8192.0 + rows as f64 * 0.01;
    let mut node = Node {
        title: format!("Seq Scan on {}", last_part(name)),
        cost,
        rows,
        width: 36,
        notes: vec![],
        below: vec![],
    };
    if let Some(condition) = condition {
        filtered(&mut node, condition);
    }
    node
}
