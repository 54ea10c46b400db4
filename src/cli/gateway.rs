//! `gateway`: a model on loopback, on tape and within a budget, for any tool that takes a base URL.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::cast::CastError;
use super::terminal::Terminal;
use crate::agent::ModelAgent;
use crate::base::exit::Exit;
use crate::model::{
    Allowance, Budget, Client, Fault, Gateway, Model, Options, Pass, Prices, Tape, Usd, Who, money,
};
use crate::record::TrialId;

/// Pass requests on to a model, with its key, on tape and within a budget, until Ctrl-C. Example: `chesterton gateway claude --tape tapes/today --budget 5usd`
#[derive(Debug, Args)]
pub struct Arguments {
    /// The agent whose model it is, by name or file
    #[arg(value_name = "AGENT|FILE")]
    agent: String,
    /// Where to listen; at port 0, wherever there is room
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Record every exchange to this folder
    #[arg(long, value_name = "FOLDER")]
    tape: Option<PathBuf>,
    /// Ask nobody: answer from the tape in this folder. Needs no key
    #[arg(long, value_name = "FOLDER", conflicts_with = "tape")]
    replay_tape: Option<PathBuf>,
    /// What may be spent, such as `5usd`; whoever asks for more is turned away
    #[arg(long, value_name = "USD")]
    budget: Option<Usd>,
    /// Tokens that may be spent, read and written
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_tokens: Option<u64>,
    /// A table of prices in the place of the program's own
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
}

/// How long answers that are under way are waited for at the end; a second signal does not wait.
const UNDER_WAY: Duration = Duration::from_secs(5);

/// Serves until somebody ends it.
pub fn run(arguments: &Arguments, terminal: &mut Terminal) -> Exit {
    let model = match model(arguments) {
        Ok(model) => model,
        Err(error) => {
            terminal.tell(error.shown(terminal.colour()));
            return Exit::BadScenario;
        }
    };
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
    else {
        terminal.tell("error: no thread could be started");
        return Exit::Invalid;
    };
    let (client, model) = model;
    let served = match runtime.block_on(serve(arguments.listen, &model, terminal)) {
        Ok(exit) => exit,
        Err(error) => {
            terminal.tell(format!("error: `{}` cannot be served at: {error}", arguments.listen));
            Exit::Invalid
        }
    };
    match client.sync() {
        Ok(()) => served,
        Err(error) => {
            let tape = arguments.tape.as_deref().unwrap_or(Path::new("")).display();
            terminal.tell(format!("error: the tape in `{tape}` could not be forced to the disk: {error}"));
            Exit::RecordingFailed
        }
    }
}

fn model(arguments: &Arguments) -> Result<(Client, Model), CastError> {
    let prices = Prices::read_or_built_in(arguments.prices.as_deref())?;
    let missing =
        || CastError::Name(format!("there is no agent `{}`: see `chesterton list agents`", arguments.agent));
    let agents = ModelAgent::wished(&arguments.agent, &prices).ok_or_else(missing)??;
    let agent = agents.first().ok_or_else(missing)?;
    let tape = match (&arguments.tape, &arguments.replay_tape) {
        (Some(folder), _) => Tape::Record(folder.clone()),
        (None, Some(folder)) => Tape::Replay(folder.clone()),
        (None, None) => Tape::Off,
    };
    let run = Allowance { usd: arguments.budget, tokens: arguments.max_tokens };
    let options = Options { budget: Budget { run, trial: Allowance::default() }, prices, tape };
    let client = Client::new(options).map_err(|error| CastError::Name(error.to_string()))?;
    let model = client.model(agent.endpoint.clone()).map_err(|unfit| agent.unfit(unfit))?;
    Ok((client, model))
}

async fn serve(listen: SocketAddr, model: &Model, terminal: &mut Terminal) -> std::io::Result<Exit> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let gateway = Gateway::start(listen).await?;
    let who = Who { trial: TrialId::from("gateway"), part: "agent".to_owned(), seed: 0 };
    let pass = gateway.admit(model, who)?;
    for (name, value) in pass.environment() {
        terminal.say(format!("export {name}={value}"));
    }
    terminal.tell(format!(
        "passing on to `{}` at {}; Ctrl-C ends it",
        model.endpoint().spec.name,
        model.endpoint().base
    ));
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    tokio::select! {
        () = gateway.end(UNDER_WAY) => {}
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(told(&pass, terminal))
}

/// What it came to.
fn told(pass: &Pass, terminal: &mut Terminal) -> Exit {
    let tally = pass.tally();
    let usd = money(tally.usd);
    let (answers, read, written) = (tally.answers, tally.usage.read(), tally.usage.output);
    terminal.tell(format!("{answers} answers, {read} tokens read, {written} written, {usd}"));
    match pass.stopped() {
        Some(fault) => {
            terminal.tell(format!("error: {fault}"));
            if matches!(fault, Fault::Budget(_)) { Exit::OutOfBudget } else { Exit::Invalid }
        }
        None => Exit::Fine,
    }
}
