//! What can be wrong in `[[cache]]`: files that are not there, times after the epoch, rules that match nothing.

use crate::stage::Stage;
use crate::stage_problems::Problems;
use crate::stage_rules::{before_epoch, data_file};

pub(crate) fn of_caches(stage: &Stage, found: &mut Problems) {
    let names = stage.cache.iter().map(|cache| cache.id.as_str());
    found.unique(names, |i| format!("cache[{i}].id"), "the id of a cache");
    for (i, cache) in stage.cache.iter().enumerate() {
        let at = |key: &str| format!("cache[{i}].{key}");
        found.not_empty(at("id"), &cache.id, "the id of a cache");
        before_epoch(stage, at("created"), cache.created, found);
        found.duration(at("restart_s"), cache.restart_s);
        found.duration(at("restore_s"), cache.restore_s);
        let mut texts = vec![(at("data"), cache.data.as_str())];
        if let Some(saved) = &cache.saved {
            before_epoch(stage, at("saved.at"), saved.at, found);
            texts.push((at("saved.data"), &saved.data));
        }
        for (j, backup) in cache.backup.iter().enumerate() {
            before_epoch(stage, at(&format!("backup[{j}].taken")), backup.taken, found);
            texts.push((at(&format!("backup[{j}].data")), &backup.data));
        }
        texts.into_iter().for_each(|(path, text)| data_file(stage, path, text, found));
        for (j, rule) in cache.derived.iter().enumerate() {
            let is_rule = rule.split_once(' ').is_some_and(|(number, _)| number.parse::<u32>().is_ok());
            found.add_if(
                !is_rule,
                at(&format!("derived[{j}]")),
                rule,
                "a database and a pattern, such as `0 page:*`",
            );
        }
    }
}
