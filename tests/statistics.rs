//! Every statistic beside what SciPy and statsmodels say (tables and the script that made them: `tests/reference`), and the
//! laws that hold for all inputs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a test fails loudly"
)]

use std::path::PathBuf;

use chesterton::stats::effects::{Compared, Effect, Layout, Wanted};
use chesterton::stats::*;
use proptest::prelude::*;
use simulators::chance::Chance;

/// How far a value may be from its reference.
const CLOSE: f64 = 1e-9;
/// Fewer than this are no family.
const VALUES_MIN: usize = 60;

struct Reference {
    rows: Vec<csv::StringRecord>,
    headers: csv::StringRecord,
}

impl Reference {
    fn of(family: &str) -> Self {
        let path = format!("tests/reference/{family}.csv");
        let mut reader =
            csv::Reader::from_path(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
        let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert!(rows.len() >= VALUES_MIN, "{family} has {} rows", rows.len());
        Self { headers: reader.headers().unwrap().clone(), rows }
    }

    fn check(&self, mut compare: impl FnMut(&Row<'_>)) {
        self.rows.iter().for_each(|row| compare(&Row { row, headers: &self.headers }));
    }
}

struct Row<'a> {
    row: &'a csv::StringRecord,
    headers: &'a csv::StringRecord,
}

impl Row<'_> {
    fn text(&self, column: &str) -> &str {
        &self.row[self.headers.iter().position(|h| h == column).unwrap()]
    }

    fn n(&self, column: &str) -> u64 {
        self.text(column).parse().unwrap()
    }

    fn x(&self, column: &str) -> f64 {
        self.text(column).parse().unwrap()
    }

    fn same(&self, column: &str, found: f64) {
        let known = self.x(column);
        assert!((found - known).abs() <= CLOSE, "{column} of {:?}: {found} is not {known}", self.row);
    }

    fn pairs(&self) -> Pairs {
        let (only_first, only_second) = (self.n("only_first"), self.n("only_second"));
        Pairs { n: self.n("n"), only_first, only_second }
    }
}

#[test]
fn proportions() {
    Reference::of("proportions").check(|row| {
        let (k, n, confidence) = (row.n("k"), row.n("n"), row.x("confidence"));
        let exact = clopper_pearson(k, n, confidence).unwrap();
        row.same("low", exact.low);
        row.same("high", exact.high);
        row.same("lower", lower_bound(k, n, confidence).unwrap());
        row.same("upper", upper_bound(k, n, confidence).unwrap());
        let score = wilson(k, n, confidence).unwrap();
        row.same("wilson_low", score.low);
        row.same("wilson_high", score.high);
    });
    assert_eq!(clopper_pearson(0, 0, 0.95), None, "nothing was measured");
    assert_eq!(clopper_pearson(2, 1, 0.95), None, "more than there are");
    assert_eq!((upper_bound(0, 0, 0.95), lower_bound(0, 0, 0.95), wilson(0, 0, 0.95)), (None, None, None));
    assert_eq!(clopper_pearson(1, 2, 1.0), None, "certainty is no confidence");
    assert_eq!(clopper_pearson(1, 2, f64::NAN), None);
}

#[test]
fn two_samples() {
    Reference::of("two_samples").check(|row| {
        let (k1, n1, k2, n2) = (row.n("k1"), row.n("n1"), row.n("k2"), row.n("n2"));
        let interval = newcombe(k1, n1, k2, n2, row.x("confidence")).unwrap();
        row.same("low", interval.low);
        row.same("high", interval.high);
        row.same("fisher_p", fisher(k1, n1, k2, n2));
    });
    assert_eq!(newcombe(0, 0, 1, 2, 0.95), None);
    assert_eq!(fisher(0, 0, 1, 2), 1.0);
}

#[test]
fn pairs() {
    Reference::of("pairs").check(|row| {
        let interval = tango(row.pairs(), row.x("confidence")).unwrap();
        row.same("low", interval.low);
        row.same("high", interval.high);
        row.same("mcnemar_p", mcnemar(row.pairs()));
    });
    Reference::of("mcnemar").check(|row| {
        let (only_first, only_second) = (row.n("only_first"), row.n("only_second"));
        row.same("p", mcnemar(Pairs { n: only_first + only_second, only_first, only_second }));
    });
    assert_eq!(tango(Pairs::default(), 0.95), None);
    assert_eq!(
        tango(Pairs { n: 1, only_first: 1, only_second: 1 }, 0.95),
        None,
        "more differ than there are"
    );
}

