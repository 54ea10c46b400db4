//! The laws of the world, checked on a second world that is driven by what the ledger recorded of the first.

use std::collections::{BTreeMap, BTreeSet};

use chesterton::ledger::Recorded;
use chesterton::record::Event;
use chesterton::record::verdict::Ground;
use simulators::World;
use simulators::call::{Call, Service};
use simulators::cli::{self, Parsed};
use simulators::clock::{DAY_S, Time};
use simulators::effect::Effect;
use simulators::resource::Uid;
use simulators::settle::{self, Settlement};

/// How far a preview may look ahead, and a little more.
const HORIZON_S: i64 = 4 * DAY_S;

/// Kinds of which the real thing lets several stand under one name.
const NAMES_REPEAT: [&str; 1] = ["AWS::ApiGateway::RestApi"];

/// A world that is driven by a ledger.
pub struct Shadow {
    world: World,
    effects: Vec<Effect>,
    known: BTreeMap<Uid, Known>,
    calls: u32,
    answered: Answered,
}

/// How often each operation was done, and refused.
pub type Answered = BTreeMap<(Service, String), (u32, u32)>;

/// What about a resource never changes.
struct Known {
    kind: String,
    created: Time,
    destroyed: Option<Time>,
}

/// Plays a recorded trial again on a fresh world of the same seed, and holds every law on the way.
pub fn hold(fresh: &World, recorded: &Recorded) -> Answered {
    let mut shadow = Shadow {
        world: fresh.clone(),
        effects: Vec::new(),
        known: BTreeMap::new(),
        calls: 0,
        answered: Answered::new(),
    };
    shadow.resources("the beginning");
    let mut told: Vec<Effect> = Vec::new();
    for (at, event) in recorded.events.iter().enumerate() {
        match event {
            Event::Tool { at, .. } | Event::Ended { at, .. } => shadow.advance(*at),
            Event::Effects { effects } => told.extend(effects.clone()),
            Event::Attempt { at: time, call, .. } => {
                shadow.advance(*time);
                shadow.attempt(call, &recorded.events[at + 1..]);
            }
            Event::Settled { settlement } => shadow.settle(fresh, settlement),
            _ => {}
        }
    }
    shadow.collect();
    assert_eq!(shadow.effects, told, "the ledger's effects are not those of its calls");
    shadow.answered
}

impl Shadow {
    fn advance(&mut self, to: Time) {
        assert!(to >= self.world.now(), "the clock went back from {} to {to}", self.world.now());
        self.world.advance(to);
        self.collect();
        self.resources("time passing");
    }

    fn collect(&mut self) {
        self.effects.extend(self.world.take_effects());
    }

    /// One attempt, with what the ledger says after it.
    fn attempt(&mut self, call: &Call, after: &[Event]) {
        self.calls += 1;
        let arguments: String =
            serde_json::Value::from(call.args.clone()).to_string().chars().take(400).collect();
        let what = format!("call {} {:?} {} {arguments}", call.id.0, call.service, call.operation);
        let before = self.world.digest();
        let preview = self.world.preview(call);
        assert_eq!(self.world.digest(), before, "the preview of {what} left a trace");
        let own = || after.iter().take_while(|e| !matches!(e, Event::Attempt { .. } | Event::Tool { .. }));
        let recorded = own().find_map(|event| match event {
            Event::Preview { effects, refusal, .. } => Some((effects, refusal)),
            _ => None,
        });
        match recorded {
            Some(recorded) => assert_eq!(recorded, (&preview.effects, &preview.refusal), "{what} previewed"),
            None => assert!(call.is_read() && preview.effects.is_empty(), "{what} was not previewed"),
        }
        let verdict = own().find_map(|event| match event {
            Event::Verdict { verdict, .. } => Some(verdict),
            _ => None,
        });
        if let Some(verdict) = verdict {
            let forbidden = verdict.ground == Ground::Permission;
            assert_eq!(forbidden, self.world.authorize(call).is_err(), "{what} is forbidden");
            self.advance(self.world.now().plus(verdict.waited_s));
            if !verdict.allows() {
                return;
            }
        }
        // What was shown to somebody who took their time was true when they were asked.
        let waited = verdict.is_some_and(|verdict| verdict.waited_s > 0);
        let previewed = if waited { self.world.preview(call).effects } else { preview.effects };
        self.apply(call, &what, &previewed);
    }

    fn apply(&mut self, call: &Call, what: &str, previewed: &[Effect]) {
        let (began, before) = (self.world.now(), self.world.digest());
        let answer = self.world.apply(call);
        let count = self.answered.entry((call.service, call.operation.clone())).or_default();
        *if answer.is_ok() { &mut count.0 } else { &mut count.1 } += 1;
        assert!(self.world.now() >= began, "{what} turned the clock back");
        let effects = self.world.take_effects();
        let own: Vec<&Effect> = effects.iter().filter(|e| e.cause == call.id).collect();
        let waited = self.world.now() > began;
        if let Err(refusal) = &answer {
            assert!(own.is_empty(), "{what} was refused ({refusal}) and had effects: {own:?}");
        }
        if (answer.is_err() || call.is_read()) && !waited {
            assert!(
                self.world.digest() == before,
                "{what} was refused or only reads ({answer:?}) and changed the world"
            );
        }
        for effect in &own {
            assert!(
                previewed.contains(effect),
                "{what} was not previewed with {effect:?} but with {previewed:?}"
            );
        }
        self.effects.extend(effects.clone());
        self.resources(what);
        if !call.is_read() && answer.is_ok() && self.calls.is_multiple_of(3) {
            self.in_the_end(call, what, previewed, &own.into_iter().cloned().collect::<Vec<_>>());
        }
    }

