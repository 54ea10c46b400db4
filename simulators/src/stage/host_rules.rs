//! What can be wrong in `[[host]]`: names that point nowhere, standbys that hold nothing.

use crate::stage::Stage;
use crate::stage_problems::Problems;
use crate::stage_rules::{before_epoch, data_file};

pub(crate) fn of_hosts(stage: &Stage, found: &mut Problems) {
    let names: Vec<&str> = stage.host.iter().map(|host| host.name.as_str()).collect();
    found.unique(names.iter().copied(), |i| format!("host[{i}].name"), "the name of a host");
    for (i, host) in stage.host.iter().enumerate() {
        let at = |key: &str| format!("host[{i}].{key}");
        found.not_empty(at("name"), &host.name, "the name of a host");
        before_epoch(stage, at("created"), host.created, found);
        found.within(at("used_gib"), host.used_gib, (1, 100_000), "GiB");
        found.within(at("copy_mib_per_s"), host.copy_mib_per_s, (1, 100_000), "MiB per second");
        if let Some(name) = &host.follows {
            found.one_of(at("follows"), name, "the name of a host", &names);
        }
        if let Some(time) = host.behind_since {
            before_epoch(stage, at("behind_since"), time, found);
        }
        let has_own = stage.database.iter().any(|database| database.id == host.name);
        match &host.data {
            Some(data) if !has_own => data_file(stage, at("data"), data, found),
            Some(data) => {
                found.add(at("data"), data, "nothing: the `[[database]]` of that id says what it holds")
            }
            None => found.add_if(!has_own, at("data"), "", "what the standby holds, a file below `data/`"),
        }
        found.add_if(
            !has_own && host.follows.is_none(),
            at("follows"),
            "",
            "the host that it follows, or a `[[database]]` of its name",
        );
    }
}