#[test]
fn families_of_tests() {
    let mut families: Vec<(u64, Vec<f64>, Vec<f64>)> = Vec::new();
    Reference::of("holm").check(|row| {
        if families.last().is_none_or(|(family, ..)| *family != row.n("family")) {
            families.push((row.n("family"), vec![], vec![]));
        }
        let (_, p, adjusted) = families.last_mut().unwrap();
        p.push(row.x("p"));
        adjusted.push(row.x("adjusted"));
    });
    for (family, p, adjusted) in families {
        for (found, known) in holm(&p).into_iter().zip(adjusted) {
            assert!((found - known).abs() <= CLOSE, "family {family}: {found} is not {known}");
        }
    }
    assert_eq!(holm(&[]), Vec::<f64>::new());
}

#[test]
fn repeats() {
    Reference::of("repeats").check(|row| {
        let (harmed, n, k) = (row.n("harmed"), row.n("n"), row.n("k"));
        match row.text("any_of_k") {
            "" => assert_eq!((any_of_k(harmed, n, k), pass_hat_k(n - harmed, n, k)), (None, None)),
            _ => {
                row.same("any_of_k", any_of_k(harmed, n, k).unwrap());
                row.same("pass_hat_k", pass_hat_k(n - harmed, n, k).unwrap());
            }
        }
        let interval = any_of_k_interval(harmed, n, k, 0.95).unwrap();
        row.same("low", interval.low);
        row.same("high", interval.high);
    });
    assert_eq!((any_of_k(0, 0, 1), pass_hat_k(1, 1, 0), any_of_k(2, 1, 1)), (None, None, None));
}

#[test]
fn signed_ranks() {
    Reference::of("signed_rank").check(|row| {
        let differences: Vec<i64> = row.text("differences").split(' ').map(|d| d.parse().unwrap()).collect();
        row.same("p", signed_rank(&differences).p);
    });
    let none = signed_rank(&[]);
    assert_eq!((none.n, none.risen, none.fallen, none.p), (0, 0.0, 0.0, 1.0));
    assert_eq!(signed_rank(&[i64::MIN, i64::MAX]).n, 2, "the largest differences do not overflow");
}

#[test]
fn agreements() {
    Reference::of("agreement").check(|row| {
        let ratings: Vec<Vec<bool>> = row
            .text("ratings")
            .split(' ')
            .map(|subject| subject.chars().map(|c| c == '1').collect())
            .collect();
        let found = agreement(&ratings, row.x("confidence")).unwrap();
        assert_eq!(found.agreed, row.n("agree"));
        row.same("agree_low", found.interval.low);
        row.same("agree_high", found.interval.high);
        let (kappa, ac1) = (found.kappa.unwrap(), found.ac1.unwrap());
        row.same("kappa", kappa.value);
        row.same("kappa_low", kappa.interval.low);
        row.same("kappa_high", kappa.interval.high);
        row.same("ac1", ac1.value);
        row.same("ac1_low", ac1.interval.low);
        row.same("ac1_high", ac1.interval.high);
    });
    assert_eq!(agreement(&[], 0.95), None);
    assert_eq!(agreement(&[vec![true], vec![false]], 0.95), None, "one rater agrees with nobody");
    assert_eq!(agreement(&[vec![true, true], vec![false]], 0.95), None);
    let one = agreement(&[vec![true, false]], 0.95).unwrap();
    assert_eq!((one.agreed, one.kappa, one.ac1), (0, None, None), "one subject has no spread");
    // Kappa has nothing to say where everybody says yes of everything; AC1 does, and leaves room for doubt.
    let all = agreement(&vec![vec![true, true]; 10], 0.95).unwrap();
    let ac1 = all.ac1.unwrap();
    assert_eq!((all.agreed, all.kappa, ac1.value, ac1.interval.high), (10, None, 1.0, 1.0));
    assert!((ac1.interval.low - 0.691_502_892).abs() < 1e-6, "{:?}", ac1.interval);
}

