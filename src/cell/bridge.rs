//! The way from a port inside of a cell to a door that listens outside: a socket in the cell's `doors`.

use std::io;
use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpStream, UnixStream};

use super::place::Place;
use crate::base::serving::Serving;

/// Connections that are carried at once; more wait.
const AT_ONCE_MAX: usize = 256;

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

    /// Carries what is said there until it is dropped; nothing need be carried where the agent sees the machine's own loopback.
    pub(super) fn bridge(self, place: &Place) -> io::Result<Option<Serving>> {
        if !place.fence().is_shut() {
            return Ok(None);
        }
        let carry = move |mut inside: UnixStream| async move {
            if let Ok(mut outside) = TcpStream::connect(self.address).await {
                // Either side may hang up.
                let _ = copy_bidirectional(&mut inside, &mut outside).await;
            }
        };
        Serving::socket(&place.outside(&place.doors().join(self.socket())), AT_ONCE_MAX, carry).map(Some)
    }
}
