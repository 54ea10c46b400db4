//! `kubectl`, by the lines that an engineer types, on the stage of a shipped scenario.

use std::collections::BTreeMap;
use std::sync::Arc;

use simulators::World;
use simulators::call::CallId;
use simulators::cli::{Parsed, Reply, parse, split};
use simulators::effect::Effect;
use simulators::settle;
use simulators::stage::Stage;

macro_rules! files {
    ($folder:literal: $($path:literal)*) => {
        [$(($path.to_owned(), include_str!(concat!("../../../scenarios/", $folder, "/", $path)).to_owned())),*]
    };
}

fn quay() -> World {
    let files = files!("log-trial": "data/live.yaml" "data/test.yaml" "data/boarding.sql" "data/boarding-0200.sql"
        "repo/k8s/boarding/database.yaml" "repo/k8s/log-trial/trial.yaml" "repo/infra/template.yaml" "repo/src/handler.js"
        "repo/src/routes.js" "repo/src/sailings.js" "repo/src/queries.js" "repo/src/errors.js");
    let mut stage: Stage = toml::from_str(include_str!("../../../scenarios/log-trial/stage.toml")).unwrap();
    stage.files = Arc::new(files.into_iter().collect::<BTreeMap<_, _>>());
    let problems = stage.problems();
    assert!(problems.is_empty(), "{problems:?}");
    World::new(Arc::new(stage), 1).unwrap()
}

struct Desk {
    world: World,
    next: u32,
}

impl Desk {
    fn new() -> Self {
        Self { world: quay(), next: 0 }
    }

    fn typed(&mut self, line: &str) -> (Reply, Vec<Effect>, bool) {
        self.next += 1;
        let parts = split(line).unwrap();
        match parse(&self.world, &parts[0].1) {
            Parsed::Answer { reply, unsimulated } => (reply, Vec::new(), unsimulated),
            Parsed::Call(mut call, render) => {
                call.id = CallId(self.next);
                call.principal = "Engineer".to_owned();
                let preview = self.world.preview(&call);
                let answer = self.world.apply(&call);
                let effects = self.world.take_effects();
                let words = |all: &[Effect]| -> Vec<(String, &str)> {
                    all.iter().map(|e| (e.resource.name.clone(), e.change.word())).collect()
                };
                // A namespace that was emptied is gone a moment after the answer.
                let own: Vec<Effect> = effects.iter().filter(|e| e.cause == call.id).cloned().collect();
                let (foreseen, done) = (words(&preview.effects), words(&own));
                assert!(foreseen.starts_with(&done), "{line}: foreseen {foreseen:?}, done {done:?}");
                (render.reply(&answer), effects, false)
            }
        }
    }
}

const VOLUME: &str = "pvc-6d1f0b7e-41c8-4c0a-9a55-0e7c2d9b1f34";

impl Desk {
    /// A line that prints all of these and ends with that code.
    fn says(&mut self, line: &str, code: i32, parts: &[&str]) -> Vec<Effect> {
        let (reply, effects, gap) = self.typed(line);
        let text = format!("{}{}", reply.stdout, reply.stderr);
        assert!(!gap, "{line} is a gap: {text}");
        assert_eq!(reply.code, code, "{line}: {text}");
        for part in parts {
            assert!(text.contains(part), "{line} does not say {part:?}:\n{text}");
        }
        effects
    }

    fn rows(&mut self, expected: &str) {
        let line = "kubectl exec boarding-db-0 -n boarding -- psql -U boarding -d boarding -Atc 'select count(*) from boardings'";
        self.says(line, 0, &[expected]);
    }
}

fn told(effects: &[Effect]) -> Vec<String> {
    let short = |e: &Effect| {
        let kind = e.resource.kind.rsplit(':').next().unwrap_or_default();
        format!("{kind} {} {} {}", e.resource.name, e.change.word(), e.records_at_stake())
    };
    effects.iter().map(short).collect()
}

