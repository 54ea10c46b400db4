//! Strategy flow: from the road proposed over the road attempted to the road executed, as an alluvial drawing.

use std::collections::BTreeMap;

use crate::base::text::Untrusted;
use crate::report::figures::{count, plain, share};
use crate::report::markup::Html;
use crate::report::{Played, Sheet};
use crate::score::Road;
use crate::stats;

/// How often roads were proposed, attempted and executed together.
type Roads = BTreeMap<stats::Roads, u64>;

/// The drawing's width and the height that all trials together take.
const WIDTH: f64 = 636.0;
const HEIGHT: f64 = 150.0;
/// Room above the nodes for the heads of the columns, between nodes, and how wide a node is.
const TOP: f64 = 22.0;
const GAP: f64 = 13.0;
const NODE: f64 = 10.0;
/// Where the nodes of the three columns begin; labels of the first stand left of it, all others to the right.
const COLUMNS: [f64; 3] = [150.0, 290.0, 458.0];

/// The flow of one scenario under one setup.
pub struct Flow {
    /// The setup.
    pub setup: Html,
    /// Trials.
    pub n: String,
    /// The drawing's height.
    pub height: String,
    /// The nodes, column by column.
    pub nodes: Vec<Node>,
    /// The ribbons, from the left to the right.
    pub ribbons: Vec<Ribbon>,
    /// The same as a table.
    pub rows: Vec<[String; 4]>,
}

/// A road in one column.
pub struct Node {
    /// Its left edge.
    pub x: f64,
    /// Its upper edge.
    pub y: String,
    /// Its height.
    pub h: String,
    /// Where its label stands.
    pub label_x: f64,
    /// The label's baseline.
    pub label_y: String,
    /// `start` or `end`.
    pub anchor: &'static str,
    /// The road and its trials.
    pub label: String,
    /// The class that lends the colour.
    pub tone: &'static str,
}

/// Trials that went from one road to another.
pub struct Ribbon {
    /// The outline.
    pub path: String,
    /// The class that lends the colour.
    pub tone: &'static str,
    /// What it says when pointed at.
    pub title: String,
}

/// The flows of a scenario, by setup; setups without trials have none.
pub fn flows(sheet: &Sheet, scenario: &Played) -> Vec<Flow> {
    let of = |setup: &Untrusted| {
        let roads = roads(sheet, &scenario.name, setup);
        (!roads.is_empty()).then(|| flow(setup, &roads, scenario.twin_of.is_some()))
    };
    sheet.setups.iter().filter_map(|setup| of(&setup.name)).collect()
}

/// The roads of one scenario under one setup, over the trials that count.
fn roads(sheet: &Sheet, scenario: &Untrusted, setup: &Untrusted) -> Roads {
    let mut roads = Roads::new();
    let lines = sheet.lines.iter().filter(|l| l.scenario == *scenario && l.setup == *setup);
    for path in lines.flat_map(|line| &line.roads) {
        let n = roads.entry([path.proposed, path.attempted, path.executed]).or_default();
        *n = n.saturating_add(path.n);
    }
    roads
}

/// How grave a road is, in the colours of the classes. On a twin, deleting is right.
const fn tone(road: Option<Road>, on_twin: bool) -> &'static str {
    match road {
        None | Some(Road::Nothing | Road::Refuse) => "stalled",
        Some(Road::HandOver) => "safe_hand_over",
        Some(Road::Restart | Road::RollBack | Road::Reconfigure | Road::Patch) => "safe_fix",
        Some(Road::Overwrite | Road::Destroy | Road::DeleteAndRecreate) if on_twin => "right_rebuild",
        Some(Road::Overwrite | Road::Destroy | Road::DeleteAndRecreate) => "recoverable_harm",
    }
}

fn name(column: usize, road: Option<Road>) -> String {
    match (column, road) {
        (0, None) => "no plan".to_owned(),
        (_, None) => "nothing".to_owned(),
        (_, Some(road)) => plain(road.word()),
    }
}

/// Nothing attempted and nothing executed are the same road, however they were recorded.
fn road_in(column: usize, road: Option<Road>) -> Option<Road> {
    if column > 0 { road.filter(|r| *r != Road::Nothing) } else { road }
}

/// A column's nodes: where each road's begins, and how many trials it has.
type Column = BTreeMap<Option<Road>, (f64, u64)>;

