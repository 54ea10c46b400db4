//! What Compose does with a project: up, down, one service after another, one command in a service.

use super::docker::{
    Container, Status, Volume, container_resource, follow, printed, refused, set_status, take_away, words,
};
use super::docker_file::{Project, Service};
use super::{database_container, docker_migrate as migrate, docker_volumes as volumes};
use crate::World;
use crate::call::{Answer, Call, Refusal};
use crate::resource::Environment;

/// What is done to a container.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Turn {
    Start,
    Stop,
    Restart,
}

/// `docker compose config`: the file, or the names in it.
pub(super) fn config(world: &World, call: &Call) -> Answer {
    let project = Project::of(world, call)?;
    let list = |names: Vec<&str>| names.iter().map(|name| format!("{name}\n")).collect::<String>();
    let text = if call.flag("volumes") {
        list(project.volumes.iter().map(|(key, ..)| key.as_str()).collect())
    } else if call.flag("services") {
        list(project.services.iter().map(|service| service.name.as_str()).collect())
    } else if call.flag("images") {
        list(project.services.iter().map(|service| service.image.as_str()).collect())
    } else if call.flag("quiet") {
        String::new()
    } else {
        format!("name: {}\n{}", project.name, project.text)
    };
    printed(text, "", 0)
}

/// Where what a project makes anew stands: where its staged containers and volumes do.
fn environment(world: &World, project: &str) -> Environment {
    let docker = world.stage.docker.iter();
    let staged = docker.clone().flat_map(|d| &d.container).filter(|c| c.project == project);
    let volumes = docker.flat_map(|d| &d.volume).filter(|v| v.project == project);
    let found = staged.map(|c| c.environment).chain(volumes.map(|v| v.environment)).next();
    found.unwrap_or(Environment::Development)
}

/// `docker compose up`: volumes that are not there are made, and services started in their order.
pub(super) fn up(world: &mut World, call: &Call) -> Answer {
    let project = Project::of(world, call)?;
    let wanted = words(call, "args");
    let order = project.in_order(&wanted, !call.flag("no-deps"))?;
    let mut said = String::new();
    make_volumes(world, &project, &order, &mut said)?;
    for service in order {
        let is_asked = wanted.is_empty() || wanted.contains(&service.name);
        let unmet = service.needs.iter().find(|(name, ends)| {
            *ends && !call.flag("no-deps") && ended_well(world, &project, name) == Some(false)
        });
        if let Some((name, _)) = unmet {
            let code = match world.docker.containers.get(&project.container(name)).map(|c| c.status) {
                Some(Status::Ended(_, code)) => code,
                _ => 1,
            };
            said.push_str(&format!("service \"{name}\" didn't complete successfully: exit {code}\n"));
            return printed("", said, 1);
        }
        let anew = call.flag("force-recreate") && is_asked;
        start(world, &project, service, anew, &mut said);
    }
    printed("", said, 0)
}

/// Brings the service up that has a volume mounted, by the checkout's file.
pub(super) fn bring_up(world: &mut World, volume: &str) -> bool {
    let Ok(project) = Project::named(world, None, None) else { return false };
    let has = |service: &&Service| project.volumes_of(service).iter().any(|name| name == volume);
    let Some(service) = project.services.iter().find(has) else { return false };
    start(world, &project, service, false, &mut String::new());
    true
}

fn ended_well(world: &World, project: &Project, service: &str) -> Option<bool> {
    match world.docker.containers.get(&project.container(service))?.status {
        Status::Ended(_, code) => Some(code == 0),
        _ => None,
    }
}

fn make_volumes(
    world: &mut World,
    project: &Project,
    order: &[&Service],
    said: &mut String,
) -> Result<(), Refusal> {
    for (key, name, external) in &project.volumes {
        let is_used = order.iter().any(|service| service.mounts.iter().any(|(source, _)| source == key));
        if world.docker.volumes.contains_key(name) || !is_used {
            continue;
        }
        if *external {
            return Err(Refusal::new("plain", format!("external volume \"{name}\" not found")));
        }
        let environment = environment(world, &project.name);
        volumes::make(world, name, &project.name, environment);
        said.push_str(&format!(" Volume \"{name}\"  Created\n"));
    }
    Ok(())
}

