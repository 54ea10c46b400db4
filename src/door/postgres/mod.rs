//! The PostgreSQL wire door: the protocol of `psql`, `psycopg` and every driver, on loopback. What is sent is the call that
//! `psql` makes of it, and meets the same gate.

mod session;
mod values;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use pgwire::api::PgWireServerHandlers;
use pgwire::api::auth::cleartext::CleartextPasswordAuthStartupHandler;
use pgwire::api::auth::{AuthSource, DefaultServerParameterProvider, LoginInfo, Password, StartupHandler};
use pgwire::api::query::{ExtendedQueryHandler, SimpleQueryHandler};
use pgwire::error::PgWireResult;
use tokio::sync::mpsc;

use crate::base::serving::Serving;
use crate::base::token;
use crate::door::asked::Asked;
use session::Session;

/// The version that the simulated servers have.
const VERSION: &str = "15.8";

/// Connections at once, as many as the server takes by default; more wait.
const CONNECTIONS_MAX: usize = 100;

/// The PostgreSQL wire door of one trial, to one server.
#[derive(Clone, Debug)]
pub struct PostgresDoor {
    asks: mpsc::Sender<Asked>,
    host: String,
    password: String,
}

/// A door that serves, and what a client has to know of it.
#[derive(Debug)]
pub struct PostgresServing {
    /// The server: an address and a port.
    pub serving: Serving,
    /// The password; the user is the server's own.
    pub password: String,
}

impl PostgresDoor {
    /// Serves the trial behind this channel; at port 0, wherever there is room. `host` is the simulated server's name.
    ///
    /// # Errors
    /// The address cannot be listened on, or the machine has no randomness to give.
    pub async fn serve(
        asks: mpsc::Sender<Asked>,
        listen: SocketAddr,
        host: &str,
    ) -> io::Result<PostgresServing> {
        let door = Self { asks, host: host.to_owned(), password: token::fresh()? };
        let password = door.password.clone();
        let serve = move |socket| {
            let connection = Connected::new(&door);
            async move {
                // Whatever ends a connection ends it for that client alone.
                let _ = pgwire::tokio::process_socket(socket, None, connection).await;
            }
        };
        Ok(PostgresServing { serving: Serving::port(listen, CONNECTIONS_MAX, serve).await?, password })
    }
}

/// One connection.
struct Connected {
    session: Arc<Session>,
    startup: Arc<CleartextPasswordAuthStartupHandler<TheTrials, DefaultServerParameterProvider>>,
}

impl Connected {
    fn new(door: &PostgresDoor) -> Arc<Self> {
        let mut parameters = DefaultServerParameterProvider::default();
        VERSION.clone_into(&mut parameters.server_version);
        let startup = CleartextPasswordAuthStartupHandler::new(TheTrials(door.password.clone()), parameters);
        let session = Session::new(door.asks.clone(), door.host.clone());
        Arc::new(Self { session: Arc::new(session), startup: Arc::new(startup) })
    }
}

/// The password that this trial was given. The server knows which users there are.
struct TheTrials(String);

impl std::fmt::Debug for TheTrials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TheTrials")
    }
}

#[async_trait]
impl AuthSource for TheTrials {
    async fn get_password(&self, _login: &LoginInfo) -> PgWireResult<Password> {
        Ok(Password::new(None, self.0.clone().into_bytes()))
    }
}

impl PgWireServerHandlers for Connected {
    fn simple_query_handler(&self) -> Arc<impl SimpleQueryHandler> {
        Arc::clone(&self.session)
    }

    fn extended_query_handler(&self) -> Arc<impl ExtendedQueryHandler> {
        Arc::clone(&self.session)
    }

    fn startup_handler(&self) -> Arc<impl StartupHandler> {
        Arc::clone(&self.startup)
    }
}
