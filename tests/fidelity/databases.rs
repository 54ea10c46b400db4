//! A real PostgreSQL on loopback beside our databases: the same tables and rows, the same lines, the same answers.

use std::collections::BTreeMap;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use chesterton::scenario::Scenario;
use simulators::World;
use simulators::call::CallId;
use simulators::cli::{self, Parsed};
use simulators::stage::Database;
use tempfile::TempDir;

use super::lines::{LINES, Line, SCENARIOS};
use super::tools::which;
use super::{is_deep, known};

struct Server {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Asked to stop at once, it takes its own children along.
        if let Ok(text) = fs::read_to_string(self.folder.path().join("data/postmaster.pid")) {
            let pid = text.lines().next().unwrap_or_default().to_owned();
            drop(Command::new("kill").args(["-QUIT", &pid]).status());
        }
        drop(self.child.wait());
    }
}

/// Where a program of the server stands: Debian keeps them off the path.
fn server_program(name: &str) -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut own: Vec<PathBuf> = versions.map(|version| version.path().join("bin").join(name)).collect();
    own.sort();
    own.into_iter().rev().find(|file| file.is_file()).or_else(|| which(name))
}

/// The server will not run as root; there it runs as nobody.
fn unprivileged(program: &Path) -> Command {
    let id = Command::new("id").arg("-u").output().unwrap();
    if id.stdout.trim_ascii() != b"0" {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]).arg(program);
    command
}

impl Server {
    fn start() -> Option<Self> {
        which("psql")?;
        let (initdb, postgres) = (server_program("initdb")?, server_program("postgres")?);
        let folder = tempfile::tempdir().unwrap();
        open_to_all(folder.path());
        let data = folder.path().join("data");
        let made = unprivileged(&initdb)
            .arg("-D")
            .arg(&data)
            .args([
                "-U",
                "postgres",
                "--no-sync",
                "--no-instructions",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
            ])
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let settings = [
            "listen_addresses=127.0.0.1",
            "fsync=off",
            "timezone=UTC",
            "unix_socket_directories=",
            "autovacuum=off",
        ];
        let mut command = unprivileged(&postgres);
        command.arg("-D").arg(&data).args(["-p", &port.to_string()]);
        command.args(settings.iter().flat_map(|setting| ["-c", setting]));
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Self { child, port, folder };
        for _ in 0..400 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() && server.admin("postgres", "select 1").is_ok()
            {
                return Some(server);
            }
            thread::sleep(Duration::from_millis(25));
        }
        panic!("the server does not answer");
    }

    fn client(&self, words: &[String]) -> Command {
        let mut command = Command::new("psql");
        command.env_clear().env("PATH", std::env::var("PATH").unwrap()).env("HOME", self.folder.path());
        command.envs([("PGHOSTADDR", "127.0.0.1".to_owned()), ("PGPORT", self.port.to_string())]);
        command.args(words).stdin(Stdio::null());
        command
    }

    fn admin(&self, database: &str, sql: &str) -> Result<String, String> {
        let words = ["-h", "x", "-U", "postgres", "-d", database, "-v", "ON_ERROR_STOP=1", "-qAt", "-c", sql];
        let output = self.client(&words.map(str::to_owned)).output().unwrap();
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }
}

#[cfg(unix)]
fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
}

/// What our dialect prints for words behind `psql`, in a world that goes on.
fn ours(world: &mut World, words: &[String]) -> (String, String, i32) {
    let words = [&["psql".to_owned()][..], words].concat();
    let reply = match cli::parse(world, &words) {
        Parsed::Answer { reply, .. } => reply,
        Parsed::Call(mut call, render) => {
            call.id = CallId(1);
            call.principal = world.stage().profiles["inherited"].clone();
            render.reply(&world.apply(&call))
        }
    };
    (reply.stdout, reply.stderr, reply.code)
}

/// Statements of a script that make tables and what belongs to them; the rows are brought over as they are.
fn shapes(script: &str) -> Vec<String> {
    let text: String = script
        .lines()
        .filter(|line| !line.trim_start().starts_with("--"))
        .map(|line| format!("{line}\n"))
        .collect();
    let statements = text.split(";\n").map(str::trim).map(str::to_owned);
    let makes = |sql: &String| ["create ", "alter "].iter().any(|word| sql.to_lowercase().starts_with(word));
    statements.filter(makes).collect()
}

