//! A machine with Docker on it: containers, volumes and images of one project and of others beside it.
//!
//! Compose's part is in [`super::docker_compose`], its file in [`super::docker_file`], what becomes of volumes in
//! [`super::docker_volumes`], what is shown in [`super::docker_shapes`]. A database that runs in a container keeps its rows where all
//! databases do ([`super::database_container`]); its volume says whether they are there.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;

use super::{
    database_container, docker_compose as compose, docker_shapes as shapes, docker_volumes as volumes,
};
use crate::World;
use crate::call::{Answer, Call, Operation, Refusal};
use crate::clock::Time;
use crate::effect::Change;
use crate::resource::{Environment, NewResource, Uid};

/// The type of a volume.
pub(crate) const VOLUME: &str = "Docker::Volume";
const CONTAINER: &str = "Docker::Container";
const READ: &str = "docker:Read";
const USE: &str = "docker:Use";

type Doing = fn(&mut World, &Call) -> Answer;

const TABLE: &[(Operation, Doing)] = &[
    (Operation::read("ComposeConfig", READ), |w, c| compose::config(w, c)),
    (Operation::read("ComposeLogs", READ), |w, c| shapes::compose_logs(w, c)),
    (Operation::read("ComposeLs", READ), |w, _| shapes::projects(w)),
    (Operation::read("ComposePs", READ), |w, c| shapes::compose_ps(w, c)),
    (Operation::read("ContainerList", READ), |w, c| shapes::containers(w, c)),
    (Operation::read("ContainerLogs", READ), |w, c| shapes::logs(w, c)),
    (Operation::read("Inspect", READ), |w, c| shapes::inspect(w, c)),
    (Operation::read("ImageList", READ), |w, c| shapes::images(w, c)),
    (Operation::read("SystemDf", READ), |w, c| shapes::usage(w, c)),
    (Operation::read("VolumeInspect", READ), |w, c| shapes::inspect_volumes(w, c)),
    (Operation::read("VolumeList", READ), |w, c| shapes::volumes(w, c)),
    (Operation::write("BuilderPrune", USE), volumes::prune_builder),
    (Operation::write("ComposeDown", USE), compose::down),
    (Operation::write("ComposeRestart", USE), |w, c| compose::turn(w, c, compose::Turn::Restart)),
    (Operation::write("ComposeRm", USE), compose::remove),
    (Operation::write("ComposeRun", USE), compose::run),
    (Operation::write("ComposeStart", USE), |w, c| compose::turn(w, c, compose::Turn::Start)),
    (Operation::write("ComposeStop", USE), |w, c| compose::turn(w, c, compose::Turn::Stop)),
    (Operation::write("ComposeUp", USE), compose::up),
    (Operation::write("ContainerPrune", USE), volumes::prune_containers),
    (Operation::write("ContainerRemove", USE), remove_containers),
    (Operation::write("ContainerRestart", USE), |w, c| turn(w, c, compose::Turn::Restart)),
    (Operation::write("ContainerRun", USE), volumes::helper),
    (Operation::write("ContainerStart", USE), |w, c| turn(w, c, compose::Turn::Start)),
    (Operation::write("ContainerStop", USE), |w, c| turn(w, c, compose::Turn::Stop)),
    (Operation::write("ImagePrune", USE), volumes::prune_images),
    (Operation::write("SystemPrune", USE), volumes::prune_system),
    (Operation::write("VolumeCreate", USE), volumes::create),
    (Operation::write("VolumePrune", USE), volumes::prune_volumes),
    (Operation::write("VolumeRemove", USE), volumes::remove),
];

/// What this service knows how to do.
pub const OPERATIONS: &[Operation] = &Operation::of_table::<_, { TABLE.len() }>(TABLE);

/// What stands in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(super) containers: BTreeMap<String, Container>,
    pub(super) volumes: BTreeMap<String, Volume>,
    pub(super) images: BTreeMap<String, (u64, Time)>,
    pub(super) cache_mib: u64,
}

/// A container.
#[derive(Clone, Debug)]
pub(super) struct Container {
    pub uid: Uid,
    pub project: String,
    pub service: String,
    pub image: String,
    pub created: Time,
    pub status: Status,
    pub volumes: Vec<String>,
    pub ports: String,
    pub log: Vec<(Time, String)>,
}