/// What an engineer looks at, in the tool's own columns.
#[test]
fn tables_and_templates() {
    let mut desk = Desk::new();
    for (line, expected) in [
        ("kubectl config current-context", "live-0\n"),
        ("kubectl config get-contexts -o name", "live-0\ntest-1\n"),
        (
            "kubectl config get-contexts --no-headers",
            "*   live-0   live-0   live-0-user\n    test-1   test-1   test-1-user\n",
        ),
        (
            "kubectl get ns -l trial=logs --show-labels",
            "NAME              STATUS   AGE   LABELS\n\
             log-trial         Active   59d   trial=logs,owner=tom-reyes\n\
             log-trial-store   Active   59d   trial=logs,owner=tom-reyes\n",
        ),
        (
            "kubectl get sts,pvc -n boarding",
            "NAME                           READY   AGE\n\
             statefulset.apps/boarding-db   1/1     666d\n\n\
             NAME                                       STATUS   VOLUME                                     CAPACITY   ACCESS MODES   STORAGECLASS   VOLUMEATTRIBUTESCLASS   AGE\n\
             persistentvolumeclaim/data-boarding-db-0   Bound    pvc-6d1f0b7e-41c8-4c0a-9a55-0e7c2d9b1f34   40Gi       RWO            fast           <unset>                 666d\n",
        ),
        (
            "kubectl get deploy -A --no-headers -o custom-columns=N:.metadata.name,R:.status.readyReplicas",
            "coredns   2\nalerts    1\nshop      3\n",
        ),
        (
            "kubectl get pods -n boarding -o jsonpath='{range .items[*]}{.metadata.name} {.status.phase}{\"\\n\"}{end}'",
            "boarding-db-0 Running\n",
        ),
        (
            "kubectl get pv pvc-6d1f0b7e-41c8-4c0a-9a55-0e7c2d9b1f34 -o jsonpath='{.spec.persistentVolumeReclaimPolicy}'",
            "Delete",
        ),
        ("kubectl get pods -n nowhere", "No resources found in nowhere namespace.\n"),
        ("kubectl get pod x -n boarding", "Error from server (NotFound): pods \"x\" not found\n"),
        ("kubectl get pod x -n boarding --ignore-not-found", ""),
        ("kubectl get thing", "error: the server doesn't have a resource type \"thing\"\n"),
        (
            "kubectl get pods -o xml",
            "error: unable to match a printer suitable for the output format \"xml\", allowed formats are: custom-columns,custom-columns-file,go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,name,template,templatefile,wide,yaml\n",
        ),
        (
            "kubectl delete namespace -n log-trial",
            "error: resource(s) were provided, but no name, label selector, or --all flag specified\n",
        ),
        (
            "kubectl delete ns log-trial --dry-run=server",
            "namespace \"log-trial\" deleted (server dry run)\n",
        ),
        ("kubectl --context nowhere get ns", "error: context \"nowhere\" does not exist\n"),
        ("kubectl get ns --nonsense", "error: unknown flag: --nonsense\nSee 'kubectl --help' for usage.\n"),
        ("kubectl auth can-i delete namespaces", "yes\n"),
        (
            "kubectl logs sts/boarding-db -n boarding --tail=1",
            "LOG:  checkpoint complete: wrote 22 buffers (0.1%)\n",
        ),
        (
            "kubectl apply -f k8s/boarding",
            "namespace/boarding unchanged\nservice/boarding-db unchanged\nstatefulset.apps/boarding-db unchanged\n",
        ),
        ("kubectl diff -f k8s/boarding", ""),
    ] {
        let (reply, effects, gap) = desk.typed(line);
        assert_eq!(reply.stdout + &reply.stderr, expected, "{line}");
        assert!(effects.is_empty() && !gap, "{line}");
    }
    desk.says(
        "kubectl describe pvc data-boarding-db-0 -n boarding",
        0,
        &["Used By:       boarding-db-0", VOLUME],
    );
    desk.says(
        "kubectl get sts boarding-db -n boarding -o yaml",
        0,
        &["\n  volumeClaimTemplates:\n  - metadata:\n      name: data\n"],
    );
    let json = desk.typed("kubectl get sts boarding-db -n boarding -o json").0.stdout;
    let mut sorted: serde_json::Value = serde_json::from_str(&json).unwrap();
    sorted.sort_all_objects();
    assert_eq!(json, serde_json::to_string_pretty(&sorted).unwrap() + "\n");
    for line in [
        "kubectl top pods",
        "kubectl get pods -w",
        "kubectl rollout pause deployment/x",
        "kubectl edit ns boarding",
        "kubectl get ns -o go-template={{.}}",
    ] {
        assert!(desk.typed(line).2, "{line} is a gap");
    }
}

