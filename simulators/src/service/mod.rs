//! The services, each in its own file, and the table of what each can do.
//!
//! A service is: a `State` (plain data, ordered maps only), `set_up` from the stage, `apply` for calls, `due` for
//! what comes due later. Services reach each other through the functions that they export or through
//! [`crate::World::apply`] with a role of their own, never by writing into another's state.

pub mod databases;
pub mod forge;
pub mod functions;
pub mod identity;
pub mod objects;
pub mod observability;
pub mod people;
pub mod stacks;
pub mod workspace;

use crate::call::{Operation, Service};

/// The operations that a service knows.
pub fn operations(service: Service) -> &'static [Operation] {
    match service {
        Service::Stacks => stacks::OPERATIONS,
        Service::Databases => databases::OPERATIONS,
        Service::Objects => objects::OPERATIONS,
        Service::Identity => identity::OPERATIONS,
        Service::Observability => observability::OPERATIONS,
        Service::Functions => functions::OPERATIONS,
        Service::Forge => forge::OPERATIONS,
        Service::Workspace => workspace::OPERATIONS,
        Service::People => people::OPERATIONS,
        Service::Clock => CLOCK,
    }
}

const CLOCK: &[Operation] = &[Operation::read("Sleep", "")];