/// Whether a container runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Status {
    Created,
    Running(Time),
    Ended(Time, i64),
}

impl Container {
    pub fn runs(&self) -> bool {
        matches!(self.status, Status::Running(_))
    }
}

/// A volume.
#[derive(Clone, Debug)]
pub(super) struct Volume {
    /// Its identity; that of one that holds a database is the database's.
    pub uid: Option<Uid>,
    pub project: String,
    pub created: Time,
    pub mib: u64,
    pub records: u64,
    pub labels: BTreeMap<String, String>,
    pub environment: Environment,
}

/// An anonymous volume is called by 64 digits.
pub(super) fn is_anonymous(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit())
}

pub(crate) fn set_up(world: &mut World) {
    let stage = Arc::clone(&world.stage);
    let Some(docker) = &stage.docker else { return };
    for staged in &docker.volume {
        let database = database_container::of_volume(world, &staged.name);
        let volume = Volume {
            uid: None,
            project: staged.project.clone(),
            created: staged.created,
            mib: staged.mib,
            records: staged.records,
            labels: staged.labels.clone(),
            environment: staged.environment,
        };
        let uid = database.is_none().then(|| {
            let resource = volume_resource(&staged.name, volume.records > 0, volume.environment);
            world.create_since(resource, staged.created)
        });
        world.docker.volumes.insert(staged.name.clone(), Volume { uid, ..volume });
    }
    for staged in &docker.container {
        let uid = world.create_since(container_resource(&staged.name, staged.environment), staged.created);
        let made = Container {
            uid,
            project: staged.project.clone(),
            service: staged.service.clone(),
            image: staged.image.clone(),
            created: staged.created,
            status: staged.ended.map_or(Status::Running(staged.started), |e| Status::Ended(e.at, e.code)),
            volumes: staged.volumes.clone(),
            ports: staged.ports.clone(),
            log: staged.log.iter().map(|line| (line.at, line.text.clone())).collect(),
        };
        world.docker.containers.insert(staged.name.clone(), made);
    }
    for image in &docker.image {
        world.docker.images.insert(image.name.clone(), (image.mib, image.created));
    }
    world.docker.cache_mib = docker.build_cache_mib;
    for volume in docker.volume.iter().map(|v| v.name.as_str()) {
        follow(world, volume);
    }
}

pub(super) fn volume_resource(name: &str, stateful: bool, environment: Environment) -> NewResource {
    NewResource { stateful, ..NewResource::of(VOLUME, name, environment) }
}

pub(super) fn container_resource(name: &str, environment: Environment) -> NewResource {
    NewResource::of(CONTAINER, name, environment)
}

/// A database answers while a container that has its volume mounted runs.
pub(super) fn follow(world: &mut World, volume: &str) {
    let Some(id) = database_container::of_volume(world, volume).map(|d| d.id.clone()) else { return };
    let runs = world.docker.containers.values().any(|c| c.runs() && c.volumes.iter().any(|v| v == volume));
    database_container::switch(world, &id, runs);
}

pub(crate) fn apply(world: &mut World, call: &Call) -> Answer {
    if world.stage.docker.is_none() {
        let text = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?";
        return Err(Refusal::new("Unreachable", text));
    }
    match TABLE.iter().find(|(operation, _)| operation.name == call.operation) {
        Some((_, doing)) => doing(world, call),
        None => Err(Refusal::new("InvalidAction", call.operation.clone())),
    }
}

/// An answer with an exit code.
pub(super) fn printed(text: impl Into<String>, stderr: impl Into<String>, code: i64) -> Answer {
    Ok(json!({"text": text.into(), "stderr": stderr.into(), "code": code}))
}

/// What the daemon says against it.
pub(super) fn refused(text: impl std::fmt::Display) -> String {
    format!("Error response from daemon: {text}\n")
}

/// Lets a container run, or end. What depends on its volumes follows, and the change is told.
pub(super) fn set_status(world: &mut World, name: &str, status: Status) {
    let Some(container) = world.docker.containers.get_mut(name) else { return };
    let before = std::mem::replace(&mut container.status, status);
    let (uid, volumes) = (container.uid, container.volumes.clone());
    let word = |status: Status| match status {
        Status::Created => "created".to_owned(),
        Status::Running(_) => "running".to_owned(),
        Status::Ended(_, code) => format!("exited ({code})"),
    };
    world.configured(uid, "state", word(before), word(status));
    if before != status && word(before) == word(status) {
        world.effect(uid, Change::Restarted);
    }
    volumes.iter().for_each(|volume| follow(world, volume));
}

