//! What can be wrong in `[cluster]`: files that are not there, contexts and databases that nobody knows.

use crate::stage::Stage;
use crate::stage_problems::Problems;
use crate::stage_rules::in_order;

pub(crate) fn of_cluster(stage: &Stage, found: &mut Problems) {
    let hosted: Vec<&str> = stage.database.iter().filter(|d| d.hosted).map(|d| d.id.as_str()).collect();
    let volumes = stage.cluster.iter().flat_map(|c| &c.context).flat_map(|c| &c.volume);
    let held: Vec<&str> = volumes.map(|volume| volume.database.as_str()).collect();
    for (i, database) in stage.database.iter().enumerate().filter(|(_, d)| d.hosted) {
        let expected = "`false`, or a volume of a cluster that holds it";
        found.add_if(
            !held.contains(&database.id.as_str()),
            format!("database[{i}].hosted"),
            "true",
            expected,
        );
    }
    let Some(cluster) = &stage.cluster else { return };
    let contexts: Vec<&str> = cluster.context.iter().map(|context| context.name.as_str()).collect();
    found.one_of("cluster.current".to_owned(), &cluster.current, "the name of a context", &contexts);
    found.duration("cluster.mend_s".to_owned(), cluster.mend_s);
    found.unique(contexts, |i| format!("cluster.context[{i}].name"), "the name of a context");
    for (i, context) in cluster.context.iter().enumerate() {
        let at = |key: &str| format!("cluster.context[{i}].{key}");
        if stage.data_text(&context.objects).is_none() {
            let files = stage.names_in("data/", &context.objects);
            found.one_of(at("objects"), &context.objects, "a file below `data/`", &files);
        }
        for (j, volume) in context.volume.iter().enumerate() {
            let expected = "the id of a database that is `hosted`";
            found.one_of(at(&format!("volume[{j}].database")), &volume.database, expected, &hosted);
        }
        for (j, log) in context.log.iter().enumerate() {
            let times = log.line.iter().map(|line| line.at);
            in_order(stage, times, |k| at(&format!("log[{j}].line[{k}].at")), found);
        }
    }
}