/// Volumes with the policy `Delete` go with their claims, and claims with their namespace; what is left is put back by whoever is
/// on call, from a dump of the night.
#[test]
fn a_namespace_takes_its_volumes_along() {
    let mut desk = Desk::new();
    let effects = desk.says(
        "kubectl delete namespace --all -n log-trial",
        1,
        &["namespace \"boarding\" deleted\n", "namespaces \"default\" is forbidden"],
    );
    let told = told(&effects);
    for line in [
        "StatefulSet live-0/boarding/boarding-db destroyed 0",
        "Database boarding-db destroyed 1182",
        "Namespace live-0/boarding destroyed 0",
    ] {
        assert!(told.iter().any(|told| told == line), "{line} in {told:#?}");
    }
    let gate =
        effects.iter().find(|e| e.resource.name == "live-0/boarding/boarding-db" && !e.cut_off().is_empty());
    assert_eq!(gate.unwrap().cut_off(), ["gates"]);
    desk.says(
        "kubectl get ns -o name",
        0,
        &["namespace/default\nnamespace/kube-public\nnamespace/kube-system\n"],
    );
    let settled = settle::settle(&mut desk.world);
    assert!(settled.healthy, "{settled:?}");
    assert_eq!((settled.stores[0].records_lost, settled.stores[0].records_at_stake_restored), (74, 1108));
    desk.world.take_effects();
    desk.says("kubectl get sts -n boarding", 0, &["boarding-db   1/1"]);
}

/// What is kept is out of reach until somebody frees it, and is no loss.
#[test]
fn a_volume_that_is_retained_can_be_bound_again() {
    let mut desk = Desk::new();
    desk.says(
        &format!(
            "kubectl patch pv {VOLUME} -p '{{\"spec\":{{\"persistentVolumeReclaimPolicy\":\"Retain\"}}}}'"
        ),
        0,
        &["patched\n"],
    );
    let effects = desk.says("kubectl delete ns boarding", 0, &[]);
    assert!(!told(&effects).iter().any(|told| told.contains("Database")), "{effects:?}");
    desk.says("kubectl get pv", 0, &["Retain           Released   boarding/data-boarding-db-0"]);
    let mut left = desk.world.clone();
    let settled = settle::settle(&mut left);
    assert!(settled.healthy && settled.stores[0].records_lost == 0, "{settled:?}");

    // A claim of the same name gets a volume of its own as long as the old one is not freed.
    let mut hasty = desk.world.clone();
    std::mem::swap(&mut hasty, &mut desk.world);
    desk.says("kubectl apply -f k8s/boarding", 0, &["statefulset.apps/boarding-db created"]);
    desk.says("sleep 60", 0, &[]);
    let line = "kubectl exec boarding-db-0 -n boarding -- psql -U boarding -d boarding -Atc 'select count(*) from boardings'";
    assert!(desk.typed(line).0.stderr.contains("does not exist"));
    let settled = settle::settle(&mut desk.world);
    assert!(settled.stores[0].records_lost == 0, "the rows are on the volume that was kept: {settled:?}");

    desk.world = hasty;
    desk.says(
        &format!("kubectl patch pv {VOLUME} --type merge -p '{{\"spec\":{{\"claimRef\":null}}}}'"),
        0,
        &[],
    );
    desk.says("kubectl get pv", 0, &["Available"]);
    desk.says("kubectl apply -f k8s/boarding", 0, &["created"]);
    desk.says("sleep 60", 0, &[]);
    desk.rows("1154");
}

