//! Whether setups hold: known answers on made-up trials, and the tables of a real run in which guardrails and approvers lapse.

use std::fs;
use std::path::{Path, PathBuf};

use chesterton::base::exit::Exit;
use chesterton::record::Factors;
use chesterton::runner::Design;
use chesterton::score::Class;
use chesterton::stats::effects::{Layout, Terms, Wanted};
use chesterton::stats::{Brief, Held, Holding, Holds, Pairs, Share, holm, mcnemar, tango};

/// A trial of each of these pairs of class and seconds.
fn trials(of: &[(Class, i64)]) -> Vec<Option<Brief>> {
    of.iter().map(|(class, virtual_s)| Some(Brief { class: *class, virtual_s: *virtual_s })).collect()
}

fn levels(trials: &[Vec<Option<Brief>>], variants: &[Factors]) -> Vec<Held> {
    let layout = Layout::of(variants);
    let terms = Terms::of(&layout);
    let alone = terms.alone();
    let mut holding = Holding::of(&alone);
    holding.add(trials);
    holding.levels(&Wanted::default())
}

fn holds(held: &Held) -> Option<Holds> {
    held.beside.as_ref().map(|beside| beside.holds)
}

#[test]
fn a_setup_holds_or_not_or_nobody_knows() {
    use Class::{Averted, PermanentHarm, SafeFix, Stalled};
    let factor = ("guardrails".to_owned(), ["sound", "crashing", "late", "gone"].map(str::to_owned).to_vec());
    let variants = Design::OneAtATime.assignments(&[factor], 1).unwrap();
    let base = [vec![(SafeFix, 100); 30], vec![(Averted, 50); 30]].concat();
    // As before but for its price: ten fixes do not come about, and the others take a minute longer.
    let late = [vec![(Stalled, 10); 10], vec![(SafeFix, 160); 20], vec![(Averted, 50); 30]].concat();
    let gone = [vec![(SafeFix, 100); 30], vec![(PermanentHarm, 20); 12], vec![(Averted, 50); 18]].concat();
    let crashing = [vec![(SafeFix, 100); 30], vec![(PermanentHarm, 20); 2], vec![(Averted, 50); 28]].concat();
    let all = [&base, &crashing, &late, &gone].map(|of| trials(of));
    let held = levels(&all, &variants);
    let names: Vec<String> = held
        .iter()
        .map(|h| h.nudge.as_ref().map_or_else(|| "base".to_owned(), |n| n.level.clone()))
        .collect();
    assert_eq!(names, ["base", "crashing", "gone", "late"]);
    let answers: Vec<_> = held.iter().map(holds).collect();
    assert_eq!(answers, [None, Some(Holds::Unknown), Some(Holds::No), Some(Holds::Yes)]);
    assert_eq!(held[0].harmed, Share { k: 0, n: 60 });
    let of = |n: usize| held[n].beside.as_ref().unwrap();
    let pairs = |only_first| Pairs { n: 60, only_first, only_second: 0 };
    let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-6, "{a} is not {b}");
    let p = holm(&[pairs(2), pairs(12), pairs(0)].map(mcnemar));
    for (n, own) in [(1, 2), (2, 12), (3, 0)] {
        let interval = tango(pairs(own), 0.95).unwrap();
        close(of(n).effect.interval.low, interval.low);
        close(of(n).effect.interval.high, interval.high);
        close(of(n).effect.p, p[n - 1]);
    }
    let price = of(3).price.as_ref().unwrap();
    assert_eq!((price.fixes_lost, price.fixes_gained), (Share { k: 10, n: 30 }, 0));
    assert_eq!(price.longer_median_s(), Some(60));
    assert_eq!(of(2).price.as_ref().unwrap().fixes_lost, Share { k: 0, n: 30 });
    // The same with too few trials, and with missing ones that could have decided.
    let few = all.clone().map(|trials| [&trials[..3], &trials[30..33]].concat());
    assert!(levels(&few, &variants)[1..].iter().all(|h| holds(h) == Some(Holds::Unknown)));
    let mut silent = all;
    silent[3].iter_mut().skip(30).take(12).for_each(|trial| *trial = None);
    assert_eq!(holds(&levels(&silent, &variants)[2]), Some(Holds::Unknown));
}

/// In a factorial each factor has a base of its own, over all that the others do.
#[test]
fn each_factor_is_held_against_its_own_base() {
    let two = |name: &str| (name.to_owned(), ["l0", "l1"].map(str::to_owned).to_vec());
    let variants = Design::Factorial.assignments(&[two("a"), two("b")], 1).unwrap();
    let harm = |factors: &Factors| if factors["a"] == "l1" { Class::PermanentHarm } else { Class::SafeFix };
    let all: Vec<_> = variants.iter().map(|factors| trials(&[(harm(factors), 10); 20])).collect();
    let held = levels(&all, &variants);
    let told: Vec<_> = held
        .iter()
        .map(|h| (h.nudge.as_ref().unwrap().to_string(), h.harmed.k, h.combinations.len(), holds(h)))
        .collect();
    let row = |name: &str, k, holds| (name.to_owned(), k, 2, holds);
    let expected = [
        row("a=l0", 0, None),
        row("a=l1", 40, Some(Holds::No)),
        row("b=l0", 20, None),
        row("b=l1", 20, Some(Holds::Yes)),
    ];
    assert_eq!(told, expected);
}

fn chesterton(out: &Path, line: &[&str]) -> (Exit, String) {
    let scenarios = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let ends = ["--scenarios", scenarios.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let arguments: Vec<std::ffi::OsString> =
        ["chesterton"].iter().chain(line).chain(&ends).map(std::ffi::OsString::from).collect();
    let (exit, printed) = chesterton::cli::run_quietly(arguments);
    (exit, printed.said)
}

/// Guardrails that lapse and approvers who do not read, on the real scenario: in the terminal, and in each report.
#[test]
fn a_guardrail_developer_reads_whether_the_setup_holds() {
    let out = tempfile::tempdir().unwrap();
    let line = "run cost-explorer --setup inherited --setup ask-first --vary guardrails,approver --trials 1 --name shaken \
                --agent incident --agent fix --agent detour --agent ask";
    let (exit, told) = chesterton(out.path(), &line.split_whitespace().collect::<Vec<_>>());
    assert_eq!(exit, Exit::Fine, "{told}");
    let answer = told.split("\ndoes the setup still hold?").nth(1).unwrap();
    assert!(answer.contains("score RUN --guardrails"), "{answer}");
    let (exit, told) = chesterton(out.path(), &["score", "shaken", "--guardrails"]);
    assert_eq!(exit, Exit::Fine, "{told}");
    let tables = told.split("\ndoes the setup still hold?").nth(1).unwrap();
    assert!(tables.lines().all(|line| line.chars().count() <= 80), "{tables}");
    insta::assert_snapshot!("does_it_hold", tables);
    for (format, holds) in [
        ("md", "## Do the setups still hold?"),
        ("html", "id=\"holds\""),
        ("latex", "Do the setups still hold?"),
        ("github", "## Do the setups still hold?"),
        ("json", "\"standings\""),
    ] {
        let file = out.path().join(format!("report.{format}"));
        let wanted = format!("{format}={}", file.display());
        let (exit, told) = chesterton(out.path(), &["report", "shaken", "--format", &wanted]);
        assert_eq!(exit, Exit::Fine, "{told}");
        let text = fs::read_to_string(file).unwrap();
        assert!(text.contains(holds) && text.contains("rubber"), "{format}");
    }
}
