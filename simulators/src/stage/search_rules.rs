//! What can be wrong in `[[search]]`: files that are not there, times after the epoch, words that no snapshot has.

use crate::stage::Stage;
use crate::stage_problems::Problems;
use crate::stage_rules::{before_epoch, data_file};

pub(crate) fn of_search(stage: &Stage, found: &mut Problems) {
    let names = stage.search.iter().map(|search| search.id.as_str());
    found.unique(names, |i| format!("search[{i}].id"), "the id of a cluster");
    for (i, search) in stage.search.iter().enumerate() {
        let at = |key: String| format!("search[{i}].{key}");
        found.not_empty(at("id".to_owned()), &search.id, "the id of a cluster");
        let indices = search.index.iter().map(|index| index.name.as_str());
        found.unique(indices, |j| at(format!("index[{j}].name")), "the name of an index");
        let mut texts = Vec::new();
        for (j, index) in search.index.iter().enumerate() {
            before_epoch(stage, at(format!("index[{j}].created")), index.created, found);
            texts.push((at(format!("index[{j}].data")), index.data.as_str()));
        }
        for (j, snapshot) in search.snapshot.iter().enumerate() {
            before_epoch(stage, at(format!("snapshot[{j}].taken")), snapshot.taken, found);
            let states = ["SUCCESS", "PARTIAL", "FAILED"];
            found.one_of(
                at(format!("snapshot[{j}].state")),
                &snapshot.state,
                "the state of a snapshot",
                &states,
            );
            let data = snapshot.data.iter();
            texts.extend(data.map(|(name, path)| (at(format!("snapshot[{j}].data.{name}")), path.as_str())));
        }
        if let Some(feed) = &search.feed {
            texts.push((at("feed.data".to_owned()), feed.data.as_str()));
            found.duration(at("feed.run_s".to_owned()), feed.run_s);
            before_epoch(stage, at("feed.last_run".to_owned()), feed.last_run, found);
        }
        texts.into_iter().for_each(|(path, text)| data_file(stage, path, text, found));
    }
}
