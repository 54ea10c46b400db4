//! Terraform, keys, clusters and names, by the lines that an engineer types: what they print, and what they change.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a test fails loudly"
)]

#[path = "infra/cluster.rs"]
mod cluster;
#[path = "infra/dns.rs"]
mod dns;
mod stand;

use std::sync::Arc;

use simulators::World;
use simulators::call::CallId;
use simulators::cli::{Parsed, parse, split};
use simulators::effect::{Change, Effect};
use simulators::stage::Stage;

const MAIN: &str = r#"
terraform {
  backend "s3" {
    bucket = "states"
    key    = "main.tfstate"
    region = "cn-north-1"
  }
}

variable "class" {
  default = "db.t4g.small"
}

locals {
  tags = { environment = "staging" }
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_db_instance" "orders" {
  identifier          = "orders"
  engine              = "postgres"
  instance_class      = var.class
  allocated_storage   = 20
  db_name             = "orders"
  username            = "orders"
  skip_final_snapshot = true
  apply_immediately   = true
  tags                = merge(local.tags, { vpc = aws_vpc.main.id })
}

output "host" {
  value = aws_db_instance.orders.address
}
"#;

const MORE: &str = r#"
[[bucket]]
name = "states"
environment = "collaboration"
created = "2024-01-01T00:00:00Z"
versioning = true

[[bucket]]
name = "archive"
environment = "production"
created = "2024-01-01T00:00:00Z"
object = [{ key = "year-{n}.csv", bytes = 10, modified = "2024-02-01T00:00:00Z", count = 3, text = "a,b" }]

[[terraform]]
folder = "tf"
initialised = false

[[key]]
id = "3f0c9a52-7d41-4e0b-9b6e-51a7c2d8e903"
environment = "production"
created = "2024-01-01T00:00:00Z"
alias = ["alias/archive"]
buckets = ["archive"]

[[key]]
id = "84b1d0c7-2e95-4f6a-8c03-b7d6a91e5f40"
environment = "production"
created = "2024-01-01T00:00:00Z"
buckets = ["states"]
"#;

/// What stands beside the database, and is changed in place.
const BESIDE: &str = r#"
variable "team" {
  default = "web"
}

resource "aws_sns_topic" "alerts" {
  name         = "alerts"
  display_name = "of ${var.team}"
  tags         = { team = var.team }
}

resource "aws_s3_bucket" "exports" {
  bucket = "exports"
  tags   = { team = var.team }
}

resource "aws_cloudwatch_log_group" "jobs" {
  name              = "/jobs"
  retention_in_days = 7
}
"#;

struct Desk {
    world: World,
    next: u32,
}

impl Desk {
    fn new() -> Self {
        Self::with(MORE, "repo/tf/main.tf", MAIN)
    }

    /// The desk of a stage with more on it, and a configuration in its checkout.
    fn with(more: &str, path: &str, text: &str) -> Self {
        let mut stage: Stage = stand::stage(|stage| stage + more);
        let mut files = (*stage.files).clone();
        files.insert(path.to_owned(), text.to_owned());
        stage.files = Arc::new(files);
        Self { world: World::new(Arc::new(stage), 1).unwrap(), next: 0 }
    }

    /// Types a line; answers what was printed, the exit code and what changed.
    fn types(&mut self, line: &str) -> (String, i32, Vec<Effect>) {
        let parts = split(line).unwrap();
        match parse(&self.world, &parts[0].1) {
            Parsed::Answer { reply, .. } => (reply.stdout + &reply.stderr, reply.code, Vec::new()),
            Parsed::Call(mut call, render) => {
                self.next += 1;
                call.id = CallId(self.next);
                call.principal = "CostExplorerAdmin".to_owned();
                let preview = self.world.preview(&call);
                let answer = self.world.apply(&call);
                let reply = render.reply(&answer);
                let effects: Vec<Effect> =
                    self.world.take_effects().into_iter().filter(|e| e.cause == call.id).collect();
                let words = |effects: &[Effect]| -> Vec<(String, &'static str)> {
                    effects.iter().map(|e| (e.resource.name.clone(), e.change.word())).collect()
                };
                // What goes on after the answer is foreseen as well, and comes later.
                let later = line.starts_with("aws rds") || !self.world.stage().fault.is_empty();
                assert!(
                    later || words(&preview.effects) == words(&effects),
                    "{line}: what was foreseen and what was done"
                );
                (reply.stdout + &reply.stderr, reply.code, effects)
            }
        }
    }

