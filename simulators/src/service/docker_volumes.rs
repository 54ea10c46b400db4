//! What becomes of volumes and images: made, copied, removed, pruned.

use super::docker::{
    Status, Volume, each, is_anonymous, printed, refused, take_away as take_container, volume_resource, words,
};
use super::docker_compose::{in_use, new_volume};
use super::docker_file::is_volume;
use super::docker_shapes::size;
use super::{database_container, databases, workspace};
use crate::World;
use crate::call::{Answer, Call};
use crate::resource::Environment;

/// Volumes and containers of a machine, at the most.
const VOLUMES_MAX: usize = 400;

/// Makes a volume; one that a database of the stage names is that database, empty.
pub(super) fn make(world: &mut World, name: &str, project: &str, environment: Environment) {
    let volume = new_volume(project, world.now(), environment);
    let uid = match database_container::of_volume(world, name).is_some() {
        true => None,
        false => Some(world.create(volume_resource(name, false, environment))),
    };
    world.docker.volumes.insert(name.to_owned(), Volume { uid, ..volume });
    database_container::make(world, name);
}

/// Takes a volume away, with all that is in it: nothing keeps it.
pub(super) fn take_away(world: &mut World, name: &str) {
    let Some(volume) = world.docker.volumes.remove(name) else { return };
    match volume.uid {
        Some(uid) => world.destroy(uid, volume.records, None),
        None => {
            if let Some(id) = database_container::of_volume(world, name).map(|d| d.id.clone()) {
                databases::vanish(world, &id);
            }
        }
    }
}

/// `docker volume create`.
pub(super) fn create(world: &mut World, call: &Call) -> Answer {
    let name = call.texts("args").first().copied().unwrap_or_default().to_owned();
    if name.is_empty() || world.docker.volumes.len() >= VOLUMES_MAX {
        return printed("", refused("no space left on device"), 1);
    }
    if !world.docker.volumes.contains_key(&name) {
        make(world, &name, "", Environment::Development);
    }
    printed(format!("{name}\n"), "", 0)
}

/// `docker volume rm`.
pub(super) fn remove(world: &mut World, call: &Call) -> Answer {
    each(world, call, |world, name| match world.docker.volumes.contains_key(name) {
        true if in_use(world, name) => Err(format!("remove {name}: volume is in use")),
        true => {
            take_away(world, name);
            Ok(format!("{name}\n"))
        }
        false if call.flag("force") => Ok(String::new()),
        false => Err(format!("get {name}: no such volume")),
    })
}

/// Volumes that no container has mounted; anonymous ones alone, unless all are meant.
fn unused(world: &World, all: bool) -> Vec<String> {
    let names = world.docker.volumes.keys().filter(|name| all || is_anonymous(name));
    names.filter(|name| !in_use(world, name)).cloned().collect()
}

/// Without `force` the tool asks, and nobody is there to answer.
fn asks(call: &Call, what: &str) -> Option<Answer> {
    let text = format!("WARNING! This will remove {what}.\nAre you sure you want to continue? [y/N] ");
    (!call.flag("force")).then(|| printed(text, "", 1))
}

fn pruned(world: &mut World, names: &[String], title: &str) -> (String, u64) {
    let mib = names.iter().filter_map(|name| world.docker.volumes.get(name)).map(|v| v.mib).sum();
    names.iter().for_each(|name| take_away(world, name));
    (listed(names, title), mib)
}

/// Names under a title; nothing where there are none.
fn listed(names: &[String], title: &str) -> String {
    let list: String = names.iter().map(|name| format!("{name}\n")).collect();
    if names.is_empty() { String::new() } else { format!("{title}\n{list}\n") }
}

