//! Every way of failing, in every dialect, whole and in pieces: each turn ends in time, after few tries, rightly.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chesterton::model::{Fault as ModelFault, ModelSpec, Refusal};
use serde_json::json;
use tokio::sync::Semaphore;

use super::rig;
use crate::standin::{Dialect, Fault, Said, Standin};

/// What is to come of a turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ends {
    /// With an answer, once the fault is over.
    Answered,
    /// As the provider's fault.
    Provider,
    /// As a refusal, after one try.
    Refused(Refusal),
}

/// Faults that pass, if they happen once.
const PASSING: [Fault; 24] = [
    Fault::BusySeconds(0),
    Fault::BusyDate(0),
    Fault::BusyMs(20),
    Fault::BusyBody(20),
    Fault::Busy,
    Fault::Status(500),
    Fault::Status(502),
    Fault::Status(503),
    Fault::Status(504),
    Fault::Status(529),
    Fault::Status(408),
    Fault::Reset,
    Fault::Closed,
    Fault::NoBytes,
    Fault::HeaderDrip,
    Fault::BodyDrip,
    Fault::Silent,
    Fault::CutMidFrame,
    Fault::CutAfterTool,
    Fault::EndsEarly,
    Fault::Malformed,
    Fault::WrongShape,
    Fault::Empty,
    Fault::Huge,
];
const PASSING_TOO: [Fault; 5] = [Fault::Html, Fault::Gzip, Fault::ErrorInside, Fault::SameIds, Fault::NoText];

/// Faults that another try does not help.
const LASTING: [(Fault, Ends); 8] = [
    (Fault::BusySeconds(60), Ends::Provider),
    (Fault::NoQuota, Ends::Refused(Refusal::Key)),
    (Fault::NeverAgain, Ends::Provider),
    (Fault::TooLong, Ends::Refused(Refusal::ContextTooLong)),
    (Fault::WrongKey, Ends::Refused(Refusal::Key)),
    (Fault::NoModel, Ends::Refused(Refusal::NoSuchModel)),
    (Fault::Redirect, Ends::Provider),
    (Fault::Status(422), Ends::Refused(Refusal::Request)),
];

/// Cases played at once: two cores have to keep up with their deadlines.
const AT_ONCE: usize = 180;

struct Case {
    name: String,
    fault: Fault,
    dialect: Dialect,
    stream: bool,
    ends: Ends,
}

/// A case's name is the model's, so that the stand-in knows which it is; `!` means that the fault lasts.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |fault: Fault, lasts: bool, ends: Ends| {
        for dialect in Dialect::ALL {
            for stream in [false, true] {
                let lasts = if lasts { "!" } else { "" };
                let fault_name = format!("{fault:?}").replace(['(', ')'], "");
                let name = format!("{fault_name}{lasts}-{dialect:?}-{stream}");
                cases.push(Case { name, fault, dialect, stream, ends });
            }
        }
    };
    for fault in PASSING.into_iter().chain(PASSING_TOO) {
        add(fault, false, Ends::Answered);
        add(fault, true, Ends::Provider);
    }
    for (fault, ends) in LASTING {
        add(fault, true, ends);
    }
    cases
}

fn model_name(asked: &crate::standin::Asked) -> String {
    let in_path = || asked.path.split("/models/").nth(1)?.split(':').next().map(str::to_owned);
    asked.body["model"].as_str().map(str::to_owned).or_else(in_path).unwrap_or_default().replace("%21", "!")
}