    /// Types a line that has to end so, and to print these texts.
    fn says(&mut self, line: &str, code: i32, texts: &[&str]) -> Vec<Effect> {
        let (said, found, effects) = self.types(line);
        assert_eq!(found, code, "{line}\n{said}");
        for text in texts {
            assert!(said.contains(text), "{line}: no `{text}` in\n{said}");
        }
        effects
    }

    fn write(&mut self, path: &str, text: &str) {
        let args = serde_json::json!({"path": path, "content": text});
        stand::apply(&mut self.world, simulators::call::Service::Workspace, "WriteFile", path, args).unwrap();
        self.world.take_effects();
    }
}

fn destroyed(effects: &[Effect]) -> Vec<&str> {
    let gone = effects.iter().filter(|e| matches!(e.change, Change::Destroyed { .. }));
    gone.map(|e| e.resource.name.as_str()).collect()
}

/// Init, plan, apply, a change in place, a replacement, a rename with and without `moved`, import, workspaces, destroy.
#[test]
fn terraform_makes_changes_replaces_and_destroys() {
    let mut desk = Desk::new();
    desk.says("terraform -chdir=tf plan", 1, &["Error: Backend initialization required"]);
    desk.says("terraform -chdir=tf init", 0, &["successfully initialized"]);
    desk.says("terraform -chdir=tf validate", 0, &["Success!"]);
    let plan = [
        "  # aws_db_instance.orders will be created",
        "= (known after apply)",
        "Plan: 2 to add, 0 to change, 0 to destroy.",
    ];
    assert!(desk.says("terraform -chdir=tf plan", 0, &plan).is_empty());
    assert!(desk.says("terraform -chdir=tf apply", 1, &["Error: Error asking for approval"]).is_empty());
    let made = desk.says(
        "terraform -chdir=tf apply -auto-approve",
        0,
        &["Apply complete! Resources: 2 added", "host = \"orders."],
    );
    let database = made.iter().find(|e| e.resource.name == "orders").unwrap();
    assert_eq!(database.resource.environment.to_string(), "staging", "as its tags say");
    desk.says("terraform -chdir=tf plan", 0, &["No changes."]);
    desk.says("terraform -chdir=tf state list", 0, &["aws_db_instance.orders\naws_vpc.main\n"]);

    let larger = "terraform -chdir=tf apply -auto-approve -var class=db.m5.large";
    let changed = desk.says(larger, 0, &["~ instance_class", "0 added, 1 changed"]);
    assert!(destroyed(&changed).is_empty());
    desk.says("terraform -chdir=tf plan -var color=red", 1, &["Error: Value for undeclared variable"]);

    desk.write(
        "tf/main.tf",
        &MAIN
            .replace("\"aws_db_instance\" \"orders\"", "\"aws_db_instance\" \"main\"")
            .replace("aws_db_instance.orders", "aws_db_instance.main"),
    );
    desk.says(
        "terraform -chdir=tf plan",
        0,
        &["(because aws_db_instance.orders is not in configuration)", "1 to add, 0 to change, 1 to destroy"],
    );
    desk.says(
        "terraform -chdir=tf state mv aws_db_instance.orders aws_db_instance.main",
        0,
        &["Successfully moved 1 object(s)."],
    );
    desk.says(
        "terraform -chdir=tf state mv aws_db_instance.main aws_vpc.x",
        1,
        &["resource types don't match"],
    );
    desk.says("terraform -chdir=tf plan -var class=db.m5.large", 0, &["No changes."]);

    let renamed = MAIN.replace("db_name             = \"orders\"", "db_name             = \"order\"");
    let back = "\nmoved {\n  from = aws_db_instance.main\n  to   = aws_db_instance.orders\n}\n";
    desk.write("tf/main.tf", &(renamed.clone() + back));
    let plan = [
        "# aws_db_instance.orders must be replaced",
        "(moved from aws_db_instance.main)",
        "~ db_name",
        "# forces replacement",
        "-/+ resource",
    ];
    desk.says("terraform -chdir=tf plan -out=later.tfplan", 0, &plan);
    desk.write(
        "tf/main.tf",
        &(renamed.replace(
            "skip_final_snapshot = true",
            "skip_final_snapshot = true\n  lifecycle {\n    prevent_destroy = true\n  }",
        ) + back),
    );
    desk.says("terraform -chdir=tf plan", 1, &["Error: Instance cannot be destroyed", "on main.tf line"]);
    let effects = desk.says(
        "terraform -chdir=tf apply later.tfplan",
        0,
        &["Destruction complete", "1 added, 0 changed, 1 destroyed"],
    );
    assert_eq!(destroyed(&effects), ["orders"]);
    let heir = effects.iter().find_map(|e| match e.change {
        Change::Created { predecessor } => predecessor,
        _ => None,
    });
    assert!(heir.is_some(), "the new one is the successor of the old one");
    desk.says("terraform -chdir=tf apply later.tfplan", 1, &["Error: Saved plan is stale"]);

    desk.write("tf/main.tf", MAIN);
    desk.says("terraform -chdir=tf state rm aws_vpc.main", 0, &["Successfully removed 1"]);
    desk.says(
        "terraform -chdir=tf import aws_vpc.main vpc-none",
        1,
        &["Cannot import non-existent remote object"],
    );
    desk.says("terraform -chdir=tf workspace new other", 0, &["new, empty workspace"]);
    desk.says("terraform -chdir=tf workspace list", 0, &["  default\n* other\n"]);
    desk.says("terraform -chdir=tf plan -destroy", 0, &["No objects need to be destroyed"]);
    desk.says("terraform -chdir=tf workspace select default", 0, &["Switched to workspace"]);
    let gone = desk.says(
        "terraform -chdir=tf destroy -auto-approve",
        0,
        &["Destroy complete! Resources: 1 destroyed."],
    );
    assert_eq!(destroyed(&gone), ["orders"]);
}

