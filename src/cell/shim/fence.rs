//! What holds a process whatever namespace it is in: limits of the kernel's, and Landlock.

use std::io;
use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, NetPort, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus, Scope, path_beneath_rules,
};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// The newest of the kernel's interfaces that is asked for; what an older one lacks is left out.
const NEWEST: ABI = ABI::V6;
const LIMITS: [(Resource, u64); 4] = [
    (Resource::RLIMIT_CORE, 0),
    (Resource::RLIMIT_FSIZE, 1 << 30),
    (Resource::RLIMIT_NOFILE, 8_192),
    (Resource::RLIMIT_NPROC, 1_024),
];

/// Holds this process and all that it starts: it may read and start what is below `reads`, write below `writes`, and, if ports
/// are given, connect to those alone. True: the kernel enforces the last part.
///
/// # Errors
/// A limit that cannot be set.
pub fn fence<R: AsRef<Path>, W: AsRef<Path>>(
    reads: impl IntoIterator<Item = R>,
    writes: impl IntoIterator<Item = W>,
    ports: Option<&[u16]>,
) -> io::Result<bool> {
    for (resource, limit) in LIMITS {
        // Where the machine has less, it stays at that: to raise it is root's.
        let (_, most) = getrlimit(resource)?;
        let limit = limit.min(most);
        setrlimit(resource, limit, limit)?;
    }
    rule(reads, writes, ports)
}

/// The same without the limits, which somebody else has set.
///
/// # Errors
/// The kernel has Landlock, and refuses this.
pub fn rule<R: AsRef<Path>, W: AsRef<Path>>(
    reads: impl IntoIterator<Item = R>,
    writes: impl IntoIterator<Item = W>,
    ports: Option<&[u16]>,
) -> io::Result<bool> {
    let ruled = || -> Result<RulesetStatus, landlock::RulesetError> {
        let mut ruleset = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(NEWEST))?
            .scope(Scope::from_all(NEWEST))?;
        if ports.is_some() {
            ruleset = ruleset.handle_access(AccessNet::ConnectTcp)?;
        }
        let there = |paths: &mut dyn Iterator<Item = std::path::PathBuf>| {
            paths.filter(|path| path.exists()).collect::<Vec<_>>()
        };
        let reads = there(&mut reads.into_iter().map(|path| path.as_ref().to_owned()));
        let writes = there(&mut writes.into_iter().map(|path| path.as_ref().to_owned()));
        let mut created = ruleset
            .create()?
            .add_rules(path_beneath_rules(reads, AccessFs::from_read(NEWEST)))?
            .add_rules(path_beneath_rules(writes, AccessFs::from_all(NEWEST)))?;
        for port in ports.unwrap_or_default() {
            created = created.add_rule(NetPort::new(*port, AccessNet::ConnectTcp))?;
        }
        Ok(created.restrict_self()?.ruleset)
    };
    Ok(!matches!(ruled().map_err(io::Error::other)?, RulesetStatus::NotEnforced))
}
