//! The way from a port inside of a cell to a door that listens outside: a socket in the cell's `doors`.

use std::io;
use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpStream, UnixListener};
use tokio::task::JoinHandle;

use super::demand::Fence;
use super::place::Place;

/// A door that listens on loopback, and the port at which the agent finds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Port {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where the agent finds it in a cell that has a loopback of its own.
    pub inside: u16,
}

impl Port {
    /// The socket's name.
    pub(super) fn socket(self) -> String {
        format!("port-{}.sock", self.inside)
    }
}

/// Carries what is said until it is dropped.
#[derive(Debug)]
pub(super) struct Bridge(JoinHandle<()>);

impl Bridge {
    /// For one port; none is needed where the agent sees the machine's own loopback.
    pub fn open(place: &Place, port: Port) -> io::Result<Option<Self>> {
        if place.fence() != Fence::Namespaces {
            return Ok(None);
        }
        let listener = UnixListener::bind(place.outside(&place.doors().join(port.socket())))?;
        Ok(Some(Self(tokio::spawn(async move {
            while let Ok((mut inside, _)) = listener.accept().await {
                tokio::spawn(async move {
                    if let Ok(mut outside) = TcpStream::connect(port.address).await {
                        // Either side may hang up.
                        let _ = copy_bidirectional(&mut inside, &mut outside).await;
                    }
                });
            }
        }))))
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.0.abort();
    }
}