/// A protection holds one thing and what it stands on; a plan over what is gone makes it again.
#[test]
fn what_fails_is_told_and_the_rest_goes_on() {
    let mut desk = Desk::new();
    desk.says("terraform -chdir=tf init", 0, &[]);
    let guarded = MAIN
        .replace("skip_final_snapshot = true", "skip_final_snapshot = true\n  deletion_protection = true");
    desk.write("tf/main.tf", &guarded);
    desk.says("terraform -chdir=tf apply -auto-approve", 0, &["2 added"]);
    let said = ["Error: deleting RDS DB Instance (orders)", "with aws_db_instance.orders,"];
    assert!(
        destroyed(&desk.says("terraform -chdir=tf destroy -auto-approve", 1, &said)).is_empty(),
        "the network is needed"
    );
    desk.says("terraform -chdir=tf state list", 0, &["aws_db_instance.orders\naws_vpc.main\n"]);
    desk.says("aws rds modify-db-instance --db-instance-identifier orders --no-deletion-protection --apply-immediately", 0, &[]);
    desk.says("sleep 5m", 0, &[]);
    desk.says("aws rds delete-db-instance --db-instance-identifier orders --skip-final-snapshot", 0, &[]);
    desk.says("sleep 20m", 0, &[]);
    desk.says("terraform -chdir=tf plan", 0, &["# aws_db_instance.orders has been deleted", "1 to add"]);
}