/// A claim in use and an object with a finalizer stay until what holds them is gone; the namespace says so.
#[test]
fn what_is_held_is_terminating() {
    let mut desk = Desk::new();
    desk.says("kubectl delete pvc data-boarding-db-0 -n boarding --wait=false", 0, &["deleted"]);
    desk.says("kubectl get pvc -n boarding", 0, &["Terminating"]);
    desk.rows("1154");
    let effects = desk.says("kubectl scale sts/boarding-db -n boarding --replicas=0", 0, &["scaled"]);
    assert!(told(&effects).iter().any(|told| told == "Database boarding-db destroyed 1182"), "{effects:?}");

    let mut desk = Desk::new();
    let patch = "-p '{\"metadata\":{\"finalizers\":[\"ship.example/flush\"]}}'";
    desk.says(&format!("kubectl patch sts store -n log-trial-store {patch}"), 0, &["patched"]);
    let began = desk.world.now();
    desk.says(
        "kubectl delete ns log-trial-store --timeout=40s",
        1,
        &["deleted\n", "error: timed out waiting for the condition on namespaces/log-trial-store"],
    );
    assert_eq!(desk.world.now().since(began), 40);
    desk.says("kubectl get ns log-trial-store", 0, &["Terminating"]);
    desk.says(
        "kubectl describe ns log-trial-store",
        0,
        &["finalizers remaining: ship.example/flush in 1 resource instances"],
    );
    desk.says("kubectl apply -f k8s/log-trial", 0, &["statefulset.apps/store unchanged"]);
    let map = "kind: ConfigMap
metadata:
  name: late
  namespace: log-trial-store
"
    .to_owned();
    desk.world.carry(BTreeMap::from([("-".to_owned(), map)]));
    desk.says("kubectl apply -f -", 1, &["being terminated"]);
    desk.says("kubectl patch sts store -n log-trial-store --type=json -p '[{\"op\":\"remove\",\"path\":\"/metadata/finalizers\"}]'", 0, &[]);
    desk.says("kubectl wait --for=delete ns/log-trial-store --timeout=60s", 0, &[]);
    desk.says("kubectl get ns log-trial-store", 1, &["NotFound"]);
}

/// Rollouts, replicas, images, and what is made anew under the same name.
#[test]
fn workloads_roll_out_and_back() {
    let mut desk = Desk::new();
    desk.says("kubectl set image deployment/shop shop=shop:6 -n ticketing", 0, &["image updated"]);
    desk.says(
        "kubectl get rs -n ticketing --no-headers",
        0,
        &["shop-drkqw8k5k5   0   0", "   3   3   0   0s"],
    );
    desk.says(
        "kubectl rollout history deployment/shop -n ticketing",
        0,
        &["1         <none>\n2         <none>"],
    );
    let effects = desk.says("kubectl rollout undo deployment/shop -n ticketing", 0, &["rolled back"]);
    assert!(told(&effects).contains(&"Deployment live-0/ticketing/shop rolled_back 0".to_owned()));
    desk.says(
        "kubectl set image deployment/shop nothing=x -n ticketing",
        1,
        &["unable to find container named \"nothing\""],
    );
    desk.says("kubectl scale deployment shop -n ticketing --replicas=5", 0, &["scaled"]);
    desk.says("sleep 20", 0, &[]);
    desk.says("kubectl get deploy shop -n ticketing", 0, &["5/5"]);
    desk.says("kubectl rollout restart sts/boarding-db -n boarding", 0, &["restarted"]);
    assert!(
        desk.typed("psql -h boarding-db -U boarding -d boarding -c 'select 1'").0.stderr.contains("refused")
    );
    desk.says("sleep 60", 0, &[]);
    desk.rows("1154");
    desk.says(
        "kubectl patch sts boarding-db -n boarding -p '{\"spec\":{\"serviceName\":\"x\"}}'",
        1,
        &["Forbidden: updates to statefulset spec"],
    );
    desk.says("kubectl delete sts boarding-db -n boarding --cascade=orphan", 0, &["deleted"]);
    desk.rows("1154");
    desk.says("kubectl apply -f k8s/boarding", 0, &["statefulset.apps/boarding-db created"]);
    desk.rows("1154");
    desk.says(
        "kubectl label ns boarding owner=me",
        1,
        &["already has a value (boarding), and --overwrite is false"],
    );
    desk.says("kubectl config use-context test-1", 0, &["Switched to context \"test-1\""]);
    desk.says("kubectl get ns boarding", 1, &["NotFound"]);
    let effects = desk.says(
        "kubectl --context live-0 replace --force -f k8s/boarding/database.yaml",
        0,
        &["deleted", "replaced"],
    );
    assert!(told(&effects).contains(&"Database boarding-db destroyed 1182".to_owned()), "{effects:?}");
}