/// Starts one service. A service that migrates ends by itself, well or not.
fn start(world: &mut World, project: &Project, service: &Service, anew: bool, said: &mut String) {
    let (name, now) = (project.container(&service.name), world.now());
    let status = world.docker.containers.get(&name).map(|c| c.status);
    if matches!(status, Some(Status::Running(_))) && !anew {
        said.push_str(&format!(" Container {name}  Running\n"));
        return;
    }
    if anew {
        take_away(world, &name, false);
    }
    if anew || status.is_none() {
        make_container(world, project, service);
    }
    match migrate::is_tool(service) {
        true => {
            let (text, code) = migrate::run(world, project, service, None);
            if let Some(container) = world.docker.containers.get_mut(&name) {
                container.log.extend(text.lines().map(|line| (now, line.to_owned())));
            }
            set_status(world, &name, Status::Ended(now, code));
            let word = if code == 0 { "Exited" } else { "Error" };
            said.push_str(&format!(" Container {name}  {word}\n"));
        }
        false => {
            set_status(world, &name, Status::Running(now));
            said.push_str(&format!(" Container {name}  Started\n"));
        }
    }
}

fn make_container(world: &mut World, project: &Project, service: &Service) {
    let (name, now) = (project.container(&service.name), world.now());
    let environment = environment(world, &project.name);
    let uid = world.create(container_resource(&name, environment));
    let volumes = project.volumes_of(service);
    let published = |port: &String| match port.rsplit_once(':') {
        Some((outside, inside)) => {
            format!("0.0.0.0:{}->{inside}/tcp", outside.rsplit(':').next().unwrap_or(outside))
        }
        None => format!("{port}/tcp"),
    };
    let made = Container {
        uid,
        project: project.name.clone(),
        service: service.name.clone(),
        image: service.image.clone(),
        created: now,
        status: Status::Created,
        volumes: volumes.clone(),
        ports: service.ports.iter().map(published).collect::<Vec<_>>().join(", "),
        log: Vec::new(),
    };
    world.docker.containers.insert(name, made);
    volumes.iter().for_each(|volume| follow(world, volume));
}

/// `docker compose down`: containers go, and with `volumes` what is in them.
pub(super) fn down(world: &mut World, call: &Call) -> Answer {
    let project = Project::of(world, call)?;
    let mut said = String::new();
    let own = |(_, c): &(&String, &Container)| {
        let known = project.service(&c.service).is_some();
        c.project == project.name && (known || call.flag("remove-orphans"))
    };
    let names: Vec<String> =
        world.docker.containers.iter().filter(own).map(|(name, _)| name.clone()).collect();
    for name in names.iter().rev() {
        take_away(world, name, call.flag("volumes"));
        said.push_str(&format!(" Container {name}  Removed\n"));
    }
    if call.flag("volumes") {
        for (_, name, _) in project.volumes.iter().filter(|(_, _, external)| !external) {
            match world.docker.volumes.contains_key(name) {
                true if in_use(world, name) => {
                    said.push_str(&format!(" Volume {name}  Resource is still in use\n"));
                }
                true => {
                    volumes::take_away(world, name);
                    said.push_str(&format!(" Volume {name}  Removed\n"));
                }
                false => said.push_str(&format!(" Volume {name}  Warning: No resource found to remove\n")),
            }
        }
    }
    said.push_str(&format!(" Network {}_default  Removed\n", project.name));
    printed("", said, 0)
}

pub(super) fn in_use(world: &World, volume: &str) -> bool {
    world.docker.containers.values().any(|c| c.volumes.iter().any(|v| v == volume))
}