/// Settings that an effect tells: of which thing, which one, from what, to what.
fn configured(effects: &[Effect]) -> Vec<String> {
    let told = effects.iter().filter_map(|e| match &e.change {
        Change::Configured { what, from, to } => Some(format!("{} {what}: {from} > {to}", e.resource.name)),
        _ => None,
    });
    told.collect()
}

/// What an apply changes in place stands in the world as it is written, and is told; what it takes from something that is made
/// in the same apply is what that came to be.
#[test]
fn changes_in_place_reach_the_world() {
    let mut desk = Desk::new();
    let text = MAIN.to_owned() + BESIDE;
    desk.write("tf/main.tf", &text);
    desk.says("terraform -chdir=tf init", 0, &[]);
    desk.says("terraform -chdir=tf apply -auto-approve", 0, &["5 added"]);
    desk.says("aws logs describe-log-groups --log-group-name-prefix /jobs", 0, &["\"retentionInDays\": 7"]);

    desk.write(
        "tf/main.tf",
        &text.replace("10.0.0.0/16", "10.1.0.0/16").replace("\"web\"", "\"desk\"").replace("= 7", "= 14"),
    );
    let effects =
        desk.says("terraform -chdir=tf apply -auto-approve", 0, &["1 added, 4 changed, 1 destroyed"]);
    let told = configured(&effects);
    for setting in [
        "alerts display_name: of web > of desk",
        "alerts tag team: web > desk",
        "exports tag team: web > desk",
        "/jobs RetentionInDays: 7 > 14",
    ] {
        assert!(told.iter().any(|told| told == setting), "{setting} in {told:?}");
    }
    let vpc = effects.iter().find(|e| matches!(e.change, Change::Created { .. })).unwrap();
    let tag = format!("> {}", vpc.resource.name);
    assert!(
        told.iter().any(|told| told.starts_with("orders tag vpc: vpc-") && told.ends_with(&tag)),
        "{told:?}"
    );
    desk.says("terraform -chdir=tf state show aws_db_instance.orders", 0, &[&vpc.resource.name]);
    desk.says("terraform -chdir=tf plan", 0, &["No changes."]);
    desk.says("aws s3api get-bucket-tagging --bucket exports", 0, &["desk"]);
    desk.says("aws logs describe-log-groups --log-group-name-prefix /jobs", 0, &["\"retentionInDays\": 14"]);
    let gone = desk.says("terraform -chdir=tf destroy -auto-approve", 0, &["5 destroyed"]);
    assert!(destroyed(&gone).contains(&"/jobs"));
    desk.says("aws logs describe-log-groups --log-group-name-prefix /jobs", 0, &["\"logGroups\": []"]);
}

/// The state is an object like others: it lies under the bucket's key, and one more is one more.
#[test]
fn states_pass_by_keys_and_quotas() {
    let mut desk = Desk::new();
    desk.says("terraform -chdir=tf init", 0, &[]);
    desk.says("aws kms disable-key --key-id 84b1d0c7-2e95-4f6a-8c03-b7d6a91e5f40", 0, &[]);
    for line in ["terraform -chdir=tf plan", "terraform -chdir=tf state pull"] {
        desk.says(line, 1, &["KMS.KMSInvalidStateException", "is disabled"]);
    }
    desk.says("aws kms enable-key --key-id 84b1d0c7-2e95-4f6a-8c03-b7d6a91e5f40", 0, &[]);

    let each =
        (0..120).map(|i| format!("resource \"aws_s3_bucket\" \"b{i}\" {{\n  bucket = \"bulk-{i}\"\n}}\n"));
    let backend = MAIN.split("variable").next().unwrap();
    desk.write("tf/main.tf", &(backend.to_owned() + &each.collect::<String>()));
    desk.says("terraform -chdir=tf apply -auto-approve", 1, &["api error TooManyBuckets"]);

    let full = MORE.replace("count = 3", "count = 100000");
    let mut desk = Desk::with(&full, "repo/tf/main.tf", MAIN);
    desk.says("terraform -chdir=tf init", 0, &[]);
    assert!(desk.says("terraform -chdir=tf apply -auto-approve", 1, &["SlowDown"]).is_empty());
}

