//! A real git in the cell: the repository that its checkout begins with, and the programs that stand before git.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use miniz_oxide::deflate::compress_to_vec_zlib;
use simulators::World;
use simulators::service::forge;
use simulators::service::git_objects::sha1;
use simulators::service::git_state::{self, Standing};

use crate::agent::{GitIs, ProcessAgent};
use crate::cell::{Fence, Place};

/// The door's socket.
pub(super) const SOCKET: &str = "git.sock";
/// Where git's own parts are, as seen from the folder that it is in.
const PARTS: [&str; 2] = ["../lib/git-core", "../libexec/git-core"];
/// Ways to remotes that are not there: ours stand in their place.
const WAYS: [&str; 2] = ["git-remote-http", "git-remote-https"];
/// How hard objects are made small.
const LEVEL: u8 = 1;
/// What holds for every git of the cell.
const CONFIG: &str = "[core]\n\tfileMode = false\n[gc]\n\tauto = 0\n[init]\n\tdefaultBranch = main\n[maintenance]\n\t\
    auto = false\n[safe]\n\tdirectory = *\n";

/// The machine's git.
#[derive(Debug)]
pub(super) struct RealGit {
    program: PathBuf,
    parts: PathBuf,
}

impl RealGit {
    /// The one that an agent asks for, if it asks for a real one.
    ///
    /// # Errors
    /// This machine has none, or the agent is to run in a container: what to do about it.
    pub fn wished(agent: &ProcessAgent, fence: Fence) -> Result<Option<Self>, String> {
        if agent.command.git == GitIs::Simulated {
            return Ok(None);
        }
        if matches!(fence, Fence::Container(_)) {
            return Err(format!(
                "the agent `{}` asks for a real git, and a container has the image's: say `git = \"simulated\"` under \
                 `[command]`, or play it in a cell without a container",
                agent.name
            ));
        }
        let whole = agent.command.found("git").and_then(|program| {
            let parts = PARTS.iter().map(|parts| program.parent().unwrap_or(Path::new("/")).join(parts));
            let parts = parts.into_iter().find_map(|parts| fs::canonicalize(parts).ok())?;
            Some(Self { program, parts })
        });
        whole.map(Some).ok_or_else(|| {
            format!(
                "the agent `{}` asks for a real git, and this machine has none: install `git`, or say \
                 `git = \"simulated\"` under `[command]`",
                agent.name
            )
        })
    }

    /// Puts the programs there: `git`, and in a folder of git's own parts those that lead to the remote.
    ///
    /// # Errors
    /// They could not be written.
    pub fn put(&self, place: &Place, world: &World) -> io::Result<()> {
        let parts = place.bin().join("git-core");
        let outside = place.outside(&parts);
        fs::create_dir_all(&outside)?;
        for entry in fs::read_dir(&self.parts)? {
            let name = entry?.file_name();
            if !WAYS.iter().any(|way| name == *way) {
                symlink(self.parts.join(&name), outside.join(&name))?;
            }
        }
        place.put(&parts.join("gitconfig"), CONFIG)?;
        let ours = [place.shim(), place.doors().join(SOCKET), place.workspace()];
        let [shim, socket, root] = ours.map(|path| path.display().to_string());
        let [git, parts] = [&self.program, &parts].map(|path| path.display().to_string());
        let url = forge::url(world);
        let remote: [&str; 5] = [&shim, "git-remote", &socket, &git, &url];
        WAYS.iter().try_for_each(|way| place.put_program(&format!("git-core/{way}"), &remote))?;
        place.put_program("git", &[&shim, "git", &socket, &root, &git, &parts])
    }
}

/// Makes a repository of the checkout, as the world has it.
///
/// # Errors
/// It could not be written.
pub(super) fn lay(place: &Place, world: &World) -> io::Result<()> {
    let folder = place.outside(&place.workspace()).join(".git");
    let put = |path: &str, bytes: &[u8]| -> io::Result<()> {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap_or(&folder))?;
        fs::write(path, bytes)
    };
    let Standing { head, branches, tracking, upstream, .. } = git_state::standing(world);
    let head = if head.starts_with(git_state::BRANCH) { format!("ref: {head}\n") } else { head + "\n" };
    put("HEAD", head.as_bytes())?;
    let mut config = format!(
        "[core]\n\trepositoryformatversion = 0\n\tfilemode = false\n\tbare = false\n\tlogallrefupdates = true\n[remote \
         \"origin\"]\n\turl = {}.git\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n",
        forge::url(world)
    );
    for (branch, follows) in &upstream {
        config += &format!("[branch \"{branch}\"]\n\tremote = origin\n\tmerge = refs/heads/{follows}\n");
    }
    put("config", config.as_bytes())?;
    for (below, names) in [("refs/heads", &branches), ("refs/remotes/origin", &tracking)] {
        names
            .iter()
            .try_for_each(|(name, id)| put(&format!("{below}/{name}"), format!("{id}\n").as_bytes()))?;
    }
    put("refs/remotes/origin/HEAD", b"ref: refs/remotes/origin/main\n")?;
    put("index", &index(world))?;
    for (id, (kind, content)) in git_state::objects(world) {
        let (first, rest) = id.split_at_checked(2).unwrap_or_default();
        let whole = [format!("{} {}\0", kind.word(), content.len()).as_bytes(), &content].concat();
        put(&format!("objects/{first}/{rest}"), &compress_to_vec_zlib(&whole, LEVEL))?;
    }
    Ok(())
}

/// The index (`git help gitformat-index`, version 2). Nothing is said of how files stand on the disk: git looks for itself.
fn index(world: &World) -> Vec<u8> {
    let entries = git_state::index(world);
    let mut out = b"DIRC\0\0\0\x02".to_vec();
    out.extend_from_slice(&u32::try_from(entries.len()).unwrap_or(u32::MAX).to_be_bytes());
    for (path, id) in entries {
        let begin = out.len();
        out.extend_from_slice(&[0; 24]);
        out.extend_from_slice(&0o100_644_u32.to_be_bytes());
        out.extend_from_slice(&[0; 12]);
        out.extend_from_slice(&id);
        out.extend_from_slice(&u16::try_from(path.len().min(0xfff)).unwrap_or(0xfff).to_be_bytes());
        out.extend_from_slice(path.as_bytes());
        // At least one zero, up to a multiple of eight.
        let long = out.len().saturating_sub(begin);
        out.resize(begin.saturating_add(long.saturating_add(8) & !7), 0);
    }
    let end = sha1(&out);
    out.extend_from_slice(&end);
    out
}
