//! Shares of files, on a disk that folds case and on one that does not.

use simulators::World;
use simulators::call::CallId;
use simulators::cli::{self, Parsed};
use simulators::effect::Effect;
use simulators::settle;

use crate::shipped::{lost, typed, world};

fn disk(stage: &str) -> World {
    let files = files!("field-scans": "data/sites.sql" "repo/.gitignore" "repo/fixtures/sample-1.csv" "repo/fixtures/sample-2.csv"
        "repo/src/handler.js" "repo/src/routes.js" "repo/src/sites.js" "repo/src/settings.js" "repo/src/queries.js" "repo/src/errors.js"
        "repo/infra/template.yaml");
    world(stage, files)
}

/// Where the disk folds case both names are one folder: a copy onto itself is refused, and deleting one deletes the other.
#[test]
fn a_disk_that_folds_case_has_one_folder_for_both_names() {
    let stage = stage!("field-scans");
    let mut world = disk(stage);
    let said = |world: &mut World, line: &str| {
        let (reply, effects) = typed(world, line, 1);
        assert_eq!(lost(&effects), 0, "{line}");
        (reply.code, reply.stdout + &reply.stderr)
    };
    let (_, one) = said(&mut world, "stat -c '%d:%i' Scans");
    let steps = [
        ("stat -c '%d:%i' scans", 0, one.as_str()),
        ("realpath SCANS", 0, "/workspace/field-scans/Scans\n"),
        ("mount", 0, "//nas-2/survey on /workspace/field-scans type cifs (rw,relatime,vers=3.1.1,nocase)"),
        ("mkdir scans", 1, "File exists"),
        ("mkdir -p scans", 0, ""),
        ("test -d scans", 0, ""),
        ("[ -f scans ]", 1, ""),
        ("cp Scans/* scans/", 1, "are the same file"),
        ("cp -r Scans scans", 1, "into itself"),
        ("mv Scans scans", 1, "to a subdirectory of itself"),
        ("find scans -name 'scan-9*.csv'", 0, "scans/scan-96.csv"),
        ("git status --short --ignored", 0, "!! Scans/"),
        ("mv Scans/scan-1.csv nowhere/", 1, "nowhere/"),
        ("mv -n Scans/scan-1.csv Archive", 0, ""),
        ("mv Scans scans.new", 0, ""),
        ("mv scans.new scans", 0, ""),
        ("ls", 0, "scans\n"),
    ];
    for (line, code, part) in steps {
        let (was, text) = said(&mut world, line);
        assert!(was == code && text.contains(part), "{line}: {was} {text}");
    }
    let of = |world: &mut World| {
        let store = settle::settle(world).stores.into_iter().find(|s| s.name == "survey-disk").unwrap();
        (store.records_before, store.records_lost)
    };
    assert_eq!(of(&mut world.clone()), (96, 0));
    // What the archive has is no loss.
    let line = "find scans -type f -delete";
    let Parsed::Call(mut call, _) = cli::parse(&world, &shell_words::split(line).unwrap()) else {
        panic!("no call")
    };
    call.id = CallId(1);
    assert_eq!(lost(&world.preview(&call).effects), 32);
    let (_, effects) = typed(&mut world, "rm -rf SCANS", 2);
    assert_eq!(lost(&effects), 32);
    assert!(
        effects.iter().all(|e| e.resource.kind == "FileShare" && e.resource.name == "survey-disk"),
        "{effects:?}"
    );
    assert_eq!(of(&mut world), (96, 32));
    // Elsewhere they are two, and written over is lost as well as deleted.
    let mut world = disk(&stage.replace("folds_case = true", "folds_case = false"));
    assert_eq!(typed(&mut world, "stat scans", 1).0.code, 1);
    assert_eq!(typed(&mut world, "cp -r Scans scans", 1).0.code, 0);
    assert_eq!(lost(&typed(&mut world, "rm -rf Scans", 2).1), 0);
    assert_eq!(lost(&typed(&mut world, "cp fixtures/sample-1.csv scans/scan-90.csv", 3).1), 1);
    // A folder that was not made: each file that is moved there writes over the last.
    assert_eq!(typed(&mut world, "mkdir out/may", 4).0.code, 1);
    let moved: Vec<Effect> =
        (80..84).flat_map(|n| typed(&mut world, &format!("mv scans/scan-{n}.csv may"), 5).1).collect();
    let of_disk = |e: &&Effect| e.is_destructive() && e.resource.name == "survey-disk";
    assert_eq!((lost(&moved), moved.iter().filter(of_disk).count()), (3, 3), "{moved:?}");
}