/// At the confidence that they state, intervals of agreement hold the truth about as often as that.
#[test]
fn intervals_of_agreement_hold_the_truth() {
    // Two raters who see the same truth, half of it yes, and each err in one of ten: the joint shares are known.
    let (same, kappa) = (0.82, 0.64);
    let covered = coverage("agreement", |stream| {
        let rate = |stream: &mut Chance, truth: bool| truth ^ (stream.between(0, 999) < 100);
        let rows: Vec<Vec<bool>> = (0..80)
            .map(|_| {
                let truth = stream.between(0, 999) < 500;
                vec![rate(stream, truth), rate(stream, truth)]
            })
            .collect();
        let found = agreement(&rows, 0.95).unwrap();
        found.interval.holds(same)
            && found.kappa.unwrap().interval.holds(kappa)
            && found.ac1.unwrap().interval.holds(kappa)
    });
    assert!((0.91..=0.98).contains(&covered), "{covered}");
    println!("intervals of agreement: {covered}");
}

#[test]
fn suites() {
    Reference::of("bootstrap").check(|row| {
        let count = |part: &str| part.parse::<u64>().unwrap();
        let suite: Vec<(u64, u64)> = row
            .text("suite")
            .split(' ')
            .map(|s| s.split_once('/').map(|(k, n)| (count(k), count(n))).unwrap())
            .collect();
        let interval = cluster_bootstrap(&suite, row.x("confidence"), row.n("seed"), rate).unwrap();
        row.same("low", interval.low);
        row.same("high", interval.high);
    });
    assert_eq!(cluster_bootstrap(&[(1, 5)], 0.95, 1, rate), None, "one says nothing of others");
    assert_eq!(cluster_bootstrap(&[], 0.95, 1, rate), None);
    assert_eq!(cluster_bootstrap(&[(0, 0), (0, 0)], 0.95, 1, rate), None, "0 of 0 is no rate");
}

fn rate(drawn: &[&(u64, u64)]) -> f64 {
    let sum = |of: fn(&(u64, u64)) -> u64| drawn.iter().map(|c| of(c)).sum::<u64>() as f64;
    sum(|c| c.0) / sum(|c| c.1)
}

#[test]
fn plans() {
    Reference::of("power").check(|row| {
        let (n, flips) = (row.n("n"), Flips { worse: row.x("worse"), better: row.x("better") });
        row.same("detect", power_to_detect(n, flips, row.x("alpha")));
        row.same("rule_out", power_to_rule_out(n, flips, row.x("margin"), row.x("confidence")));
    });
    Reference::of("bounds").check(|row| {
        assert_eq!(trials_to_bound(row.x("rate"), row.x("confidence")), Some(row.n("n")), "{:?}", row.row);
    });
    assert_eq!((trials_to_bound(0.0, 0.95), trials_to_bound(1.0, 0.95)), (None, None));
}

/// Trials of a simulated agent: how many of `n` have it, at a rate in thousandths.
fn simulated(stream: &mut Chance, n: u64, thousandths: i64) -> u64 {
    (0..n).map(|_| u64::from(stream.between(0, 999) < thousandths)).sum()
}

/// The share of simulated experiments whose interval holds the truth.
fn coverage(name: &str, mut holds: impl FnMut(&mut Chance) -> bool) -> f64 {
    const EXPERIMENTS: u32 = 4_000;
    let mut stream = Chance::stream(1, name);
    f64::from((0..EXPERIMENTS).map(|_| u32::from(holds(&mut stream))).sum::<u32>()) / f64::from(EXPERIMENTS)
}

#[test]
fn intervals_hold_the_truth_as_often_as_they_say() {
    for (n, rate) in [(5, 10), (5, 300), (20, 50), (60, 20), (60, 500), (60, 990)] {
        let truth = rate as f64 / 1000.0;
        let exact =
            coverage("one", |s| clopper_pearson(simulated(s, n, rate), n, 0.95).unwrap().holds(truth));
        assert!(exact >= 0.945, "{n} trials at {truth}: exact {exact}");
        let bound = coverage("bound", |s| truth <= upper_bound(simulated(s, n, rate), n, 0.95).unwrap());
        assert!(bound >= 0.945, "{n} trials at {truth}: bound {bound}");
    }
    for (n1, r1, n2, r2) in [(20, 100, 30, 400), (60, 500, 60, 450), (60, 20, 60, 100), (40, 300, 200, 300)] {
        let truth = (r1 - r2) as f64 / 1000.0;
        let found = coverage("two", |s| {
            let (k1, k2) = (simulated(s, n1, r1), simulated(s, n2, r2));
            newcombe(k1, n1, k2, n2, 0.95).unwrap().holds(truth)
        });
        assert!(found >= 0.93, "{n1} at {r1} beside {n2} at {r2}: {found}");
    }
    for (n, worse, better) in [(20, 200, 100), (60, 50, 50), (60, 300, 20), (200, 20, 10)] {
        let truth = (worse - better) as f64 / 1000.0;
        let found = coverage("pairs", |s| {
            let mut pairs = Pairs { n, ..Pairs::default() };
            for _ in 0..n {
                let drawn = s.between(0, 999);
                pairs.only_first += u64::from(drawn < worse);
                pairs.only_second += u64::from((worse..worse + better).contains(&drawn));
            }
            tango(pairs, 0.95).unwrap().holds(truth)
        });
        assert!(found >= 0.93, "{n} pairs, {worse} worse, {better} better: {found}");
    }
}

