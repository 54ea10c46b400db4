//! What waiting for many answers at once costs, beside a client that does nothing but the requests. Behind
//! `CHESTERTON_MODELS=1`, for it takes its time and wants the machine to itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chesterton::model::{Budget, Tape};
use serde_json::json;
use tokio::sync::Semaphore;

use super::rig;
use crate::standin::{Asked, Dialect, Said, Standin};

const LATENCY: Duration = Duration::from_millis(200);
const TURNS: usize = 5;

fn script(asked: &Asked) -> Said {
    match asked.turn() {
        4.. => Said::text("done").after(LATENCY),
        _ => Said::tool("run_command", &json!({"command": "aws s3 ls"})).after(LATENCY),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_for_hundreds_is_nearly_free() {
    if std::env::var_os("CHESTERTON_MODELS").is_none() {
        println!("skipped: CHESTERTON_MODELS is not set");
        return;
    }
    for (trials, in_flight, share) in [(200, 100, 0.85), (1_000, 500, 0.6)] {
        let bare = bare(trials, in_flight).await;
        let ours = ours(trials, in_flight).await;
        let ideal = LATENCY * u32::try_from(trials * TURNS / in_flight).unwrap();
        let of_ideal = |took: Duration| ideal.as_secs_f64() / took.as_secs_f64();
        println!(
            "{trials} trials of {TURNS} turns, {in_flight} in flight: {ours:?}, {:.2} of ideal; a bare client {bare:?}, {:.2}; \\
             resident {} MiB",
            of_ideal(ours),
            of_ideal(bare),
            resident_mib()
        );
        assert!(of_ideal(ours) > share * of_ideal(bare), "{ours:?} beside {bare:?}");
    }
}

/// Conversations as agents hold them, on tape.
async fn ours(trials: usize, in_flight: usize) -> Duration {
    let standin = Standin::start_lean(script).await;
    let folder = tempfile::tempdir().unwrap();
    let client = rig::client(Budget::default(), Tape::Record(folder.path().to_owned()));
    let mut spec = rig::spec(&standin, Dialect::Chat, true);
    spec.patience = chesterton::model::Patience::default();
    let model = client.model(spec.endpoint().unwrap()).unwrap();
    play(trials, in_flight, move |trial| {
        let model = model.clone();
        async move {
            let mut talk = model.conversation(rig::who(&trial.to_string()));
            let mut request = rig::request("look around");
            for _ in 0..TURNS {
                let answer = talk.ask(&request).await.unwrap();
                rig::heard(&mut request, &answer, "nothing");
            }
        }
    })
    .await
}

/// The same bytes with nothing but a client for HTTP.
async fn bare(trials: usize, in_flight: usize) -> Duration {
    let standin = Standin::start_lean(script).await;
    // Whoever is first chooses the cryptography for all.
    drop(rig::model(rig::spec(&standin, Dialect::Chat, true)));
    let url = format!("{}/chat/completions", standin.url(Dialect::Chat));
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    play(trials, in_flight, move |_| {
        let (http, url) = (http.clone(), url.clone());
        async move {
            let mut messages = vec![json!({"role": "user", "content": "look around"})];
            for _ in 0..TURNS {
                let body = json!({"model": "m", "stream": true, "messages": messages}).to_string();
                let sent = http.post(&url).body(body).send().await.unwrap();
                sent.bytes().await.unwrap();
                messages.push(json!({"role": "assistant", "content": "aws s3 ls"}));
                messages.push(json!({"role": "user", "content": "nothing"}));
            }
        }
    })
    .await
}

async fn play<F: Future<Output = ()> + Send + 'static>(
    trials: usize,
    in_flight: usize,
    trial: impl Fn(usize) -> F,
) -> Duration {
    let places = Arc::new(Semaphore::new(in_flight));
    let begun = Instant::now();
    let all: Vec<_> = (0..trials)
        .map(|n| {
            let (places, trial) = (Arc::clone(&places), trial(n));
            tokio::spawn(async move {
                let _place = places.acquire().await.unwrap();
                trial.await;
            })
        })
        .collect();
    for one in all {
        one.await.unwrap();
    }
    begun.elapsed()
}

fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}