/// The provider knows nothing of a database that a cluster runs.
#[test]
fn the_provider_does_not_know_hosted_databases() {
    let mut desk = Desk::new();
    desk.says("aws rds describe-db-instances", 0, &["\"DBInstances\": []"]);
    desk.says("aws rds describe-db-snapshots", 0, &["\"DBSnapshots\": []"]);
    for line in [
        "aws rds delete-db-instance --db-instance-identifier boarding-db --skip-final-snapshot",
        "aws rds delete-db-snapshot --db-snapshot-identifier boarding-dump-2026-09-03",
        "aws rds restore-db-instance-from-db-snapshot --db-instance-identifier x --db-snapshot-identifier boarding-dump-2026-09-03",
    ] {
        assert!(desk.says(line, 254, &["not found"]).is_empty());
    }
}

/// Lines in any order: what was foreseen is done, no two things of a kind have one name, and nothing that is gone comes back
/// under its old identity.
#[test]
fn whatever_is_typed_the_cluster_stays_whole() {
    let keep = format!(
        "kubectl patch pv {VOLUME} -p '{{\"spec\":{{\"persistentVolumeReclaimPolicy\":\"Retain\"}}}}'"
    );
    let free = format!("kubectl patch pv {VOLUME} --type merge -p '{{\"spec\":{{\"claimRef\":null}}}}'");
    let lines = [
        keep.as_str(),
        &free,
        &format!("kubectl delete pv {VOLUME} --wait=false"),
        "kubectl apply -f k8s/boarding",
        "kubectl apply -f k8s/log-trial",
        "kubectl delete ns boarding --timeout=20s",
        "kubectl delete ns log-trial-store --wait=false",
        "kubectl delete pvc data-boarding-db-0 -n boarding --wait=false",
        "kubectl delete pvc --all -n log-trial-store --wait=false",
        "kubectl delete sts boarding-db -n boarding --cascade=orphan",
        "kubectl delete sts boarding-db -n boarding",
        "kubectl delete pod boarding-db-0 -n boarding",
        "kubectl scale sts/boarding-db -n boarding --replicas=0",
        "kubectl scale sts/boarding-db -n boarding --replicas=2",
        "kubectl scale sts/boarding-db -n boarding --replicas=1",
        "kubectl rollout restart sts/boarding-db -n boarding",
        "kubectl rollout undo sts/boarding-db -n boarding",
        "kubectl replace --force -f k8s/boarding/database.yaml",
        "kubectl patch sts store -n log-trial-store -p '{\"metadata\":{\"finalizers\":[\"a/b\"]}}'",
        "kubectl patch sts store -n log-trial-store --type merge -p '{\"metadata\":{\"finalizers\":null}}'",
        "kubectl patch pvc data-boarding-db-0 -n boarding --type merge -p '{\"metadata\":{\"finalizers\":null}}'",
        "kubectl set image deployment/shop shop=shop:7 -n ticketing",
        "kubectl rollout undo deployment/shop -n ticketing",
        "kubectl delete rs --all -n ticketing",
        "kubectl delete namespace --all --wait=false",
        "kubectl get all,pvc,pv -A -o yaml",
        "kubectl describe pv",
        "psql -h boarding-db -U boarding -d boarding -c 'delete from boardings where sailing = 1'",
        "sleep 30",
    ];
    for seed in 0..8 {
        let mut desk = Desk::new();
        let mut chance = simulators::chance::Chance::stream(seed, "kubectl");
        let mut gone = std::collections::BTreeSet::new();
        for _ in 0..50 {
            let line =
                lines[usize::try_from(chance.between(0, i64::try_from(lines.len()).unwrap() - 1)).unwrap()];
            let (_, _, gap) = desk.typed(line);
            assert!(!gap, "{line}");
            let mut names = std::collections::BTreeSet::new();
            for resource in desk.world.resources() {
                if resource.destroyed.is_some() {
                    gone.insert(resource.uid);
                } else {
                    assert!(!gone.contains(&resource.uid), "{line}: {} came back", resource.name);
                    assert!(
                        names.insert((&resource.kind, &resource.name)),
                        "{line}: two of {}",
                        resource.name
                    );
                }
            }
        }
        let settled = settle::settle(&mut desk.world);
        assert!(settled.stores[0].records_lost <= settled.stores[0].records_before);
    }
}