/// The containers of a call's services that there are; all, if it names none.
fn chosen(world: &World, call: &Call) -> Result<Vec<String>, Refusal> {
    let project = Project::of(world, call)?;
    let order = project.in_order(&words(call, "args"), false)?;
    let names = order.into_iter().map(|service| project.container(&service.name));
    Ok(names.filter(|name| world.docker.containers.contains_key(name)).collect())
}

/// `docker compose start`, `stop` and `restart`.
pub(super) fn turn(world: &mut World, call: &Call, turn: Turn) -> Answer {
    let mut said = String::new();
    for name in chosen(world, call)? {
        turned(world, &name, turn);
        let word = if turn == Turn::Stop { "Stopped" } else { "Started" };
        said.push_str(&format!(" Container {name}  {word}\n"));
    }
    printed("", said, 0)
}

/// Starts or stops one container; one that has ended by itself ends again.
pub(super) fn turned(world: &mut World, name: &str, turn: Turn) {
    let now = world.now();
    let Some(container) = world.docker.containers.get(name) else { return };
    match (turn, container.runs()) {
        (Turn::Stop, true) => set_status(world, name, Status::Ended(now, 0)),
        (Turn::Stop, false) => {}
        (Turn::Start, true) => {}
        (Turn::Start | Turn::Restart, _) => {
            let service = container.service.clone();
            let project = Project::named(world, None, None).ok();
            let tool = project.as_ref().and_then(|p| Some((p, p.service(&service)?)));
            match tool.filter(|(p, s)| p.container(&s.name) == name && migrate::is_tool(s)) {
                Some((project, service)) => {
                    let (_, code) = migrate::run(world, project, service, None);
                    set_status(world, name, Status::Ended(now, code));
                }
                None => set_status(world, name, Status::Running(now)),
            }
        }
    }
}

/// `docker compose rm`: containers that do not run, or with `stop` all of them; with `volumes` their anonymous volumes.
pub(super) fn remove(world: &mut World, call: &Call) -> Answer {
    let mut said = String::new();
    for name in chosen(world, call)? {
        let runs = world.docker.containers.get(&name).is_some_and(Container::runs);
        if runs && !call.flag("stop") {
            continue;
        }
        take_away(world, &name, call.flag("volumes"));
        said.push_str(&format!(" Container {name}  Removed\n"));
    }
    let nothing = "No stopped containers\n".to_owned();
    printed(if said.is_empty() { nothing } else { String::new() }, said, 0)
}

/// `docker compose run`: a command of a tool in a container of its own.
pub(super) fn run(world: &mut World, call: &Call) -> Answer {
    let project = Project::of(world, call)?;
    let name = call.text("service").unwrap_or_default();
    let Some(service) = project.service(name) else {
        return printed("", format!("no such service: {name}\n"), 1);
    };
    if !migrate::is_tool(service) {
        return printed("", refused(format!("what {name} does is not known here")), 1);
    }
    let mut said = String::new();
    if !call.flag("no-deps") {
        let needed: Vec<String> = service.needs.iter().map(|(name, _)| name.clone()).collect();
        if !needed.is_empty() {
            let order = project.in_order(&needed, true)?;
            make_volumes(world, &project, &order, &mut said)?;
            for other in order {
                start(world, &project, other, false, &mut said);
            }
        }
    }
    let given = words(call, "command");
    let given = Some(given).filter(|given| !given.is_empty());
    let (text, code) = migrate::run(world, &project, service, given);
    printed("", said + &text, code)
}

/// The database that a service of a project is, with its container.
pub(crate) fn database_of(world: &World, project: &Project, service: &str) -> Option<String> {
    let service = project.service(service).filter(|service| service.image.starts_with("postgres"))?;
    let volumes = project.volumes_of(service);
    volumes.iter().find_map(|volume| database_container::of_volume(world, volume).map(|d| d.id.clone()))
}

/// A volume that a first start makes.
pub(super) fn new_volume(project: &str, now: crate::clock::Time, environment: Environment) -> Volume {
    Volume {
        uid: None,
        project: project.to_owned(),
        created: now,
        mib: 46,
        records: 0,
        labels: std::collections::BTreeMap::new(),
        environment,
    }
}