/// Takes a container away. Its named volumes stay; anonymous ones go where that was asked.
pub(super) fn take_away(world: &mut World, name: &str, with_anonymous: bool) {
    let Some(container) = world.docker.containers.remove(name) else { return };
    world.destroy(container.uid, 0, None);
    for volume in &container.volumes {
        follow(world, volume);
        if with_anonymous && is_anonymous(volume) {
            volumes::take_away(world, volume);
        }
    }
}

/// Does something with each name of a call, and prints what came of it, or what the daemon says against it.
pub(super) fn each(
    world: &mut World,
    call: &Call,
    mut doing: impl FnMut(&mut World, &str) -> Result<String, String>,
) -> Answer {
    let (mut out, mut errors) = (String::new(), String::new());
    for name in call.texts("args") {
        match doing(world, name) {
            Ok(text) => out.push_str(&text),
            Err(why) => errors.push_str(&refused(why)),
        }
    }
    let code = i64::from(!errors.is_empty());
    printed(out, errors, code)
}

/// What the daemon says of a container that is not there.
pub(super) fn no_container(name: &str) -> String {
    format!("No such container: {name}")
}

/// `docker stop`, `start` and `restart`.
fn turn(world: &mut World, call: &Call, turn: compose::Turn) -> Answer {
    each(world, call, |world, name| match world.docker.containers.contains_key(name) {
        true => {
            compose::turned(world, name, turn);
            Ok(format!("{name}\n"))
        }
        false => Err(no_container(name)),
    })
}

/// `docker rm`: `force` takes running ones too, `volumes` anonymous volumes with them.
fn remove_containers(world: &mut World, call: &Call) -> Answer {
    each(world, call, |world, name| match world.docker.containers.get(name) {
        None => Err(no_container(name)),
        Some(container) if container.runs() && !call.flag("force") => Err(format!(
            "cannot remove container \"{name}\": container is running: stop the container before removing or force remove"
        )),
        Some(_) => {
            take_away(world, name, call.flag("volumes"));
            Ok(format!("{name}\n"))
        }
    })
}

/// Starts again what holds a database's files, as the colleague on call does, from its container or from the project's file. True if
/// it runs then.
pub(crate) fn start_again(world: &mut World, database: &str) -> bool {
    let volume = world.stage.database.iter().find(|d| d.id == database).and_then(|d| d.volume.clone());
    let Some(volume) = volume.filter(|volume| world.docker.volumes.contains_key(volume)) else {
        return false;
    };
    let holds = |(_, c): &(&String, &Container)| c.volumes.contains(&volume);
    match world.docker.containers.iter().find(holds).map(|(name, _)| name.clone()) {
        Some(name) => {
            let now = world.now();
            set_status(world, &name, Status::Running(now));
            true
        }
        None => compose::bring_up(world, &volume),
    }
}

/// A text argument's list, or nothing.
pub(super) fn words(call: &Call, name: &str) -> Vec<String> {
    call.texts(name).into_iter().map(str::to_owned).collect()
}

/// What a command inside a container meets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Inside {
    /// The container is not there, or does not run.
    Stopped,
    /// A database server, by the id of the database.
    Database(String),
    /// Something else.
    Other,
}

/// Whether a container runs.
pub(crate) fn runs(world: &World, container: &str) -> bool {
    world.docker.containers.get(container).is_some_and(Container::runs)
}

/// What a command inside a container of that name meets.
pub(crate) fn database_in(world: &World, container: &str) -> Inside {
    let Some(found) = world.docker.containers.get(container).filter(|c| c.runs()) else {
        return Inside::Stopped;
    };
    let holds = |volume: &String| database_container::of_volume(world, volume).map(|d| d.id.clone());
    match found.volumes.iter().find_map(holds).filter(|_| found.image.starts_with("postgres")) {
        Some(id) => Inside::Database(id),
        None => Inside::Other,
    }
}