/// Exactly, not by simulation: summed over every outcome.
#[test]
fn nothing_is_called_falsely_more_often_than_agreed() {
    for n in [1, 5, 20, 60, 150] {
        for flips in [0.01, 0.1, 0.3, 0.5] {
            let no_change = Flips { worse: flips, better: flips };
            let regressed = power_to_detect(n, no_change, 0.05);
            assert!(regressed <= 0.025 + 1e-9, "{n} pairs, {flips} flip: regressed in {regressed}");
        }
        for better in [0.0, 0.02, 0.1] {
            let at_the_margin = Flips { worse: better + 0.1, better };
            let unchanged = power_to_rule_out(n, at_the_margin, 0.1, 0.95);
            assert!(unchanged <= 0.033, "{n} pairs, {better} better: unchanged in {unchanged}");
        }
    }
}

#[test]
fn telling_twins_apart_has_an_interval() {
    let sure = discrimination((60, 60), (0, 60), 0.95).unwrap();
    assert_eq!(sure.value, 1.0);
    assert!(sure.interval.low > 0.9 && sure.interval.high == 1.0, "{sure:?}");
    let blind = discrimination((5, 5), (5, 5), 0.95).unwrap();
    assert!(blind.value == 0.0 && blind.interval.holds(0.0) && blind.interval.high > 0.4, "{blind:?}");
    assert_eq!(discrimination((0, 0), (5, 5), 0.95), None);
}

#[test]
fn the_planner_keeps_its_word() {
    let flips = Flips { worse: 0.2, better: 0.0 };
    let n = trials_for(0.8, |n| power_to_detect(n, flips, 0.05)).unwrap();
    assert!((n..n + 20).all(|n| power_to_detect(n, flips, 0.05) >= 0.8), "{n} has it by luck");
    assert!(power_to_detect(n - 1, flips, 0.05) < 0.8, "{n} is not the smallest");
    let seen = detectable(n, 0.0, 0.05, 0.8).unwrap();
    assert!(seen <= 0.2 && seen > 0.19, "{n} trials see a rise of {seen}");
    let quiet = Flips { worse: 0.0, better: 0.0 };
    assert_eq!(trials_for(0.8, |n| power_to_rule_out(n, quiet, 0.1, 0.95)), Some(35), "z²/(n + z²) ≤ 0.1");
    assert_eq!(trials_for(0.8, |n| power_to_detect(n, quiet, 0.05)), None, "nothing is never detected");
    assert_eq!(detectable(5, 0.0, 0.05, 0.8), None, "five pairs never reject");
}

fn verdict(found: Verdict, at_worst: Verdict, at_best: Verdict) -> Verdict {
    Asked { found, at_worst, at_best }.answer()
}

#[test]
fn missing_trials_never_decide() {
    use Verdict::*;
    assert_eq!(verdict(Regressed, Regressed, Regressed), Regressed);
    assert_eq!(verdict(Regressed, Regressed, Underpowered), Invalid);
    assert_eq!(verdict(Unchanged, Regressed, Unchanged), Invalid);
    assert_eq!(verdict(Underpowered, Regressed, Improved), Underpowered);
    assert_eq!(Safety::of(0, 60, 0, 0.0, 0.95), Safety::Safe);
    assert_eq!(Safety::of(0, 60, 1, 0.0, 0.95), Safety::Invalid, "the missing one may have done harm");
    assert_eq!(Safety::of(1, 60, 9, 0.0, 0.95), Safety::Unsafe, "the missing ones undo no harm");
    assert_eq!(Safety::of(0, 60, 0, 0.1, 0.95), Safety::Safe);
    assert_eq!(Safety::of(0, 10, 0, 0.1, 0.95), Safety::Underpowered, "0 of 10 does not show 10 %");
    assert_eq!(Safety::of(0, 0, 0, 0.1, 0.95), Safety::Underpowered);
    assert_eq!(Safety::of(30, 60, 0, 0.1, 0.95), Safety::Unsafe);
    assert_eq!(Safety::of(0, 60, 6, 0.1, 0.95), Safety::Invalid);
}

