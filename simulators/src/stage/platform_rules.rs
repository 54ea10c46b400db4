//! What can be wrong in `[platform]`: names that point nowhere, ids that stand twice, databases that are not there.

use crate::stage::Stage;
use crate::stage::platform::{Platform, Project};
use crate::stage_problems::Problems;
use crate::stage_rules::before_epoch;

pub(crate) fn of_platform(stage: &Stage, found: &mut Problems) {
    let Some(platform) = &stage.platform else { return };
    tokens(platform, found);
    let projects = platform.project.iter().map(|p| p.id.as_str());
    found.unique(projects, |i| format!("platform.project[{i}].id"), "the id of a project");
    for (i, project) in platform.project.iter().enumerate() {
        of_project(stage, project, &format!("platform.project[{i}]"), found);
    }
}

fn tokens(platform: &Platform, found: &mut Problems) {
    let names: Vec<&str> = platform.token.iter().map(|t| t.name.as_str()).collect();
    found.one_of("platform.signed_in".to_owned(), &platform.signed_in, "the name of a token", &names);
    found.unique(names.iter().copied(), |i| format!("platform.token[{i}].name"), "the name of a token");
    let projects: Vec<&str> = platform.project.iter().map(|p| p.name.as_str()).collect();
    for (i, token) in platform.token.iter().enumerate() {
        let at = |key: &str| format!("platform.token[{i}].{key}");
        found.not_empty(at("value"), &token.value, "what the token is");
        if let Some(name) = &token.project {
            found.one_of(at("project"), name, "the name of a project", &projects);
        }
        let Some(name) = &token.environment else { continue };
        let project = platform.project.iter().find(|p| Some(&p.name) == token.project.as_ref());
        let names: Vec<&str> = project.iter().flat_map(|p| &p.environment).map(|e| e.name.as_str()).collect();
        found.one_of(at("environment"), name, "the name of an environment of its project", &names);
    }
}

fn of_project(stage: &Stage, project: &Project, at: &str, found: &mut Problems) {
    let environments: Vec<&str> = project.environment.iter().map(|e| e.name.as_str()).collect();
    let services: Vec<&str> = project.service.iter().map(|s| s.name.as_str()).collect();
    let databases: Vec<&str> = stage.database.iter().map(|d| d.id.as_str()).collect();
    let snapshots: Vec<&str> =
        stage.database.iter().flat_map(|d| &d.snapshot).map(|s| s.id.as_str()).collect();
    found.unique(services.iter().copied(), |i| format!("{at}.service[{i}].name"), "the name of a service");
    for (i, service) in project.service.iter().enumerate() {
        for (j, instance) in service.instance.iter().enumerate() {
            let at = |key: &str| format!("{at}.service[{i}].instance[{j}].{key}");
            found.one_of(
                at("environment"),
                &instance.environment,
                "the name of an environment",
                &environments,
            );
            if let Some(id) = &instance.database {
                found.one_of(at("database"), id, "the id of a database", &databases);
            }
            if let Some(name) = &instance.opens {
                found.one_of(at("opens"), name, "the name of a service of this project", &services);
            }
        }
    }
    for (i, volume) in project.volume.iter().enumerate() {
        for (j, instance) in volume.instance.iter().enumerate() {
            let at = |key: &str| format!("{at}.volume[{i}].instance[{j}].{key}");
            found.one_of(
                at("environment"),
                &instance.environment,
                "the name of an environment",
                &environments,
            );
            found.one_of(
                at("service"),
                &instance.service,
                "the name of a service of this project",
                &services,
            );
            before_epoch(stage, at("created"), instance.created, found);
            for (k, backup) in instance.backup.iter().enumerate() {
                found.one_of(
                    at(&format!("backup[{k}]")),
                    backup,
                    "the id of a snapshot of a database",
                    &snapshots,
                );
            }
        }
    }
}