    /// What a call sets going comes out as it was previewed, if nobody gets in between.
    fn in_the_end(&self, call: &Call, what: &str, previewed: &[Effect], at_once: &[Effect]) {
        let mut later = self.world.clone();
        later.advance(later.now().plus(HORIZON_S));
        let rest = later.take_effects().into_iter().filter(|e| e.cause == call.id);
        let all: Vec<Effect> = at_once.iter().cloned().chain(rest).collect();
        assert_eq!(all, previewed, "{what} did other things than were previewed");
    }

    /// Identities are never reused, what is gone stays gone, and nothing stands twice.
    fn resources(&mut self, what: &str) {
        let mut standing = BTreeSet::new();
        let mut count = 0;
        for resource in self.world.resources() {
            count += 1;
            let new = Known {
                kind: resource.kind.clone(),
                created: resource.created,
                destroyed: resource.destroyed,
            };
            if let Some(known) = self.known.get(&resource.uid) {
                assert_eq!(
                    (&known.kind, known.created),
                    (&new.kind, new.created),
                    "{} became another in {what}",
                    resource.uid
                );
                assert!(
                    known.destroyed.is_none() || known.destroyed == new.destroyed,
                    "{} came back in {what}",
                    resource.uid
                );
            }
            self.known.insert(resource.uid, new);
            let repeats = NAMES_REPEAT.contains(&resource.kind.as_str());
            if resource.destroyed.is_none() && !repeats {
                let first = standing.insert((resource.kind.clone(), resource.name.clone()));
                assert!(first, "{} {} stands twice after {what}", resource.kind, resource.name);
            }
        }
        assert_eq!(count, self.known.len(), "a resource vanished in {what}");
    }

    fn settle(&mut self, fresh: &World, recorded: &Settlement) {
        let began = self.world.now();
        let settlement = settle::settle(&mut self.world);
        assert_eq!(&settlement, recorded, "it settles otherwise");
        let days = settlement.ended.since(began) / DAY_S;
        assert!(days <= 8, "settling took {days} days");
        self.collect();
        self.resources("settling");
        self.conserved(fresh, &settlement);
    }

    /// Every row of the beginning is there unchanged, or was counted as lost.
    fn conserved(&self, fresh: &World, settlement: &Settlement) {
        for store in &settlement.stores {
            assert!(store.records_lost <= store.records_before, "{store:?}");
            // What is no database has no rows that could be counted by its own door.
            let Some(staged) = self.world.stage().database.iter().find(|d| d.id == store.name) else {
                continue;
            };
            let login = (staged.user.as_str(), staged.name.as_str());
            let mut before = tables(fresh, &store.name, login).unwrap();
            before.retain(|table, _| !staged.bookkeeping.contains(table));
            let rows: usize = before.values().map(|table| table.rows.len()).sum();
            assert_eq!(store.records_before, u64::try_from(rows).unwrap());
            let Some(after) = tables(&self.world, &store.name, login) else { continue };
            let same_shape = before
                .iter()
                .all(|(name, table)| after.get(name).is_some_and(|now| now.columns == table.columns));
            if !same_shape {
                continue;
            }
            let kept: usize = before.iter().map(|(name, table)| common(&table.rows, &after[name].rows)).sum();
            let lost = u64::try_from(rows - kept).unwrap();
            assert_eq!(store.records_lost, lost, "{}: {rows} rows before, {kept} are left", store.name);
        }
    }
}

struct Table {
    columns: String,
    rows: Vec<String>,
}

/// How many of these rows are among those, each counted once.
fn common(before: &[String], after: &[String]) -> usize {
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for row in after {
        *left.entry(row).or_default() += 1;
    }
    let taken = |row: &&String| match left.get_mut(row.as_str()) {
        Some(count) if *count > 0 => {
            *count -= 1;
            true
        }
        _ => false,
    };
    before.iter().filter(taken_by(taken)).count()
}

fn taken_by<'a>(mut taken: impl FnMut(&&'a String) -> bool) -> impl FnMut(&&'a String) -> bool {
    move |row| taken(row)
}

/// The tables of a database as its own door shows them; nothing if it cannot be asked.
fn tables(world: &World, instance: &str, login: (&str, &str)) -> Option<BTreeMap<String, Table>> {
    let listed = "select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'";
    let names = ask(world, instance, login, listed)?;
    let mut tables = BTreeMap::new();
    for name in names {
        let of = format!(
            "select column_name, data_type from information_schema.columns where table_name = '{name}' order by ordinal_position"
        );
        let columns = ask(world, instance, login, &of)?.join(",");
        let rows = ask(world, instance, login, &format!("select * from \"{name}\""))?;
        tables.insert(name, Table { columns, rows });
    }
    Some(tables)
}

fn ask(world: &World, instance: &str, login: (&str, &str), sql: &str) -> Option<Vec<String>> {
    let words = ["psql", "-h", instance, "-U", login.0, "-d", login.1, "-tA", "-c", sql].map(str::to_owned);
    let mut world = world.clone();
    let Parsed::Call(mut call, render) = cli::parse(&world, &words) else { return None };
    call.principal = world.stage().profiles["inherited"].clone();
    let reply = render.reply(&world.apply(&call));
    (reply.code == 0).then(|| reply.stdout.lines().map(str::to_owned).collect())
}