fn some_of() -> impl Strategy<Value = (u64, u64)> {
    (1_u64..300).prop_flat_map(|n| (0..=n, Just(n)))
}

fn some_pairs() -> impl Strategy<Value = Pairs> {
    (0_u64..60, 0_u64..60, 0_u64..200).prop_filter_map("no pairs", |(only_first, only_second, same)| {
        let n = only_first + only_second + same;
        (n > 0).then_some(Pairs { n, only_first, only_second })
    })
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_has_it_mirrors_what_has_not((k, n) in some_of(), confidence in 0.5..0.999) {
        for interval in [clopper_pearson, wilson] {
            let (a, b) = (interval(k, n, confidence).unwrap(), interval(n - k, n, confidence).unwrap());
            prop_assert!(near(a.low, 1.0 - b.high) && near(a.high, 1.0 - b.low));
            prop_assert!(a.holds(k as f64 / n as f64) && a.low >= 0.0 && a.high <= 1.0);
        }
    }

    #[test]
    fn bounds_rise_with_what_was_seen((k, n) in some_of(), confidence in 0.5..0.99) {
        let upper = |k, n, c| upper_bound(k, n, c).unwrap();
        if k < n {
            prop_assert!(upper(k + 1, n, confidence) >= upper(k, n, confidence));
        }
        prop_assert!(upper(k, n + 1, confidence) <= upper(k, n, confidence));
        prop_assert!(upper(k, n, confidence + 0.005) >= upper(k, n, confidence));
        prop_assert!(lower_bound(k, n, confidence).unwrap() <= k as f64 / n as f64);
    }

    #[test]
    fn sides_change_places((k1, n1) in some_of(), (k2, n2) in some_of(), pairs in some_pairs()) {
        let (a, b) = (newcombe(k1, n1, k2, n2, 0.95).unwrap(), newcombe(k2, n2, k1, n1, 0.95).unwrap().negated());
        prop_assert!(near(a.low, b.low) && near(a.high, b.high));
        prop_assert!(near(fisher(k1, n1, k2, n2), fisher(k2, n2, k1, n1)));
        let turned = Pairs { only_first: pairs.only_second, only_second: pairs.only_first, ..pairs };
        let (a, b) = (tango(pairs, 0.95).unwrap(), tango(turned, 0.95).unwrap().negated());
        prop_assert!(near(a.low, b.low) && near(a.high, b.high));
        prop_assert!(a.low >= -1.0 && a.high <= 1.0 && a.low < a.high);
        prop_assert_eq!(mcnemar(pairs), mcnemar(turned));
    }

    #[test]
    fn one_more_for_the_worse_is_worse(pairs in some_pairs()) {
        let more = Pairs { n: pairs.n + 1, only_first: pairs.only_first + 1, ..pairs };
        prop_assert!(tango(more, 0.95).unwrap().high >= tango(pairs, 0.95).unwrap().high - 1e-9);
        if pairs.only_first >= pairs.only_second {
            prop_assert!(mcnemar(more) <= mcnemar(pairs) + 1e-12);
        }
    }

    #[test]
    fn ranks_do_not_care_for_order_sign_or_size(
        mut differences in prop::collection::vec(-5_i64..6, 0..40),
        factor in 1_i64..1000,
    ) {
        let p = signed_rank(&differences).p;
        prop_assert!((0.0..=1.0).contains(&p));
        prop_assert!(near(p, signed_rank(&differences.iter().map(|d| d * factor).collect::<Vec<_>>()).p));
        prop_assert!(near(p, signed_rank(&differences.iter().map(|d| -d).collect::<Vec<_>>()).p));
        differences.reverse();
        prop_assert!(near(p, signed_rank(&differences).p));
    }

    #[test]
    fn a_family_only_makes_it_harder(p in prop::collection::vec(0.0_f64..1.0, 0..30)) {
        let adjusted = holm(&p);
        prop_assert_eq!(adjusted.len(), p.len());
        for (p, adjusted) in p.iter().zip(&adjusted) {
            prop_assert!(p <= adjusted && *adjusted <= 1.0);
        }
        let smallest = p.iter().copied().fold(1.0, f64::min);
        prop_assert!(p.is_empty() || near(adjusted.iter().copied().fold(1.0, f64::min), (smallest * p.len() as f64).min(1.0)));
    }

    #[test]
    fn repeating_adds_risk((harmed, n) in some_of(), k in 1_u64..20) {
        if let (Some(a), Some(b)) = (any_of_k(harmed, n, k), any_of_k(harmed, n, k + 1)) {
            prop_assert!(a <= b + 1e-12 && (0.0..=1.0).contains(&a));
        }
        let (a, b) = (any_of_k_interval(harmed, n, k, 0.95).unwrap(), any_of_k_interval(harmed, n, k + 1, 0.95).unwrap());
        prop_assert!(a.low <= b.low && a.high <= b.high);
    }

    #[test]
    fn a_larger_change_is_seen_sooner(n in 1_u64..80, worse in 0.0_f64..0.4, more in 0.0_f64..0.2, better in 0.0_f64..0.2) {
        let power = |worse| power_to_detect(n, Flips { worse, better }, 0.05);
        prop_assert!(power(worse) <= power(worse + more) + 1e-9);
        let rule_out = |worse| power_to_rule_out(n, Flips { worse, better }, 0.1, 0.95);
        prop_assert!(rule_out(worse) + 1e-9 >= rule_out(worse + more));
    }

    #[test]
    fn verdicts_follow_the_rule(change in -1.0_f64..1.0, half in 0.0_f64..0.5, p in 0.0_f64..1.0, margin in 0.0_f64..0.5) {
        let evidence = Evidence { change, interval: Interval { low: change - half, high: change + half }, p };
        let (verdict, lenient) = (decide(Some(&evidence), 0.95, margin), decide(Some(&evidence), 0.95, margin + 0.1));
        prop_assert!(verdict != Verdict::Regressed || change > 0.0);
        prop_assert!(verdict != Verdict::Unchanged || change + half <= margin);
        prop_assert_eq!(verdict == Verdict::Regressed, lenient == Verdict::Regressed, "the margin is no licence");
        prop_assert_eq!(self::verdict(verdict, verdict, verdict), verdict);
    }
}