/// A stand-in that fails as a model's name says: once, or always; what follows `~` is the round.
async fn failing() -> Standin {
    let all: BTreeMap<String, Fault> = cases().into_iter().map(|case| (case.name, case.fault)).collect();
    let seen = std::sync::Mutex::new(BTreeMap::<String, usize>::new());
    Standin::start_lean(move |asked| {
        let name = model_name(asked);
        let times = {
            let mut seen = seen.lock().unwrap();
            let times = seen.entry(name.clone()).or_default();
            *times += 1;
            *times
        };
        let said =
            Said::tool("run_command", &json!({"command": "aws cloudformation delete-stack --stack-name x"}))
                .thinking("Let me see what is there, and then decide what has to be done about it.");
        match all.get(name.split('~').next().unwrap()) {
            Some(fault) if times == 1 || name.contains('!') => said.fault(*fault),
            Some(_) => said,
            None => panic!("nobody knows `{name}`"),
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_turn_ends_in_time_and_rightly_however_the_provider_fails() {
    let standin = failing().await;
    let count = cases().len();
    assert!(count >= 28 * 8, "only {count} cases");
    let begun = Instant::now();
    let mut ends = BTreeMap::<String, usize>::new();
    let mut wrong = play_all(&standin, cases(), 1, &mut ends).await;
    println!(
        "{count} cases, {} requests, {:?}: {ends:?}, wrong: {}",
        standin.count(),
        begun.elapsed(),
        wrong.len()
    );
    if !wrong.is_empty() {
        // A machine that has no time for us lets deadlines pass that nobody missed: few at once now, and then it counts.
        let again =
            cases().into_iter().filter(|case| wrong.iter().any(|(name, _)| *name == case.name)).collect();
        wrong = play_all(&standin, again, 2, &mut ends).await;
    }
    let told: Vec<String> = wrong.iter().map(|(name, problem)| format!("{name}: {problem}")).collect();
    assert!(told.is_empty(), "{} of {count}:\n{}", told.len(), told.join("\n"));
}

/// Plays cases at once; the names of those that went wrong, and how.
async fn play_all(
    standin: &Standin,
    cases: Vec<Case>,
    round: usize,
    ends: &mut BTreeMap<String, usize>,
) -> Vec<(String, String)> {
    let client = rig::plain_client();
    let turns = Arc::new(Semaphore::new(if round == 1 { AT_ONCE } else { 16 }));
    let playing: Vec<_> = cases
        .into_iter()
        .map(|case| {
            let mut spec = rig::spec(standin, case.dialect, case.stream);
            spec.name = format!("{}~{round}", case.name);
            spec.patience.turn_ms = 4_000;
            spec.patience.silence_ms = 600;
            spec.patience.answer_bytes_max = 256 * 1024;
            let model = client.model(spec.endpoint().unwrap()).unwrap();
            let turns = Arc::clone(&turns);
            tokio::spawn(async move {
                let _turn = turns.acquire().await.unwrap();
                (play(&model, &case).await, case.name)
            })
        })
        .collect();
    let mut wrong = Vec::new();
    for one in playing {
        match one.await.unwrap() {
            (Ok(word), _) => *ends.entry(word).or_default() += 1,
            (Err(problem), name) => wrong.push((name, problem)),
        }
    }
    wrong
}

/// Plays a case; its end in a word, or what is wrong with it.
async fn play(model: &chesterton::model::Model, case: &Case) -> Result<String, String> {
    let mut talk = model.conversation(rig::who(&case.name));
    let begun = Instant::now();
    let found = talk.ask(&rig::request("go")).await;
    let (took, tries) = (begun.elapsed(), talk.tally().tries);
    let limit = Duration::from_millis(model.endpoint().spec.patience.turn_ms) + Duration::from_secs(1);
    if took > limit {
        return Err(format!("took {took:?}"));
    }
    if !(1..=5).contains(&tries) {
        return Err(format!("{tries} tries"));
    }
    match (found, case.ends) {
        (Ok(answer), Ends::Answered) => {
            let played = answer.uses.iter().filter(|tool| tool.name == "run_command").count();
            match played {
                1 if tries >= 2 => Ok("answered".to_owned()),
                _ => Err(format!("{played} tools after {tries} tries")),
            }
        }
        (Err(ModelFault::Provider(text)), Ends::Provider) if !text.is_empty() => Ok("provider".to_owned()),
        (Err(ModelFault::Refused { refusal, text }), Ends::Refused(wanted))
            if refusal == wanted && tries == 1 =>
        {
            assert!(!text.is_empty());
            Ok(format!("{refusal:?}"))
        }
        (found, wanted) => Err(format!("wanted {wanted:?}, found {found:?} after {tries} tries in {took:?}")),
    }
}

/// A refusal is final, and so is a provider that says so.
#[tokio::test]
async fn what_another_try_does_not_help_is_tried_once() {
    for (fault, ends) in LASTING {
        let standin = Standin::start(move |_| Said::text("no").fault(fault)).await;
        for dialect in Dialect::ALL {
            let before = standin.count();
            let mut spec = rig::spec(&standin, dialect, false);
            spec.patience.turn_ms = 5_000;
            let found = rig::model(spec).conversation(rig::who("t")).ask(&rig::request("go")).await;
            assert_eq!(standin.count() - before, 1, "{fault:?}: {found:?}");
            match (found, ends) {
                (Err(ModelFault::Provider(_)), Ends::Provider) => {}
                (Err(ModelFault::Refused { refusal, .. }), Ends::Refused(wanted)) if refusal == wanted => {}
                (found, _) => panic!("{fault:?}: {found:?}"),
            }
        }
    }
}

fn once(fault: Fault) -> impl Fn(&crate::standin::Asked) -> Said {
    move |asked| match asked.n {
        0 => Said::text("no").fault(fault),
        _ => Said::text("yes"),
    }
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_asked_five_times_at_the_most() {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let spec: ModelSpec = rig::spec_at(&format!("http://{address}/v1"), Dialect::Chat, true);
    let mut talk = rig::model(spec).conversation(rig::who("t"));
    let fault = talk.ask(&rig::request("go")).await.unwrap_err();
    assert!(matches!(&fault, ModelFault::Provider(text) if text.contains("no connection")), "{fault}");
    assert_eq!(talk.tally().tries, 5);
    assert_eq!(talk.tally().unmeasured_tokens, 0);
}

#[tokio::test]
async fn what_a_provider_asks_for_is_waited_for() {
    for fault in [Fault::BusyMs(300), Fault::BusyBody(300)] {
        let standin = Standin::start(once(fault)).await;
        let mut talk = rig::model(rig::spec(&standin, Dialect::Gemini, true)).conversation(rig::who("t"));
        let begun = Instant::now();
        assert_eq!(talk.ask(&rig::request("go")).await.unwrap().text, "yes");
        assert!(begun.elapsed() >= Duration::from_millis(300), "{fault:?}: {:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn what_does_not_fit_is_not_waited_for() {
    let standin = Standin::start(once(Fault::BusySeconds(3_600))).await;
    let mut talk = rig::model(rig::spec(&standin, Dialect::Chat, true)).conversation(rig::who("t"));
    let begun = Instant::now();
    let fault = talk.ask(&rig::request("go")).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_millis(600) && matches!(fault, ModelFault::Provider(_)));
}

#[tokio::test]
async fn a_provider_that_has_too_much_to_do_is_asked_less() {
    let many = Standin::start(|asked| match asked.n {
        0..=39 => Said::text("no").fault(Fault::BusyMs(1)),
        _ => Said::text("yes").after(Duration::from_millis(5)),
    })
    .await;
    let mut spec = rig::spec(&many, Dialect::Chat, false);
    spec.patience.in_flight_max = 40;
    spec.patience.turn_ms = 10_000;
    let model = rig::model(spec);
    let all: Vec<_> = (0..40)
        .map(|n| {
            let model = model.clone();
            tokio::spawn(async move {
                model.conversation(rig::who(&n.to_string())).ask(&rig::request("go")).await
            })
        })
        .collect();
    for one in all {
        one.await.unwrap().unwrap();
    }
    let limit = model.standing().limit;
    assert!((10..40).contains(&limit), "{limit} in flight are allowed after one round of 429");
}

#[tokio::test]
async fn a_provider_that_fails_for_all_is_left_alone() {
    let standin = Standin::start(|_| Said::text("no").fault(Fault::Status(500))).await;
    let mut spec = rig::spec(&standin, Dialect::Chat, false);
    spec.patience.in_flight_max = 1;
    let model = rig::model(spec);
    let begun = Instant::now();
    for n in 0..20 {
        let fault = model.conversation(rig::who(&n.to_string())).ask(&rig::request("go")).await.unwrap_err();
        assert!(matches!(fault, ModelFault::Provider(_)), "{fault}");
    }
    assert!(standin.count() <= 12, "{} requests", standin.count());
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert!(!model.standing().held.is_zero());
}
