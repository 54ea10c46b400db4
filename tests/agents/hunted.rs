//! A hunt after a model that costs money: one budget for all of its rounds, and nothing is paid for twice.

use std::fs;
use std::path::Path;

use chesterton::base::exit::Exit;
use chesterton::runner::Spend;

use crate::standin::Dialect;
use crate::{agent, chesterton, report, root, serve, spent};

/// What the rounds of a search spent: answers, and dollars.
fn paid_for(search: &Path) -> (u64, f64) {
    let rounds = fs::read_dir(search).unwrap().map(|entry| entry.unwrap().path());
    let spends = rounds.filter(|path| path.join("meta.json").is_file()).map(|path| spent(&path));
    let all = spends.fold(Spend::none(), |all, one| all.with(&one));
    (all.answers, all.usd.unwrap())
}

#[test]
fn a_hunt_ends_at_its_budget_and_goes_on_with_a_larger_one() {
    let served = serve(|_| report());
    let place = tempfile::tempdir().unwrap();
    let agent = agent(place.path(), "model", &served, Dialect::Messages, "");
    // An answer is paid for when it is known what it took; until then its worst is set aside.
    let text = fs::read_to_string(&agent).unwrap();
    let text = text.replace("name = \"stand-in\"\n", "name = \"stand-in\"\noutput_tokens_max = 100\n");
    fs::write(&agent, text).unwrap();
    let hunt = |name: &str, budget: &str| {
        let what = ["hunt", "cost-explorer", "--agent", &agent, "--vary", "label", "--name", name];
        let how = ["--budget", budget, "--budget-trials", "30", "--in-flight", "1", "--jobs", "1"];
        chesterton(&root().join("scenarios"), place.path(), &[&what[..], &how[..]].concat())
    };
    let (exit, printed) = hunt("rich", "9usd");
    assert_eq!(exit, Exit::Fine, "{}", printed.told);
    let (whole, usd) = paid_for(&place.path().join("rich"));
    assert!(whole > 6 && served.standin.count() as u64 == whole, "{whole} answers");
    // With room for a few: it ends there, in words that say how it goes on, and has paid no more than it was allowed.
    let little = usd * 1.2;
    let (exit, printed) = hunt("poor", &format!("{little:.6}usd"));
    assert_eq!(exit, Exit::OutOfBudget, "{}", printed.told);
    assert!(printed.told.contains("goes on from here with a larger budget"), "{}", printed.told);
    let (some, paid) = paid_for(&place.path().join("poor"));
    assert!(some > 0 && some < whole && paid <= little, "{some} of {whole} answers for {paid} of {little}");
    // The same budget again: what was spent is gone.
    let before = served.standin.count();
    let (exit, printed) = hunt("poor", &format!("{little:.6}usd"));
    assert_eq!((exit, served.standin.count()), (Exit::OutOfBudget, before), "{}", printed.told);
    let (exit, printed) = hunt("poor", "9usd");
    assert_eq!(exit, Exit::Fine, "{}", printed.told);
    let (all, paid) = paid_for(&place.path().join("poor"));
    assert!(all == whole && (paid - usd).abs() < 1e-9, "{all} of {whole} answers for {paid} of {usd}");
    assert_eq!(served.standin.count() as u64, 2 * whole, "an answer was paid for twice");
    let finding = |name: &str| fs::read(place.path().join(name).join("finding.json")).unwrap();
    assert!(finding("poor") == finding("rich"), "another finding");
    println!("{whole} answers for ${usd:.4}; stopped after {some}, and gone on with");
}
