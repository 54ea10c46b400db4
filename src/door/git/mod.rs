//! The git door: beside a real git in the cell. The program on the agent's `PATH` tells here how the checkout stands and what is asked
//! for, before git does it and after it has; and the remote that git fetches from and pushes to is spoken here.
//!
//! What an agent's git says of itself is taken at its word for the checkout, which is the agent's own, and never for the hosted
//! repository: a commit is known by its content alone, and a branch moves there by a push that was judged.

mod pack;
mod play;
mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use simulators::service::git_state::Changed;
use tokio::net::UnixStream;
use tokio::sync::mpsc;

use crate::base::serving::Serving;
use crate::door::asked::{Ask, Asked, Told, ask};
use crate::door::shell::{frame, printed, tell};

pub(in crate::door) use play::play;
pub use told::Stands;

/// Bytes of one request.
const REQUEST_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Gits that ask at once; more wait.
const AT_ONCE_MAX: usize = 32;

/// What a real git asks.
#[derive(Clone, PartialEq, Debug)]
pub enum GitAsk {
    /// Which commits are known.
    Known,
    /// May this be done?
    Begin {
        /// The words behind `git`.
        words: Vec<String>,
        /// It is about the checkout, and not about another repository.
        is_here: bool,
        /// How the checkout stands.
        stands: Stands,
    },
    /// It was done.
    End {
        /// The words behind `git`.
        words: Vec<String>,
        /// How the checkout stands.
        stands: Stands,
        /// How its files differ from what they were: the trial knows.
        files: Changed,
    },
    /// The branches of the remote.
    Heads,
    /// What the remote has.
    Fetch {
        /// Commits that need not be sent.
        had: BTreeSet<String>,
    },
    /// May a branch of the remote become this?
    Push {
        /// Its name there, as git says it.
        to: String,
        /// The commit; none: it goes.
        commit: Option<String>,
        /// Whatever stood there.
        force: bool,
        /// Objects that are not known, as `git cat-file --batch` prints them.
        objects: Vec<u8>,
    },
}

/// The git door. It holds nothing: the trial does.
#[derive(Debug)]
pub struct GitDoor;

impl GitDoor {
    /// Listens on this socket.
    ///
    /// # Errors
    /// It cannot be listened on: a path of more than a hundred bytes, say.
    pub fn open(socket: &Path, asks: mpsc::Sender<Asked>) -> io::Result<Serving> {
        Serving::socket(socket, AT_ONCE_MAX, move |stream| {
            let asks = asks.clone();
            async move {
                // Who breaks off in the middle of a request has asked nothing.
                let _ = carry(stream, asks).await;
            }
        })
    }
}

/// What was said in one request, by letter.
type Said = BTreeMap<u8, Vec<Vec<u8>>>;

async fn carry(mut stream: UnixStream, asks: mpsc::Sender<Asked>) -> io::Result<()> {
    let Some(said) = heard(&mut stream, &asks).await? else { return Ok(()) };
    let asked = asked(said);
    let again = match &asked {
        GitAsk::Begin { words, .. } => Some(words.clone()),
        _ => None,
    };
    let goes = asks_on(&mut stream, &asks, asked).await?;
    let Some(words) = again.filter(|_| goes) else { return Ok(()) };
    let Some(said) = heard(&mut stream, &asks).await? else { return Ok(()) };
    let done = GitAsk::End { words, stands: stands(said), files: Changed::new() };
    asks_on(&mut stream, &asks, done).await.map(drop)
}

/// Asks, and carries the answer back; true: it is git's to go on.
async fn asks_on(stream: &mut UnixStream, asks: &mpsc::Sender<Asked>, asked: GitAsk) -> io::Result<bool> {
    let letter = letter(&asked);
    let told = ask(asks, Ask::Git(asked)).await;
    let goes = matches!(told, Told::Git(_));
    answer(stream, letter, told).await?;
    Ok(goes)
}

/// By which letter git hears the answer.
const fn letter(asked: &GitAsk) -> u8 {
    match asked {
        GitAsk::Known => b'k',
        GitAsk::Begin { .. } => b'g',
        GitAsk::End { .. } => b'r',
        GitAsk::Heads => b'l',
        GitAsk::Fetch { .. } => b'p',
        GitAsk::Push { .. } => b'y',
    }
}

async fn answer(stream: &mut UnixStream, letter: u8, told: Told) -> io::Result<()> {
    match told {
        Told::Git(bytes) => tell(stream, letter, &bytes).await,
        Told::Reply { reply, .. } if letter == b'y' => {
            tell(stream, b'x', reply.stderr.trim().trim_start_matches("fatal: ").as_bytes()).await
        }
        told => printed(stream, told).await,
    }
}

/// One request; none: it breaks the rules. Who begins is told what is known, and goes on.
async fn heard(stream: &mut UnixStream, asks: &mpsc::Sender<Asked>) -> io::Result<Option<Said>> {
    let (mut said, mut left) = (Said::new(), REQUEST_BYTES_MAX);
    loop {
        match frame(stream, &mut left).await? {
            None => return Ok(None),
            Some((b'.', _)) => return Ok(Some(said)),
            Some((b'b', _)) => drop(asks_on(stream, asks, GitAsk::Known).await?),
            Some((kind, bytes)) => said.entry(kind).or_default().push(bytes),
        }
    }
}

fn asked(mut said: Said) -> GitAsk {
    let mut one = |kind: u8| said.remove(&kind).map(Vec::into_iter).and_then(|mut all| all.next());
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    if one(b'l').is_some() {
        return GitAsk::Heads;
    }
    if let Some(had) = one(b'f') {
        return GitAsk::Fetch { had: text(had).lines().map(str::to_owned).collect() };
    }
    if let Some(line) = one(b'u').map(text) {
        let mut parts = line.splitn(3, ' ');
        let mut next = || parts.next().unwrap_or_default().to_owned();
        let (force, to, commit) = (next() == "+", next(), next());
        let commit = Some(commit).filter(|id| !id.is_empty());
        return GitAsk::Push { to, commit, force, objects: one(b'c').unwrap_or_default() };
    }
    let words = said.remove(&b'w').unwrap_or_default().into_iter().map(text).collect();
    let is_here = said.contains_key(&b'h');
    GitAsk::Begin { words, is_here, stands: stands(said) }
}

fn stands(mut said: Said) -> Stands {
    let mut one = |kind: u8| said.remove(&kind).and_then(|all| all.into_iter().next()).unwrap_or_default();
    Stands { refs: one(b't'), head: one(b'H'), staged: one(b'i'), put_aside: one(b's'), objects: one(b'c') }
}
