//! Caches, migrations, brokers, containers, search clusters and shares of files, as their tools show them, on the stages of the shipped scenarios.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a test fails loudly"
)]

#[macro_use]
mod shipped;

#[path = "stores/broker_nodes.rs"]
mod broker_nodes;
#[path = "stores/brokers.rs"]
mod brokers;
#[path = "stores/caches.rs"]
mod caches;
#[path = "stores/containers.rs"]
mod containers;
#[path = "stores/drizzle.rs"]
mod drizzle;
#[path = "stores/migrations.rs"]
mod migrations;
#[path = "stores/search.rs"]
mod search;
#[path = "stores/shares.rs"]
mod shares;
