//! What may be spent, however many spend it at once.

use std::time::Duration;

use chesterton::model::{Allowance, Budget, Fault, ModelSpec, Price, Scope, Tape, Usd};

use super::rig;
use crate::standin::{self, Dialect, Said, Standin};

fn usd(text: &str) -> Usd {
    text.parse().unwrap()
}

fn priced(mut spec: ModelSpec) -> ModelSpec {
    spec.price =
        Some(Price { input: 10.0, cached: Some(1.0), cache_writes: Some(12.0), output: 100.0, long: None });
    spec
}

fn run_of(usd: Option<Usd>, tokens: Option<u64>) -> Budget {
    Budget { run: Allowance { usd, tokens }, trial: Allowance::default() }
}

#[tokio::test]
async fn an_answer_costs_what_its_tokens_cost() {
    let standin =
        Standin::start(|_| Said { cached: 40, kept: 20, ..Said::text("four by four by four") }).await;
    let client = rig::plain_client();
    for dialect in Dialect::ALL {
        let model = client.model(priced(rig::spec(&standin, dialect, true)).endpoint().unwrap()).unwrap();
        let mut talk = model.conversation(rig::who("t"));
        let usage = talk.ask(&rig::request("hello")).await.unwrap().usage.unwrap();
        let millionths = usage.input * 10 + usage.cached + usage.cache_writes * 12 + usage.output * 100;
        assert_eq!(talk.tally().usd, Some(usd(&format!("0.{millionths:06}"))), "{dialect:?}");
        let writes = if dialect == Dialect::Gemini { 0 } else { 20 };
        assert_eq!((usage.cached, usage.cache_writes, usage.output), (40, writes, 6));
    }
    assert_eq!(client.tally().answers, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_never_spends_more_than_it_may_and_ends_cleanly() {
    let standin = Standin::start_lean(|_| Said::text("well").after(Duration::from_millis(10))).await;
    let probe = rig::plain_client();
    let spec = || priced(rig::spec(&standin, Dialect::Chat, false));
    let mut one = probe.model(spec().endpoint().unwrap()).unwrap().conversation(rig::who("t"));
    one.ask(&rig::request("hello")).await.unwrap();
    let price = one.tally().usd.unwrap().dollars();
    // Twice the worst of one answer, which is far more than an answer costs: most must wait, and none may be turned away
    // while there is money.
    let budget = 0.3;
    let client = rig::client(run_of(Some(usd("0.3")), None), Tape::Off);
    let model = client.model(spec().endpoint().unwrap()).unwrap();
    let all: Vec<_> = (0..200)
        .map(|n| {
            let model = model.clone();
            tokio::spawn(async move {
                model.conversation(rig::who(&n.to_string())).ask(&rig::request("hello")).await
            })
        })
        .collect();
    let (mut answered, mut ended) = (0, 0);
    for one in all {
        match one.await.unwrap() {
            Ok(_) => answered += 1,
            Err(Fault::Budget(limit)) => {
                assert!(limit.scope == Scope::Run && limit.text.contains("$0.3000"), "{limit}");
                ended += 1;
            }
            Err(other) => panic!("{other}"),
        }
    }
    let tally = client.tally();
    println!(
        "{answered} answers, {ended} not asked, {} spent of $0.30 at ${price:.4} each",
        tally.usd.unwrap()
    );
    assert_eq!(answered + ended, 200);
    assert!(tally.usd.unwrap() <= usd("0.3"));
    let left = budget - tally.usd.unwrap().dollars();
    assert!(answered > 10 && (ended == 0 || left < 0.12), "{left} are left");
    assert!(ended > 0);
}

#[tokio::test]
async fn a_trial_has_a_limit_of_its_own() {
    let standin = Standin::start(|_| Said::text("well")).await;
    let budget = Budget { trial: Allowance { usd: None, tokens: Some(4_000) }, run: Allowance::default() };
    let client = rig::client(budget, Tape::Off);
    let model = client.model(rig::spec(&standin, Dialect::Chat, false).endpoint().unwrap()).unwrap();
    let mut talk = model.conversation(rig::who("a"));
    let mut answers = 0;
    let limit = loop {
        match talk.ask(&rig::request("hello")).await {
            Ok(_) => answers += 1,
            Err(Fault::Budget(limit)) => break limit,
            Err(other) => panic!("{other}"),
        }
        assert!(answers < 100);
    };
    assert!(limit.scope == Scope::Trial && limit.text.contains("4000 tokens"), "{limit}");
    assert!(answers > 3 && talk.tally().usage.tokens() <= 4_000);
    model.conversation(rig::who("b")).ask(&rig::request("hello")).await.unwrap();
}

#[tokio::test]
async fn what_was_lost_on_its_way_is_counted_at_its_worst() {
    let standin = Standin::start(|asked| match asked.n {
        0 => Said::text("lost").fault(standin::Fault::CutMidFrame),
        1 => Said::text("turned away").fault(standin::Fault::Busy),
        _ => Said::text("well"),
    })
    .await;
    let client = rig::plain_client();
    let model =
        client.model(priced(rig::spec(&standin, Dialect::Messages, true)).endpoint().unwrap()).unwrap();
    let mut talk = model.conversation(rig::who("a"));
    let usage = talk.ask(&rig::request("hello")).await.unwrap().usage.unwrap();
    let tally = talk.tally();
    assert_eq!((tally.tries, tally.answers, tally.usage), (3, 1, usage));
    assert!(tally.unmeasured_tokens > 1_000 && tally.unmeasured_tokens < 3_000, "{tally:?}");
    assert!(tally.usd.unwrap() > usd("0.1"));
}

#[tokio::test]
async fn a_budget_in_dollars_needs_a_price() {
    let standin = Standin::start(|_| Said::text("well")).await;
    let client = rig::client(run_of(Some(usd("1")), None), Tape::Off);
    let unfit = client.model(rig::spec(&standin, Dialect::Chat, false).endpoint().unwrap()).err().unwrap();
    assert!(unfit.key == "price" && unfit.problem.contains("test-model"), "{unfit}");
    let free = rig::plain_client();
    let model = free.model(rig::spec(&standin, Dialect::Chat, false).endpoint().unwrap()).unwrap();
    let mut talk = model.conversation(rig::who("a"));
    talk.ask(&rig::request("hello")).await.unwrap();
    assert_eq!(talk.tally().usd, None);
}
