//! The services, each in its own file, and the table of what each can do.
//!
//! A service is: a `State` (plain data, ordered maps only), `set_up` from the stage, `apply` for calls, `due` for
//! what comes due later. Services reach each other through the functions that they export or through
//! [`crate::World::apply`] with a role of their own, never by writing into another's state.

pub(crate) mod arn;
pub(crate) mod broker_nodes;
mod broker_shapes;
pub(crate) mod brokers;
mod cache_info;
pub(crate) mod cache_records;
mod cache_server;
pub mod caches;
pub(crate) mod checkout;
pub(crate) mod cluster;
mod cluster_changes;
mod cluster_deletes;
pub(crate) mod cluster_kinds;
pub(crate) mod cluster_objects;
mod cluster_patches;
mod cluster_reads;
mod cluster_rollouts;
mod cluster_store;
mod cluster_sync;
mod cluster_volumes;
mod columns;
pub(crate) mod commits;
mod database_backups;
mod database_bin;
mod database_changes;
pub(crate) mod database_container;
pub(crate) mod database_keepers;
mod database_meta;
mod database_restores;
mod database_shapes;
mod database_sql;
mod database_wait;
pub mod databases;
pub(crate) mod diffs;
pub(crate) mod dns;
mod dns_changes;
mod dns_dig;
pub(crate) mod dns_file;
pub(crate) mod dns_lookup;
pub(crate) mod dns_mend;
mod dns_zones;
pub(crate) mod docker;
pub(crate) mod docker_compose;
pub(crate) mod docker_file;
pub(crate) mod docker_migrate;
mod docker_shapes;
mod docker_volumes;
pub(crate) mod drizzle;
mod drizzle_diff;
mod drizzle_files;
mod drizzle_schema;
mod drizzle_source;
pub(crate) mod files;
pub mod forge;
mod function_calls;
pub mod functions;
pub mod git_objects;
pub mod git_state;
pub(crate) mod graphql;
pub(crate) mod history;
mod host_shapes;
pub(crate) mod hosts;
pub(crate) mod http;
pub(crate) mod identity;
pub(crate) mod index;
mod index_changes;
pub(crate) mod index_docs;
mod index_shapes;
pub(crate) mod index_snapshots;
pub mod indices;
pub(crate) mod issues;
pub(crate) mod keys;
pub(crate) mod limits;
mod log_groups;
pub(crate) mod mail_query;
pub(crate) mod mailboxes;
pub(crate) mod merges;
mod metrics;
mod migration_history;
mod migration_plan;
mod migration_schema;
mod migration_server;
pub(crate) mod migrations;
mod object_store;
mod object_versions;
pub(crate) mod objects;
pub(crate) mod observability;
pub(crate) mod people;
pub(crate) mod pipeline;
pub(crate) mod platform;
pub(crate) mod platform_shapes;
pub(crate) mod policy;
pub(crate) mod pull_merges;
pub(crate) mod pull_views;
pub(crate) mod pulls;
pub(crate) mod remotes;
pub(crate) mod reviews;
pub(crate) mod revisions;
pub(crate) mod runs;
pub(crate) mod search;
pub(crate) mod shares;
pub(crate) mod stack_changes;
pub(crate) mod stack_describe;
pub(crate) mod stack_drift;
pub(crate) mod stack_hardening;
pub(crate) mod stack_operations;
pub(crate) mod stack_parameters;
pub(crate) mod stack_phases;
pub(crate) mod stack_plan;
pub(crate) mod stack_policy;
pub(crate) mod stack_requests;
pub(crate) mod stack_resources;
pub(crate) mod stack_settings;
pub(crate) mod stack_shapes;
pub(crate) mod stack_stage;
pub(crate) mod stack_steps;
pub(crate) mod stack_template;
pub(crate) mod stack_types;
pub(crate) mod stack_values;
pub(crate) mod stack_wait;
pub mod stacks;
pub(crate) mod stash;
pub(crate) mod status;
pub mod terraform;
mod terraform_apply;
mod terraform_config;
mod terraform_language;
mod terraform_plan;
mod terraform_print;
mod terraform_resources;
mod terraform_saved;
mod terraform_state;
mod terraform_states;
mod terraform_types;
pub(crate) mod trail;
mod transfer;
mod waits;
pub mod workspace;

use crate::call::{Operation, Service};

/// The operations that a service knows.
pub fn operations(service: Service) -> &'static [Operation] {
    match service {
        Service::Stacks => stacks::OPERATIONS,
        Service::Databases => databases::OPERATIONS,
        Service::Objects => objects::OPERATIONS,
        Service::Migrations => migrations::OPERATIONS,
        Service::Brokers => brokers::OPERATIONS,
        Service::Caches => caches::OPERATIONS,
        Service::Cluster => cluster::OPERATIONS,
        Service::Hosts => hosts::OPERATIONS,
        Service::Identity => identity::OPERATIONS,
        Service::Mailboxes => mailboxes::OPERATIONS,
        Service::Observability => observability::OPERATIONS,
        Service::Functions => functions::OPERATIONS,
        Service::Forge => forge::OPERATIONS,
        Service::Workspace => workspace::OPERATIONS,
        Service::People => people::OPERATIONS,
        Service::Platform => platform::OPERATIONS,
        Service::Clock => CLOCK,
        Service::Keys => keys::OPERATIONS,
        Service::Terraform => terraform::OPERATIONS,
        Service::Docker => docker::OPERATIONS,
        Service::Indices => indices::OPERATIONS,
        Service::Dns => dns::OPERATIONS,
    }
}

const CLOCK: &[Operation] = &[Operation::read("Sleep", "")];