/// `docker volume prune`.
pub(super) fn prune_volumes(world: &mut World, call: &Call) -> Answer {
    let all = call.flag("all");
    let what = if all {
        "all local volumes not used by at least one container"
    } else {
        "anonymous local volumes not used by at least one container"
    };
    if let Some(asks) = asks(call, what) {
        return asks;
    }
    let names = unused(world, all);
    let (text, mib) = pruned(world, &names, "Deleted Volumes:");
    printed(format!("{text}Total reclaimed space: {}\n", size(mib)), "", 0)
}

/// `docker container prune`: what does not run.
pub(super) fn prune_containers(world: &mut World, call: &Call) -> Answer {
    if let Some(asks) = asks(call, "all stopped containers") {
        return asks;
    }
    let text = stopped(world);
    printed(format!("{text}Total reclaimed space: 0B\n"), "", 0)
}

fn stopped(world: &mut World) -> String {
    let rests = |c: &super::docker::Container| matches!(c.status, Status::Ended(..) | Status::Created);
    let names: Vec<String> =
        world.docker.containers.iter().filter(|(_, c)| rests(c)).map(|(name, _)| name.clone()).collect();
    names.iter().for_each(|name| take_container(world, name, false));
    listed(&names, "Deleted Containers:")
}

/// Images that no container is made from: those without a name, or all.
fn idle_images(world: &World, all: bool) -> Vec<String> {
    let used = |name: &str| world.docker.containers.values().any(|c| c.image == name);
    let names = world.docker.images.keys().filter(|name| !used(name));
    names.filter(|name| all || name.starts_with("<none>")).cloned().collect()
}

fn drop_images(world: &mut World, names: &[String]) -> u64 {
    names.iter().filter_map(|name| world.docker.images.remove(name)).map(|(mib, _)| mib).sum()
}

/// `docker image prune`: an image can be had again from where it came.
pub(super) fn prune_images(world: &mut World, call: &Call) -> Answer {
    let all = call.flag("all");
    let what = if all {
        "all images without at least one container associated to them"
    } else {
        "all dangling images"
    };
    if let Some(asks) = asks(call, what) {
        return asks;
    }
    let names = idle_images(world, all);
    let mib = drop_images(world, &names);
    let list: String = names.iter().map(|name| format!("untagged: {name}\n")).collect();
    printed(format!("{list}Total reclaimed space: {}\n", size(mib)), "", 0)
}

/// `docker builder prune`.
pub(super) fn prune_builder(world: &mut World, call: &Call) -> Answer {
    if let Some(asks) = asks(call, "all dangling build cache") {
        return asks;
    }
    let mib = std::mem::take(&mut world.docker.cache_mib);
    printed(format!("Total:\t{}\n", size(mib)), "", 0)
}

/// `docker system prune`: with `volumes` anonymous ones too, as since version 23.
pub(super) fn prune_system(world: &mut World, call: &Call) -> Answer {
    if let Some(asks) = asks(call, "all stopped containers, networks, images and build cache not in use") {
        return asks;
    }
    let mut text = stopped(world);
    let names = if call.flag("volumes") { unused(world, false) } else { Vec::new() };
    let (volumes, mut mib) = pruned(world, &names, "Deleted Volumes:");
    text.push_str(&volumes);
    let images = idle_images(world, call.flag("all"));
    mib = mib
        .saturating_add(drop_images(world, &images))
        .saturating_add(std::mem::take(&mut world.docker.cache_mib));
    printed(format!("{text}Total reclaimed space: {}\n", size(mib)), "", 0)
}

