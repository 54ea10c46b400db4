//! No room, no right, no handles: what the system refuses.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::places::{chesterton, place, planned, play, same_as_undisturbed};

#[test]
fn a_full_file_system_ends_the_run_with_its_own_code_and_it_goes_on_when_there_is_room() {
    let folder = place();
    let results = folder.path().join("results");
    fs::create_dir(&results).unwrap();
    let mount = |options: &str| mount(&results, options);
    if !mount("size=64k") {
        println!("skipped: this user may not mount a small file system");
        return;
    }
    let full = play(folder.path(), &["--name", "run", "--jobs", "2"]);
    let told = String::from_utf8_lossy(&full.stderr).into_owned();
    let grown = mount("remount,size=64m");
    let doctor = chesterton(folder.path(), &["doctor", "run"]);
    let resumed = chesterton(folder.path(), &["resume", "run", "--no-score"]);
    let outcome = std::panic::catch_unwind(|| same_as_undisturbed(&results.join("run"), "after a full disk"));
    let _ = Command::new("umount").arg(&results).status();
    assert_eq!(full.status.code(), Some(6), "{told}");
    assert!(told.contains("results/run") && told.contains("No space left"), "{told}");
    assert!(told.contains("chesterton resume run"), "{told}");
    assert!(grown);
    assert!(String::from_utf8_lossy(&doctor.stdout).contains("sealed and sound"));
    assert!(resumed.status.success(), "{}", String::from_utf8_lossy(&resumed.stderr));
    outcome.unwrap();
}

fn mount(folder: &Path, options: &str) -> bool {
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(folder).stderr(Stdio::null());
    mount.status().is_ok_and(|s| s.success())
}

#[test]
fn a_folder_that_may_only_be_read_is_told_and_a_run_in_it_can_still_be_looked_at() {
    let folder = place();
    let results = folder.path().join("results");
    fs::create_dir(&results).unwrap();
    if !mount(&results, "size=64m") {
        println!("skipped: this user may not mount a file system");
        return;
    }
    let played = play(folder.path(), &["--name", "run", "--shard", "1/2"]).status.code();
    let read_only = mount(&results, "remount,ro");
    let refused = [play(folder.path(), &["--name", "more"]), chesterton(folder.path(), &["resume", "run"])];
    let doctor = chesterton(folder.path(), &["doctor", "run"]);
    let _ = Command::new("umount").arg(&results).status();
    assert_eq!((played, read_only), (Some(0), true));
    for output in refused {
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(6), "{told}");
        assert!(told.contains("results") && told.contains("Read-only file system"), "{told}");
    }
    assert_eq!(doctor.status.code(), Some(0), "{}", String::from_utf8_lossy(&doctor.stderr));
}

/// With so few handles that some step of a run does not get one, whichever it is.
#[test]
fn too_few_handles_end_the_run_with_a_path_and_a_cause() {
    let mut codes = BTreeMap::new();
    for handles in (4..48).step_by(3) {
        let folder = place();
        let line = format!("ulimit -n {handles}; exec \"$@\"");
        let mut shell = Command::new("sh");
        shell.current_dir(folder.path()).args(["-c", &line, "sh", env!("CARGO_BIN_EXE_chesterton")]);
        shell.args(planned(&["--name", "run", "--jobs", "16"]));
        let output = shell.stdin(Stdio::null()).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let Some(code) = output.status.code() else {
            panic!("{handles} handles: {:?}: {told}", output.status)
        };
        *codes.entry(code).or_insert(0) += 1;
        assert!(!told.contains("panicked"), "{handles} handles: {told}");
        match code {
            0 => same_as_undisturbed(&folder.path().join("results/run"), "enough handles"),
            // The loader of programs itself had too few: this is not ours to tell.
            127 => {}
            6 | 7 => assert!(told.contains("oo many open files"), "{handles} handles: {told}"),
            other => panic!("{handles} handles: {other}: {told}"),
        }
        if code == 6 {
            assert!(told.contains("results"), "{handles} handles: {told}");
            let run = folder.path().join("results/run");
            if run.exists() {
                assert!(chesterton(folder.path(), &["resume", "run", "--no-score"]).status.success());
                same_as_undisturbed(&run, "resumed with more handles");
            }
        }
    }
    println!("with 4 to 46 handles, by exit code: {codes:?}");
    assert!(codes[&6] > 3 && codes[&0] > 0, "{codes:?}");
}
