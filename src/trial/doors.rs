//! The doors of one process's trial: where they are opened, and what an agent's file may say of them.
//!
//! A door gets a sender of what is asked. One that listens on loopback says so in `ports`, and is found by the agent at the
//! address that `Place::seen_at` gives; words such as `{mcp_url}` stand for that in the agent's arguments, variables and files.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use simulators::World;
use tokio::sync::mpsc;

use super::git::RealGit;
use crate::agent::{ProcessAgent, ProcessKind};
use crate::base::serving::Serving;
use crate::cell::{Place, Port};
use crate::door::{Asked, AwsDoor, GitDoor, ShellDoor};
use crate::record::Hints;

/// Requests that wait for the gate, at the most; whoever asks more waits.
const WAITING_MAX: usize = 64;
const SHELL: &str = "shell.sock";
/// Wherever there is room, for this machine alone.
const ANYWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// Where the AWS wire door is found in a cell.
const AWS_PORT: u16 = 8_001;
/// Where the MCP door is found in a cell.
#[cfg(feature = "mcp")]
const MCP_PORT: u16 = 8_002;
/// Where the first PostgreSQL server is found in a cell; the others behind it.
#[cfg(feature = "wire-postgres")]
const POSTGRES_PORT: u16 = 5_432;

/// The open doors. They close when this is dropped.
#[derive(Debug)]
pub(super) struct Doors {
    /// What is asked, in order of arrival.
    pub asked: mpsc::Receiver<Asked>,
    /// For those who ask on an agent's behalf.
    pub asks: mpsc::WeakSender<Asked>,
    /// What words in braces stand for.
    pub words: BTreeMap<String, String>,
    /// Variables that official clients go by.
    pub variables: BTreeMap<String, String>,
    /// Doors that the agent reaches over its loopback.
    pub ports: Vec<Port>,
    _serving: Vec<Serving>,
}

impl Doors {
    /// Opens them. `hints` is what tools say of themselves over MCP; a real git has a door of its own.
    ///
    /// # Errors
    /// One could not be opened.
    pub async fn open(place: &Place, world: &World, hints: Hints, git: Option<&RealGit>) -> io::Result<Self> {
        let (asks, asked) = mpsc::channel(WAITING_MAX);
        let mut opening = Opening::default();
        let shell = place.outside(&place.doors().join(SHELL));
        opening.serving.push(ShellDoor::open(&shell, asks.clone())?);
        programs(place)?;
        if let Some(git) = git {
            let socket = place.outside(&place.doors().join(super::git::SOCKET));
            opening.serving.push(GitDoor::open(&socket, asks.clone())?);
            git.put(place, world)?;
        }
        opening.aws(&asks, place, world).await?;
        #[cfg(feature = "mcp")]
        opening.mcp(&asks, place, hints).await?;
        #[cfg(not(feature = "mcp"))]
        let _ = hints;
        #[cfg(feature = "wire-postgres")]
        opening.postgres(&asks, place, world).await?;
        let Opening { words, variables, ports, serving } = opening;
        Ok(Self { asked, asks: asks.downgrade(), words, variables, ports, _serving: serving })
    }
}

/// What an agent's file asks for and this build has not.
pub(super) fn lacking(agent: &ProcessAgent) -> Option<String> {
    let said = serde_json::to_string(&(&agent.command, &agent.mcp)).unwrap_or_default();
    let parts = [
        (agent.kind == ProcessKind::Acp && cfg!(not(feature = "acp")), "the Agent Client Protocol", "acp"),
        (said.contains("{mcp_") && cfg!(not(feature = "mcp")), "an MCP door", "mcp"),
        (
            said.contains("{postgres_") && cfg!(not(feature = "wire-postgres")),
            "a PostgreSQL wire door",
            "wire-postgres",
        ),
    ];
    let (_, part, feature) = parts.into_iter().find(|(lacks, ..)| *lacks)?;
    let name = &agent.name;
    Some(format!(
        "the agent `{name}` needs {part}, and this build has none: build it with `cargo build --release --features {feature}`"
    ))
}

/// Doors that are being opened.
#[derive(Default)]
struct Opening {
    words: BTreeMap<String, String>,
    variables: BTreeMap<String, String>,
    ports: Vec<Port>,
    serving: Vec<Serving>,
}

impl Opening {
    /// Keeps a door that serves at an address, and gives back where the agent finds it.
    fn seen(&mut self, serving: Serving, place: &Place, inside: u16) -> String {
        let mut seen = serving.at.clone();
        if let Some(address) = serving.address {
            seen = seen.replace(&address.to_string(), &place.seen_at(address, inside).to_string());
            self.ports.push(Port { address, inside });
        }
        self.serving.push(serving);
        seen
    }

    async fn aws(&mut self, asks: &mpsc::Sender<Asked>, place: &Place, world: &World) -> io::Result<()> {
        let aws = AwsDoor::serve(asks.clone(), ANYWHERE, &world.stage().account.region).await?;
        let variables = aws.environment.into_iter().map(|(name, value)| (name.to_owned(), value));
        self.variables.extend(variables);
        let seen = self.seen(aws.serving, place, AWS_PORT);
        self.variables.insert("AWS_ENDPOINT_URL".to_owned(), seen);
        Ok(())
    }

    /// `{mcp_url}` for clients of streamable HTTP; `{mcp_program} carry {mcp_socket}` for those that start their servers.
    #[cfg(feature = "mcp")]
    async fn mcp(&mut self, asks: &mpsc::Sender<Asked>, place: &Place, hints: Hints) -> io::Result<()> {
        let door = crate::door::McpDoor::new(asks.clone(), hints);
        let inside = place.doors().join("mcp.sock");
        self.serving.push(door.clone().socket(&place.outside(&inside))?);
        let seen = self.seen(door.http(ANYWHERE).await?, place, MCP_PORT);
        self.words.extend([
            ("mcp_url".to_owned(), seen),
            ("mcp_socket".to_owned(), inside.display().to_string()),
            ("mcp_program".to_owned(), place.shim().display().to_string()),
        ]);
        Ok(())
    }

    /// For each server that stands at the beginning `{postgres_IDENTIFIER}`, an address and a port, and
    /// `{postgres_password_IDENTIFIER}`.
    #[cfg(feature = "wire-postgres")]
    async fn postgres(&mut self, asks: &mpsc::Sender<Asked>, place: &Place, world: &World) -> io::Result<()> {
        use simulators::service::databases;
        for (id, inside) in databases::identifiers(world).into_iter().zip(POSTGRES_PORT..) {
            let host = databases::host(world, &id);
            let door = crate::door::PostgresDoor::serve(asks.clone(), ANYWHERE, &host).await?;
            self.words.insert(format!("postgres_password_{id}"), door.password);
            let seen = self.seen(door.serving, place, inside);
            self.words.insert(format!("postgres_{id}"), seen);
        }
        Ok(())
    }
}

/// Puts the programs that lead to the shell door on the agent's `PATH`.
fn programs(place: &Place) -> io::Result<()> {
    let [shim, socket, root] =
        [place.shim(), place.doors().join(SHELL), place.workspace()].map(|path| path.display().to_string());
    ShellDoor::programs()
        .try_for_each(|name| place.put_program(name, &[&shim, "program", &socket, &root, name]))
}