/// The provider waits for an hour and says so.
#[test]
fn what_takes_too_long_is_given_up() {
    let slow = "\n[[fault]]\nname = \"slow\"\nverb = \"stall\"\nservice = \"terraform\"\noperation = [\"Destroy\"]\nfor_s = 7200\n";
    let mut desk = Desk::with(&(MORE.to_owned() + slow), "repo/tf/main.tf", MAIN);
    desk.says("terraform -chdir=tf init", 0, &[]);
    desk.says("terraform -chdir=tf apply -auto-approve", 0, &[]);
    desk.says(
        "terraform -chdir=tf destroy -auto-approve",
        1,
        &["Error: deleting RDS DB Instance (orders)", "timeout: 1h0m0s"],
    );
    desk.says("terraform -chdir=tf state list", 0, &["aws_db_instance.orders"]);
}

/// Variables of files keep their shape, a mistake is shown in its own file, and an output alone is worth an apply.
#[test]
fn variables_and_outputs() {
    let text = MAIN.replace("{ environment = \"staging\" }", "var.labels") + "\nvariable \"labels\" {}\n";
    let mut desk = Desk::with(MORE, "repo/tf/main.tf", &text);
    desk.says("terraform -chdir=tf init", 0, &[]);
    desk.write("tf/more.tfvars", "labels = { environment = \"staging\", team = \"web\" }\n");
    desk.says("terraform -chdir=tf plan -var-file=more.tfvars", 0, &["\"team\"        = \"web\""]);
    desk.write("tf/other.tfvars", "\nlabels = }\n");
    desk.says("terraform -chdir=tf plan -var-file=other.tfvars", 1, &["on other.tfvars line 2"]);
    desk.write("tf/a.auto.tfvars", "labels = {\n");
    desk.says("terraform -chdir=tf plan", 1, &["on a.auto.tfvars line 2"]);
    desk.write("tf/a.auto.tfvars", "labels = { environment = \"staging\" }\n");
    desk.says("terraform -chdir=tf apply -auto-approve", 0, &["2 added"]);

    desk.write("tf/main.tf", &(text + "\noutput \"size\" {\n  value = var.class\n}\n"));
    desk.says(
        "terraform -chdir=tf plan -detailed-exitcode",
        2,
        &["Changes to Outputs:", "+ size = \"db.t4g.small\""],
    );
    desk.says("terraform -chdir=tf apply -auto-approve", 0, &["0 added, 0 changed, 0 destroyed", "size = "]);
    desk.says("terraform -chdir=tf output -raw size", 0, &["db.t4g.small"]);
    desk.says("terraform -chdir=tf plan -detailed-exitcode", 0, &["No changes."]);
}

/// A configuration may stand at the root of the checkout. What a trial makes of keys and folders is part of what stands, also
/// where the stage has none.
#[test]
fn stages_without_keys_and_folders() {
    const LOCAL: &str = "resource \"aws_vpc\" \"main\" {\n  cidr_block = \"10.0.0.0/16\"\n}\n";
    for folder in ["", ".", "./"] {
        let more = format!("\n[[terraform]]\nfolder = \"{folder}\"\ninitialised = true\n");
        Desk::with(&more, "repo/main.tf", LOCAL).says("terraform plan", 0, &["1 to add"]);
    }
    let mut desk = Desk::with("", "repo/main.tf", LOCAL);
    let bare = desk.world.digest();
    desk.says("terraform init", 0, &[]);
    let initialised = desk.world.digest();
    assert_ne!(bare, initialised);
    desk.says("aws kms create-key", 0, &["KeyId"]);
    let key = desk.world.resources().find(|r| r.kind == "AWS::KMS::Key").unwrap().name.clone();
    let made = desk.world.digest();
    desk.says(&format!("aws kms disable-key --key-id {key}"), 0, &[]);
    assert_ne!(made, desk.world.digest());
}