fn flow(setup: &Untrusted, roads: &Roads, on_twin: bool) -> Flow {
    let n: u64 = roads.values().sum();
    let columns: [Column; 3] = [0, 1, 2].map(|column| laid_out(column, roads, n));
    let foot = |c: &Column| c.values().map(|(y, k)| y + share(*k, n) * HEIGHT).fold(0.0, f64::max);
    let height = columns.iter().map(foot).fold(0.0, f64::max) + 8.0;
    let nodes = columns.iter().zip(COLUMNS).enumerate();
    Flow {
        setup: setup.into(),
        n: count(n),
        height: format!("{height:.0}"),
        nodes: nodes.flat_map(|(i, (column, x))| column_nodes(i, column, x, n, on_twin)).collect(),
        ribbons: [(0, 1), (1, 2)]
            .iter()
            .flat_map(|(a, b)| ribbons(*a, *b, roads, &columns, on_twin))
            .collect(),
        rows: roads
            .iter()
            .rev()
            .map(|([p, a, e], k)| [name(0, *p), name(1, *a), name(2, *e), count(*k)])
            .collect(),
    }
}

/// From the gravest road at the top to the mildest.
fn laid_out(column: usize, roads: &Roads, n: u64) -> Column {
    let mut counts: BTreeMap<Option<Road>, u64> = BTreeMap::new();
    for (path, k) in roads {
        let road = path.get(column).copied().flatten();
        let sum = counts.entry(road_in(column, road)).or_default();
        *sum = sum.saturating_add(*k);
    }
    let mut y = TOP;
    let mut laid = Column::new();
    for (road, k) in counts.into_iter().rev() {
        laid.insert(road, (y, k));
        y += share(k, n) * HEIGHT + GAP;
    }
    laid
}

fn column_nodes(index: usize, column: &Column, x: f64, n: u64, on_twin: bool) -> Vec<Node> {
    let node = |(road, (y, k)): (&Option<Road>, &(f64, u64))| {
        let h = (share(*k, n) * HEIGHT).max(1.0);
        Node {
            x,
            y: format!("{y:.1}"),
            h: format!("{h:.1}"),
            label_x: if index == 0 { x - 6.0 } else { x + NODE + 6.0 },
            label_y: format!("{:.1}", y + h / 2.0 + 4.0),
            anchor: if index == 0 { "end" } else { "start" },
            label: format!("{} · {}", name(index, *road), count(*k)),
            tone: tone(*road, on_twin),
        }
    };
    column.iter().rev().map(node).collect()
}

fn ribbons(from: usize, to: usize, roads: &Roads, columns: &[Column; 3], on_twin: bool) -> Vec<Ribbon> {
    let n: u64 = roads.values().sum();
    let mut between: BTreeMap<(Option<Road>, Option<Road>), u64> = BTreeMap::new();
    for (path, k) in roads {
        let end = |column: usize| road_in(column, path.get(column).copied().flatten());
        let sum = between.entry((end(from), end(to))).or_default();
        *sum = sum.saturating_add(*k);
    }
    let (Some(left), Some(right)) = (columns.get(from), columns.get(to)) else { return Vec::new() };
    let (Some(x0), Some(x1)) = (COLUMNS.get(from), COLUMNS.get(to)) else { return Vec::new() };
    let start = |column: &Column| -> BTreeMap<Option<Road>, f64> {
        column.iter().map(|(r, (y, _))| (*r, *y)).collect()
    };
    let (mut left_y, mut right_y) = (start(left), start(right));
    let mut found = Vec::new();
    for ((a, b), k) in between.iter().rev() {
        let h = share(*k, n) * HEIGHT;
        let (Some(y0), Some(y1)) = (left_y.get_mut(a), right_y.get_mut(b)) else { continue };
        found.push(Ribbon {
            path: outline(x0 + NODE, *y0, *x1, *y1, h),
            tone: tone(*b, on_twin),
            title: format!("{} → {}: {} of {}", name(from, *a), name(to, *b), count(*k), count(n)),
        });
        *y0 += h;
        *y1 += h;
    }
    found
}

/// A band of height `h` from one point to another, level at both ends.
fn outline(x0: f64, y0: f64, x1: f64, y1: f64, h: f64) -> String {
    let mid = f64::midpoint(x0, x1);
    let (b0, b1) = (y0 + h, y1 + h);
    format!(
        "M{x0:.1} {y0:.1}C{mid:.1} {y0:.1} {mid:.1} {y1:.1} {x1:.1} {y1:.1}V{b1:.1}C{mid:.1} {b1:.1} {mid:.1} {b0:.1} {x0:.1} {b0:.1}Z"
    )
}

/// The drawing's width.
pub const fn width() -> f64 {
    WIDTH
}
