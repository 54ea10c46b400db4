//! The MCP door: the tools of the function door for clients of the Model Context Protocol, over streamable HTTP and over a
//! socket that stands for standard input and output.
//!
//! HTTP answers in JSON and keeps no sessions: with sessions and events some clients list the tools and then drop the server.
//! So a client is known by the address that it was given, which holds a token, and by nothing that it says.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ErrorData, ServerHandler, ServiceExt};
use serde_json::Value;
use tokio::net::UnixStream;
use tokio::sync::mpsc;

use super::MCP_SERVER;
use super::asked::{self, Ask, Asked, Told};
use super::function::FunctionDoor;
use crate::base::serving::Serving;
use crate::base::token;
use crate::record::Hints;
use crate::record::tool::{ToolCall, ToolSpec, ToolStatus};

/// What a client shows of the server, and most models read.
const ABOUT: &str = "Production, the checkout and the people of this team. `finish` ends the work.";
/// Bytes of one message over a socket: as many as HTTP takes.
const LINE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Connections to a socket that are served at once; more wait.
const AT_ONCE_MAX: usize = 64;
/// What is said of anything after the end.
const OVER: &str = "the work is over: nothing more is taken";

/// The MCP door of one trial.
#[derive(Clone, Debug)]
pub struct McpDoor {
    asks: mpsc::Sender<Asked>,
    tools: Arc<[Tool]>,
}

impl McpDoor {
    /// A door to the trial behind this channel.
    pub fn new(asks: mpsc::Sender<Asked>, hints: Hints) -> Self {
        Self { asks, tools: FunctionDoor::specs().iter().map(|spec| tool(spec, hints)).collect() }
    }

    /// Serves streamable HTTP; at port 0, wherever there is room. The URL holds a token that nobody can guess.
    ///
    /// # Errors
    /// The address cannot be listened on, or the machine has no randomness to give.
    pub async fn http(self, listen: SocketAddr) -> io::Result<Serving> {
        let config =
            StreamableHttpServerConfig::default().with_legacy_session_mode(false).with_json_response(true);
        let service = StreamableHttpService::new(
            move || Ok(self.clone()),
            LocalSessionManager::default().into(),
            config,
        );
        // Some clients know a server of this kind by the end of its path.
        let path = format!("/{}/mcp", token::fresh()?);
        let router = Router::new().nest_service(&path, service);
        Serving::http(listen, &path, router).await
    }

    /// Serves each connection to a socket as standard input and output of a server of its own.
    ///
    /// # Errors
    /// The socket cannot be made.
    pub fn socket(self, path: &Path) -> io::Result<Serving> {
        Serving::socket(path, AT_ONCE_MAX, move |stream| self.clone().converse(stream))
    }

    async fn converse(self, stream: UnixStream) {
        let (read, write) = stream.into_split();
        let lines = AsyncRwTransport::new_server(read, write).with_max_line_length(LINE_BYTES_MAX);
        // Whatever ends a conversation ends it for that client alone.
        if let Ok(running) = self.serve(lines).await {
            let _ = running.waiting().await;
        }
    }
}

/// A tool as the protocol has it.
fn tool(spec: &ToolSpec, hints: Hints) -> Tool {
    let schema = spec.parameters.as_object().cloned().unwrap_or_default();
    let tool = Tool::new(spec.name, spec.description, Arc::new(schema));
    match hints.of(spec.name) {
        None => tool,
        Some(hint) => tool
            .with_annotations(ToolAnnotations::new().read_only(hint.read_only).destructive(hint.destructive)),
    }
}

impl ServerHandler for McpDoor {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new(MCP_SERVER, env!("CARGO_PKG_VERSION")))
            .with_instructions(ABOUT)
    }

    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.tools.to_vec()))
    }

    /// A tool that there is not, or whose arguments are wrong, is answered by the tool as well, so that the model reads it.
    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        let used = ToolCall { name: request.name.into_owned(), arguments };
        let (is_well, text) = match asked::ask(&self.asks, Ask::Tool(used)).await {
            Told::Tool(Some(reply)) => (reply.status == ToolStatus::Ok, reply.text.raw().to_owned()),
            Told::Tool(None) => (true, "the report was taken; the work is over".to_owned()),
            _ => (false, OVER.to_owned()),
        };
        let content = vec![ContentBlock::text(text)];
        Ok(if is_well { CallToolResult::success(content) } else { CallToolResult::error(content) }.into())
    }
}
