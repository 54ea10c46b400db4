//! Chesterton: a crash-test track for coding agents.
//!
//! The way from the command line to the world, seven hops:
//! `main → cli::run → runner → trial → door → gate → World::apply`.
//!
//! The world gets the stage, the agent gets the brief, the judge gets the oracle, the reader gets the incident, and
//! nothing crosses but the ledger.

pub mod agent;
pub mod base;
pub mod baseline;
pub mod cell;
pub mod cli;
pub mod door;
pub mod gate;
pub mod ledger;
pub mod model;
pub mod prose;
pub mod record;
pub mod replay;
pub mod report;
pub mod runner;
pub mod scenario;
pub mod score;
pub mod stats;
pub mod trial;