/// A database of the stage in the real server, under its own name, with the rows that ours has.
fn copy(server: &Server, world: &World, scenario: &Scenario, staged: &Database) -> Result<(), String> {
    let (user, name) = (&staged.user, &staged.name);
    drop(server.admin("postgres", &format!("create role \"{user}\" superuser login")));
    drop(server.admin("postgres", &format!("drop database if exists \"{name}\"")));
    server.admin("postgres", &format!("create database \"{name}\" owner \"{user}\""))?;
    let login = ["-h", &staged.id, "-U", user, "-d", name].map(str::to_owned);
    let ours_is = format!("postgresql://{user}:{}@{}/{name}", password(scenario, &staged.id), staged.id);
    let ask = |sql: &str| {
        let (said, wrong, code) =
            ours(&mut world.clone(), &[&ours_is, "--csv", "-t", "-c", sql].map(str::to_owned));
        assert_eq!(code, 0, "{wrong}");
        said
    };
    let mut script = shapes(&scenario.stage.files[&staged.data]).join(";\n");
    script.push_str(";\nset session_replication_role = replica;\n");
    let tables = ask(
        "select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'",
    );
    for table in tables.lines() {
        let columns = ask(&format!(
            "select column_name from information_schema.columns where table_name = '{table}' order by ordinal_position"
        ));
        let columns: Vec<String> = columns.lines().map(|column| format!("\"{column}\"")).collect();
        let rows = ask(&format!("select {} from \"{table}\"", columns.join(", ")));
        script.push_str(&format!("copy \"{table}\" ({}) from stdin csv;\n{rows}\\.\n", columns.join(", ")));
    }
    let file = server.folder.path().join("copy.sql");
    fs::write(&file, script).unwrap();
    let words =
        [&login[..], &["-v", "ON_ERROR_STOP=1", "-q", "-f", &file.to_string_lossy()].map(str::to_owned)]
            .concat();
    let output = server.client(&words).output().unwrap();
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

/// What a database on a platform asks for.
fn password(scenario: &Scenario, id: &str) -> String {
    let projects = scenario.stage.platform.iter().flat_map(|platform| &platform.project);
    let mut instances = projects.flat_map(|project| &project.service).flat_map(|service| &service.instance);
    let own = instances.find(|instance| instance.database.as_deref() == Some(id));
    own.and_then(|instance| instance.password.clone()).unwrap_or_default()
}

/// Which database of its scenario a line speaks to.
fn meant<'s>(scenario: &'s Scenario, line: &Line) -> Option<&'s Database> {
    let text = line.shown();
    let by_host = |database: &Database| {
        let hosts =
            [format!(" {} ", database.id), format!("@{}.", database.id), format!("@{}:", database.id)];
        hosts.iter().any(|host| text.contains(host))
    };
    let by_name = |database: &Database| text.contains(&format!("-d {} ", database.name));
    let all = &scenario.stage.database;
    let has_host = line.words.iter().any(|word| word == "-h" || word.contains("://"));
    all.iter().find(|database| if has_host { by_host(database) } else { by_name(database) })
}

/// Whether a line only asks.
fn only_asks(line: &Line) -> bool {
    let mut after_c = false;
    let mut asks = true;
    for word in &line.words {
        if after_c {
            let word = word.to_lowercase();
            asks &= word.starts_with("select") || word.starts_with('\\');
        }
        after_c = word == "-c";
        asks &= word != "-f" && !word.starts_with("-1");
    }
    asks
}

#[test]
fn a_database_answers_as_the_real_server_does() {
    let Some(server) = Server::start() else {
        println!("skipped: PostgreSQL's server and client are not installed");
        return;
    };
    let (mut differ, mut held, mut apart, known) = (Vec::new(), 0, 0, known());
    let mut of: BTreeMap<(String, String), Vec<&Line>> = BTreeMap::new();
    for line in LINES.iter().filter(|line| line.program() == "psql") {
        let scenario = SCENARIOS.iter().find(|scenario| scenario.name == line.scenario).unwrap();
        match meant(scenario, line) {
            Some(database) => of.entry((line.scenario.clone(), database.id.clone())).or_default().push(line),
            None => apart += 1,
        }
    }
    for ((name, id), lines) in of {
        let scenario = SCENARIOS.iter().find(|scenario| scenario.name == name).unwrap();
        let staged = scenario.stage.database.iter().find(|database| database.id == id).unwrap();
        let world = World::new(Arc::new(scenario.stage.clone()), 1).unwrap();
        let checkout = server.folder.path().join(&name);
        for (path, text) in scenario.stage.files.iter() {
            let Some(path) = path.strip_prefix("repo/") else { continue };
            let file = checkout.join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let (asking, changing): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| only_asks(line));
        let mut is_fresh = false;
        let changing = changing.into_iter().filter(|_| is_deep());
        for line in asking.into_iter().chain(changing) {
            if !is_fresh && let Err(why) = copy(&server, &world, scenario, staged) {
                println!("skipped: the real server does not take the tables of {name}'s {id}: {why}");
                break;
            }
            is_fresh = only_asks(line);
            let mut words = line.words[1..].to_vec();
            if !line.shown().contains(&id) {
                words.splice(0..0, ["-h".to_owned(), id.clone()]);
            }
            let ours = ours(&mut world.clone(), &words);
            let port = format!(":{}/", server.port);
            words.iter_mut().for_each(|word| *word = word.replace(":5432/", &port));
            let output = server.client(&words).current_dir(&checkout).output().unwrap();
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let real = (text(&output.stdout), text(&output.stderr), output.status.code().unwrap_or(-1));
            held += 1;
            if ours != real && known.iter().all(|(begins, _)| !line.shown().starts_with(begins)) {
                differ.push(format!("{name}: {}\n  ours {ours:?}\n  real {real:?}", line.shown()));
            }
        }
    }
    println!("{held} lines held against a real server, {apart} name no database of the stage");
    assert!(differ.is_empty(), "{} answers differ:\n{}", differ.len(), differ.join("\n"));
}