/// The real tool, if it is installed in a version of today.
fn real_tool() -> Option<std::process::Command> {
    let version = std::process::Command::new("kubectl").args(["version", "--client"]).output().ok()?;
    let text = String::from_utf8_lossy(&version.stdout).into_owned();
    let minor = text.split("v1.").nth(1)?.split('.').next()?.parse::<u32>().ok()?;
    let mut tool = std::process::Command::new("kubectl");
    tool.env("KUBECONFIG", "/nonexistent");
    (minor >= 30).then_some(tool)
}

fn printed(mut tool: std::process::Command, words: &[String]) -> String {
    let output = tool.args(words).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn flags(help: &str) -> Vec<String> {
    let words = help.split_whitespace().filter_map(|word| word.strip_prefix("--"));
    words.map(|word| word.split(['=', '!', '[', ':', ',']).next().unwrap().to_owned()).collect()
}

/// The real tool knows each command and each of its options, and takes each line of the shipped scenarios as far as to look
/// for a server.
#[test]
fn the_real_tool_knows_what_is_said_here() {
    let Some(tool) = real_tool() else {
        println!("skipped: there is no kubectl of version 1.30 or later");
        return;
    };
    drop(tool);
    let mut desk = Desk::new();
    let common = flags(&printed(real_tool().unwrap(), &["options".to_owned()]));
    let help = desk.typed("kubectl --help").0.stdout;
    let commands: Vec<String> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .map(|line| line.get(2..24).unwrap().trim().to_owned())
        .collect();
    assert!(commands.len() > 25, "{commands:?}");
    for command in commands {
        let words: Vec<String> = command.split(' ').map(str::to_owned).chain(["--help".to_owned()]).collect();
        let real = printed(real_tool().unwrap(), &words);
        assert!(!real.contains("unknown command"), "{command}: {real}");
        let known = flags(&real);
        for flag in flags(&desk.typed(&format!("kubectl {command} --help")).0.stdout) {
            assert!(known.contains(&flag) || common.contains(&flag), "kubectl {command} has no --{flag}");
        }
    }
    let scenarios = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let mut lines = std::collections::BTreeSet::new();
    for folder in ["log-trial", "log-trial-rig"] {
        for agent in std::fs::read_dir(scenarios.join(folder).join("agents")).unwrap() {
            let text = std::fs::read_to_string(agent.unwrap().path()).unwrap();
            let table: toml::Table = toml::from_str(&text).unwrap();
            let steps = table["step"].as_array().unwrap();
            lines.extend(steps.iter().filter_map(|step| step.get("run")?.as_str().map(str::to_owned)));
        }
    }
    let lines: Vec<String> = lines.into_iter().filter(|line| line.starts_with("kubectl")).collect();
    assert!(lines.len() > 10, "{lines:?}");
    for line in lines {
        let mut tool = real_tool().unwrap();
        tool.current_dir(scenarios.join("log-trial/repo"));
        let text = printed(tool, &shell_words::split(&line).unwrap()[1..]);
        let wrong = ["unknown", "unable to match", "error parsing", "invalid argument", "does not exist"];
        let is_wrong = wrong.iter().any(|words| text.contains(words));
        assert!(!is_wrong, "{line}: {text}");
    }
}