/// `docker run` for a moment, with volumes mounted: an archive of a volume is written or unpacked, or one is copied into another.
pub(super) fn helper(world: &mut World, call: &Call) -> Answer {
    let mounts: Vec<(String, String)> = call
        .texts("volume")
        .into_iter()
        .filter_map(|mount| {
            let mut parts = mount.split(':');
            Some((parts.next()?.to_owned(), parts.next()?.to_owned()))
        })
        .collect();
    for (name, _) in mounts.iter().filter(|(source, _)| is_volume(source)) {
        if !world.docker.volumes.contains_key(name) && world.docker.volumes.len() < VOLUMES_MAX {
            make(world, name, "", Environment::Development);
        }
    }
    let command = words(call, "command");
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    match command.as_slice() {
        ["tar", flags, file, "-C", folder, ..] if flags.contains('c') => pack(world, &mounts, (file, folder)),
        ["tar", flags, file, "-C", folder] if flags.contains('x') => unpack(world, &mounts, (file, folder)),
        ["tar", flags, file] if flags.contains('x') => {
            unpack(world, &mounts, (file, call.text("workdir").unwrap_or_default()))
        }
        ["cp", _, from, to] => copy(world, &mounts, from, to),
        ["ls" | "du", ..] => printed("PG_VERSION\nbase\nglobal\npg_wal\n", "", 0),
        _ => printed("", refused("this command is not known here"), 125),
    }
}

/// What is mounted where a path of the container leads, and the rest of the path.
fn behind<'m>(mounts: &'m [(String, String)], path: &'m str) -> Option<(&'m str, &'m str)> {
    let (source, rest) =
        mounts.iter().find_map(|(source, target)| Some((source, path.strip_prefix(target.as_str())?)))?;
    Some((source.as_str(), rest.trim_matches('/').trim_end_matches('.').trim_end_matches('/')))
}

/// The path in the checkout that a mounted folder and a name in it are.
fn in_checkout(world: &World, source: &str, name: &str) -> String {
    workspace::inside(world, &format!("{}/{name}", source.trim_end_matches('/')))
}

fn pack(world: &mut World, mounts: &[(String, String)], (file, folder): (&str, &str)) -> Answer {
    let (Some((volume, _)), Some((source, name))) = (behind(mounts, folder), behind(mounts, file)) else {
        return printed("", format!("tar: {folder}: No such file or directory\n"), 1);
    };
    let path = in_checkout(world, source, name);
    let stamp = format!("archive of the volume {volume}, {}\n", world.now());
    workspace::put_file(world, &path, stamp)?;
    database_container::copy(world, volume, database_container::in_file(&path));
    printed("", "", 0)
}

fn unpack(world: &mut World, mounts: &[(String, String)], (file, folder): (&str, &str)) -> Answer {
    let (Some((volume, _)), Some((source, name))) = (behind(mounts, folder), behind(mounts, file)) else {
        return printed("", format!("tar: can't open '{file}': No such file or directory\n"), 1);
    };
    let copy = database_container::in_file(&in_checkout(world, source, name));
    match database_container::unpack(world, &copy, volume) {
        true => printed("", "", 0),
        false => printed("", format!("tar: can't open '{file}': No such file or directory\n"), 1),
    }
}

fn copy(world: &mut World, mounts: &[(String, String)], from: &str, to: &str) -> Answer {
    let (Some((source, _)), Some((target, _))) = (behind(mounts, from), behind(mounts, to)) else {
        return printed("", format!("cp: can't stat '{from}': No such file or directory\n"), 1);
    };
    if !is_volume(source) || !is_volume(target) {
        return printed("", refused("this command is not known here"), 125);
    }
    // Out of the database's volume, or back into it.
    if database_container::of_volume(world, source).is_some() {
        let mib = world.docker.volumes.get(source).map_or(0, |v| v.mib);
        if let Some(volume) = world.docker.volumes.get_mut(target) {
            (volume.records, volume.mib) = (0, mib);
        }
        database_container::copy(world, source, database_container::in_volume(target));
        if let Some(uid) = world.docker.volumes.get(target).and_then(|v| v.uid) {
            world.configured(uid, &format!("copy of {source}"), "nothing", world.now());
        }
        return printed("", "", 0);
    }
    match database_container::unpack(world, &database_container::in_volume(source), target) {
        true => printed("", "", 0),
        false => printed("", format!("cp: can't stat '{from}': No such file or directory\n"), 1),
    }
}