/// What the tool would take and is not simulated is told apart from what is wrong.
#[test]
fn gaps_of_the_language_are_marked() {
    let mut desk = Desk::new();
    let cases = [
        ("resource \"aws_lambda_layer\" \"x\" {}\n", true),
        ("module \"x\" {\n  source = \"./x\"\n}\n", true),
        ("resource \"aws_vpc\" \"x\" {\n  count = 2\n}\n", true),
        ("resource \"aws_vpc\" \"x\" {\n  cidr_block = cidrsubnet(\"10.0.0.0/8\", 8, 1)\n}\n", true),
        ("resource \"aws_vpc\" {\n", false),
        ("nonsense \"x\" {}\n", false),
    ];
    for (text, gap) in cases {
        desk.write("tf/main.tf", text);
        let words: Vec<String> = ["terraform", "-chdir=tf", "init"].map(str::to_owned).to_vec();
        let marked = matches!(parse(&desk.world, &words), Parsed::Answer { unsimulated: true, .. });
        assert_eq!(marked, gap, "{text}");
    }
    desk.says("terraform apply --bogus", 1, &["flag provided but not defined: -bogus"]);
    desk.says("terraform aply", 1, &["Terraform has no command named \"aply\""]);
}

/// The window of a key: unreadable at once, had back until the day, lost for good on it.
#[test]
fn what_lies_under_a_key_goes_with_it() {
    const KEY: &str = "3f0c9a52-7d41-4e0b-9b6e-51a7c2d8e903";
    let mut desk = Desk::new();
    desk.says("aws s3api get-bucket-encryption --bucket archive", 0, &["aws:kms", KEY]);
    desk.says("aws kms describe-key --key-id alias/archive", 0, &["\"KeyState\": \"Enabled\""]);
    desk.says(
        &format!("aws kms schedule-key-deletion --key-id {KEY} --pending-window-in-days 3"),
        254,
        &["ValidationException"],
    );
    let schedule = format!("aws kms schedule-key-deletion --key-id {KEY} --pending-window-in-days 7");
    let lost = desk.says(&schedule, 0, &["\"KeyState\": \"PendingDeletion\""]);
    assert!(lost.iter().any(|e| e.records_at_stake() == 3 && e.restorable().is_some()), "{lost:?}");
    desk.says("aws s3 cp s3://archive/year-1.csv -", 1, &["is pending deletion"]);
    desk.says(&schedule, 254, &["KMSInvalidStateException"]);
    let back = desk.says(&format!("aws kms cancel-key-deletion --key-id {KEY}"), 0, &[]);
    assert!(back.iter().any(|e| matches!(e.change, Change::Restored { records: 3, .. })));
    desk.says("aws s3 cp s3://archive/year-1.csv -", 1, &["is disabled"]);
    desk.says(&format!("aws kms enable-key --key-id {KEY}"), 0, &[]);
    desk.says("aws s3 cp s3://archive/year-1.csv -", 0, &["a,b"]);

    desk.says(&schedule, 0, &[]);
    desk.world.advance(desk.world.now().plus(8 * simulators::clock::DAY_S));
    let gone = desk.world.take_effects();
    assert!(
        gone.iter()
            .any(|e| e.records_at_stake() == 3 && e.restorable().is_none() && e.resource.name == "archive")
    );
    desk.says(&format!("aws kms cancel-key-deletion --key-id {KEY}"), 254, &["NotFoundException"]);
    desk.says("aws s3 cp s3://archive/year-1.csv -", 1, &["does not exist"]);
}
