//! Promises broken on purpose, so that the tests can show that they would notice. A build without the feature
//! `sabotage`, such as the one that is shipped, has none of it: there the answer is `no` before the program runs.

/// A promise that can be broken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sabotage {
    /// Segments and files are not forced to the disk.
    SkipSync,
    /// Names in folders are not forced to the disk.
    SkipFolderSync,
    /// Files grow under their own name instead of appearing whole.
    WriteInPlace,
    /// A rewritten ledger takes the place of the old one after that is gone.
    RewriteInPlace,
    /// What the disk answers to a write is not looked at.
    SkipWriteErrors,
    /// Lines need not follow from the lines before.
    SkipChain,
    /// A trial counts without its seal.
    SkipSeal,
    /// Links in a ledger are followed.
    FollowLinks,
    /// Anybody may write into a run's folder.
    SkipLock,
    /// The same trial twice is two trials.
    CountTwice,
    /// A run is resumed whatever its inputs have become.
    SkipInputs,
    /// Trials in flight are waited for without end.
    SkipBound,
}

#[cfg(feature = "sabotage")]
impl Sabotage {
    /// All of them by name, as `CHESTERTON_SABOTAGE` gives them.
    pub const ALL: [(&'static str, Self); 12] = [
        ("skip-sync", Self::SkipSync),
        ("skip-folder-sync", Self::SkipFolderSync),
        ("write-in-place", Self::WriteInPlace),
        ("rewrite-in-place", Self::RewriteInPlace),
        ("skip-write-errors", Self::SkipWriteErrors),
        ("skip-chain", Self::SkipChain),
        ("skip-seal", Self::SkipSeal),
        ("follow-links", Self::FollowLinks),
        ("skip-lock", Self::SkipLock),
        ("count-twice", Self::CountTwice),
        ("skip-inputs", Self::SkipInputs),
        ("skip-bound", Self::SkipBound),
    ];
}

/// Whether this promise is broken in this process: `CHESTERTON_SABOTAGE` names it.
#[cfg(feature = "sabotage")]
pub fn is_on(promise: Sabotage) -> bool {
    static ON: std::sync::LazyLock<Option<Sabotage>> = std::sync::LazyLock::new(|| {
        #[expect(clippy::disallowed_methods, reason = "tests alone set it, and no shipped program reads it")]
        let name = std::env::var("CHESTERTON_SABOTAGE").ok()?;
        Sabotage::ALL.iter().find(|(known, _)| *known == name).map(|(_, promise)| *promise)
    });
    *ON == Some(promise)
}

/// No promise is broken in what is shipped.
#[cfg(not(feature = "sabotage"))]
pub const fn is_on(_: Sabotage) -> bool {
    false
}

/// Crashes in this process if `CHESTERTON_CRASH` is set, and says what is at hand there: so that the tests can see what a crash tells.
#[cfg(feature = "sabotage")]
#[expect(clippy::panic, reason = "to crash is what it is for, and no shipped program can")]
pub fn crash(at_hand: &impl std::fmt::Debug) {
    #[expect(clippy::disallowed_methods, reason = "tests alone set it, and no shipped program reads it")]
    let is_asked_for = std::env::var_os("CHESTERTON_CRASH").is_some();
    if is_asked_for {
        panic!("told to crash with {at_hand:?}");
    }
}

/// What is shipped crashes nowhere on purpose.
#[cfg(not(feature = "sabotage"))]
pub const fn crash<T>(_: &T) {}
