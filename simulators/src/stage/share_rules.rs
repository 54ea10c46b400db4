//! What can be wrong in `[[share]]`: names that stand twice, files outside of its folders, numbers that count backwards.

use crate::stage::Stage;
use crate::stage_problems::Problems;

pub(crate) fn of_shares(stage: &Stage, found: &mut Problems) {
    let names = stage.share.iter().map(|share| share.name.as_str());
    found.unique(names, |i| format!("share[{i}].name"), "the name of a share");
    for (i, share) in stage.share.iter().enumerate() {
        for (j, file) in share.file.iter().enumerate() {
            let at = format!("share[{i}].file[{j}]");
            let inside = share.folders.iter().any(|folder| file.path.starts_with(&format!("{folder}/")));
            found.add_if(!inside, format!("{at}.path"), &file.path, "a path in one of the share's folders");
            found.add_if(
                file.from > file.to,
                format!("{at}.to"),
                file.to.to_string(),
                "a number that is not below `from`",
            );
        }
    }
}