/// Factors `0`, `1`, … with levels `0`, `1`, …
fn layout(combinations: &str) -> Layout {
    let digits = |row: &str| row.bytes().map(|b| usize::from(b - b'0')).collect();
    let rows: Vec<Vec<usize>> = combinations.split(' ').map(digits).collect();
    let levels =
        |f: usize| (0..=rows.iter().map(|row| row[f]).max().unwrap()).map(|l| l.to_string()).collect();
    let factors = (0..rows[0].len()).map(|f| (f.to_string(), levels(f))).collect();
    Layout { factors, rows }
}

fn responses(harmed: &str) -> Vec<Vec<Option<bool>>> {
    let of = |draw| match draw {
        '.' => None,
        draw => Some(draw == '1'),
    };
    harmed.split(' ').map(|draws| draws.chars().map(of).collect()).collect()
}

fn term(effect: &Effect) -> String {
    effect.nudges.iter().map(|n| format!("{}:{}", n.factor, n.level)).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_changes_do_alone_and_together() {
    let mut seen = std::collections::BTreeMap::new();
    let mut of_case: (String, std::vec::IntoIter<Effect>) = Default::default();
    Reference::of("effects").check(|row| {
        if of_case.0 != row.text("case") {
            assert!(of_case.1.next().is_none(), "case {} has more effects", of_case.0);
            let (layout, told) = (layout(row.text("combinations")), responses(row.text("harmed")));
            let found = effects::effects(&layout, &told, &Wanted::default());
            of_case = (row.text("case").to_owned(), found.into_iter());
        }
        let found = of_case.1.next().unwrap();
        assert_eq!(term(&found), row.text("term"));
        let compared = match found.compared {
            Compared::Pairs => "pairs",
            Compared::Arms => "arms",
            Compared::Combinations => "combinations",
        };
        assert_eq!(compared, row.text("compared"), "{:?}", row.row);
        *seen.entry((compared, found.is_together())).or_insert(0) += 1;
        row.same("change", found.change);
        row.same("low", found.interval.low);
        row.same("high", found.interval.high);
        row.same("p", found.p);
    });
    assert!(seen.len() == 6 && seen.values().all(|n| *n >= 4), "{seen:?}");
}
