//! What can be wrong in `[docker]`: names that stand twice, volumes that nobody staged, times after the epoch.

use crate::stage::Stage;
use crate::stage_problems::Problems;
use crate::stage_rules::before_epoch;

pub(crate) fn of_docker(stage: &Stage, found: &mut Problems) {
    let volumes: Vec<&str> = stage.docker.iter().flat_map(|d| &d.volume).map(|v| v.name.as_str()).collect();
    for (i, database) in stage.database.iter().enumerate() {
        if let Some(volume) = &database.volume {
            found.one_of(format!("database[{i}].volume"), volume, "the name of a volume", &volumes);
        }
    }
    let Some(docker) = &stage.docker else { return };
    found.not_empty("docker.host".to_owned(), &docker.host, "the name of a machine");
    found.unique(volumes.iter().copied(), |i| format!("docker.volume[{i}].name"), "the name of a volume");
    let names = docker.container.iter().map(|container| container.name.as_str());
    found.unique(names, |i| format!("docker.container[{i}].name"), "the name of a container");
    for (i, container) in docker.container.iter().enumerate() {
        let at = |key: &str| format!("docker.container[{i}].{key}");
        before_epoch(stage, at("created"), container.created, found);
        before_epoch(stage, at("started"), container.started, found);
        if let Some(ended) = container.ended {
            before_epoch(stage, at("ended.at"), ended.at, found);
        }
        for (j, volume) in container.volumes.iter().enumerate() {
            found.one_of(at(&format!("volumes[{j}]")), volume, "the name of a volume", &volumes);
        }
    }
    for (i, volume) in docker.volume.iter().enumerate() {
        before_epoch(stage, format!("docker.volume[{i}].created"), volume.created, found);
    }
    for (i, image) in docker.image.iter().enumerate() {
        before_epoch(stage, format!("docker.image[{i}].created"), image.created, found);
    }
}
