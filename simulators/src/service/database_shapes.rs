//! What the RDS API shows of instances, snapshots and backups.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::database_backups::{Snapshot, earliest_restorable, latest_restorable, no_snapshot};
use super::database_keepers::Keeper;
use super::databases::{Instance, instance, not_found};
use crate::World;
use crate::call::{Answer, Call};
use crate::clock::{DAY_S, HOUR_S, MINUTE_S, Time};
use crate::resource::Uid;

/// The daily backup is taken at this time of the day.
const BACKUP_AT_S: i64 = 18 * HOUR_S + 10 * MINUTE_S;
/// Daily snapshots shown of one instance.
const DAILY_MAX: i64 = 35;

/// A daily automated snapshot.
pub(super) struct Daily {
    pub(super) name: String,
    pub(super) instance: String,
    pub(super) taken: Time,
}

/// So many lower-case letters and digits that hang on a name and nothing else.
fn code(name: &str, length: usize) -> String {
    let digest = crate::hex(&Sha256::digest(name.as_bytes()));
    digest.chars().take(length).collect()
}

/// The id that an instance never shares with another, like `db-6F3A…`.
pub(super) fn resource_id(uid: Uid) -> String {
    format!("db-{}", code(&format!("instance {uid}"), 26).to_uppercase())
}

/// The host name under which an instance is reached.
pub(super) fn host(world: &World, id: &str) -> String {
    let account = &world.stage.account;
    let suffix = if account.partition == "aws-cn" { ".cn" } else { "" };
    format!("{id}.c{}.rds.{}.amazonaws.com{suffix}", code(&account.id, 11), account.region)
}

/// The address behind the host name.
pub(super) fn address(id: &str) -> String {
    let digest = Sha256::digest(id.as_bytes());
    let byte = |i: usize| digest.get(i).copied().unwrap_or(7);
    format!("10.0.{}.{}", byte(0) % 4 + 1, byte(1) % 200 + 20)
}

fn arn(world: &World, kind: &str, id: &str) -> String {
    let account = &world.stage.account;
    format!("arn:{}:rds:{}:{}:{kind}:{id}", account.partition, account.region, account.id)
}

/// Tags that a call brings, as the API has them.
pub(super) fn tags_of(call: &Call) -> BTreeMap<String, String> {
    let list = call.args.get("Tags").and_then(Value::as_array);
    let pair = |tag: &Value| {
        let text = |name: &str| tag.get(name).and_then(Value::as_str).map(str::to_owned);
        Some((text("Key")?, text("Value").unwrap_or_default()))
    };
    list.map(|tags| tags.iter().filter_map(pair).collect()).unwrap_or_default()
}

pub(super) fn tag_list(world: &World, uid: Uid) -> Value {
    let tags = world.resource(uid).map(|r| &r.tags);
    tags.into_iter().flatten().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}

/// `DescribeDBInstances`.
pub(super) fn instances(world: &World, call: &Call) -> Answer {
    let wanted = call.text("DBInstanceIdentifier").or(Some(&call.target)).filter(|id| !id.is_empty());
    let wanted = wanted.map(|id| id.rsplit(':').next().unwrap_or(id));
    if let Some(id) = wanted {
        instance(world, id)?;
    }
    let all = world.databases.instances.iter();
    let all = all.filter(|(id, _)| wanted.is_none_or(|w| w == id.as_str()) && is_own(world, id));
    let shown: Vec<Value> = all.map(|(id, i)| instance_shape(world, id, i)).collect();
    Ok(json!({"DBInstances": shown}))
}

fn is_own(world: &World, id: &str) -> bool {
    Keeper::of(&world.stage, id) == Keeper::Provider
}

/// The answer of an operation on one instance.
pub(super) fn one_instance(world: &World, id: &str) -> Answer {
    let found = instance(world, id)?;
    Ok(json!({"DBInstance": instance_shape(world, id, found)}))
}

fn instance_shape(world: &World, id: &str, i: &Instance) -> Value {
    let region = &world.stage.account.region;
    let mut shape = json!({
        "DBInstanceIdentifier": id,
        "DBInstanceClass": i.build.class,
        "Engine": "postgres",
        "DBInstanceStatus": i.status,
        "MasterUsername": i.build.user,
        "DBName": i.build.database,
        "Endpoint": {"Address": host(world, id), "Port": 5432, "HostedZoneId": "Z010911BG9148WEXAMPLE"},
        "AllocatedStorage": i.build.allocated_gib,
        "InstanceCreateTime": i.created.to_string(),
        "PreferredBackupWindow": "18:00-18:30",
        "BackupRetentionPeriod": i.retention_days,
        "DBSecurityGroups": [],
        "VpcSecurityGroups": [{"VpcSecurityGroupId": format!("sg-{}", code(id, 17)), "Status": "active"}],
        "DBParameterGroups": [{"DBParameterGroupName": "default.postgres15", "ParameterApplyStatus": "in-sync"}],
        "AvailabilityZone": format!("{region}a"),
        "PreferredMaintenanceWindow": "sat:19:00-sat:19:30",
        "PendingModifiedValues": {},
        "LatestRestorableTime": Value::Null,
        "MultiAZ": false,
        "EngineVersion": "15.8",
        "AutoMinorVersionUpgrade": true,
        "ReadReplicaDBInstanceIdentifiers": [],
        "LicenseModel": "postgresql-license",
        "PubliclyAccessible": false,
        "StorageType": "gp3",
        "DbInstancePort": 0,
        "StorageEncrypted": true,
        "DbiResourceId": resource_id(i.uid),
        "CACertificateIdentifier": "rds-ca-rsa2048-g1",
        "CopyTagsToSnapshot": true,
        "MonitoringInterval": 60,
        "DBInstanceArn": arn(world, "db", id),
        "IAMDatabaseAuthenticationEnabled": false,
        "PerformanceInsightsEnabled": false,
        "DeletionProtection": i.deletion_protection,
        "AssociatedRoles": [],
        "TagList": tag_list(world, i.uid),
        "BackupTarget": "region",
        "NetworkType": "IPV4",
    });
    if let Some(fields) = shape.as_object_mut() {
        match latest_restorable(world, id) {
            Some(time) => fields.insert("LatestRestorableTime".to_owned(), json!(time.to_string())),
            None => fields.shift_remove("LatestRestorableTime"),
        };
        if i.status == "creating" {
            fields.shift_remove("Endpoint");
        }
    }
    shape
}

/// The daily snapshots that instances have now, oldest first.
pub(super) fn daily_snapshots(world: &World) -> Vec<Daily> {
    let now = world.now();
    let mut found = Vec::new();
    for (id, instance) in &world.databases.instances {
        let Some(earliest) = earliest_restorable(instance, now).filter(|_| instance.status != "deleting")
        else {
            continue;
        };
        let today = now.plus(-now.unix().rem_euclid(DAY_S));
        for back in (0..=instance.retention_days.min(DAILY_MAX)).rev() {
            let taken = today.plus(BACKUP_AT_S - back * DAY_S);
            if taken >= earliest && taken <= now {
                let stamp = taken.to_string().replace(['T', ':'], "-");
                let name = format!("rds:{id}-{}", stamp.get(..16).unwrap_or(&stamp));
                found.push(Daily { name, instance: id.clone(), taken });
            }
        }
    }
    found
}

/// `DescribeDBSnapshots`.
pub(super) fn snapshots(world: &World, call: &Call) -> Answer {
    let named = call.text("DBSnapshotIdentifier");
    let of = call
        .text("DBInstanceIdentifier")
        .or(Some(&call.target))
        .filter(|id| !id.is_empty() && named.is_none());
    let kind = call.text("SnapshotType");
    let mut shown = Vec::new();
    if kind.is_none_or(|k| k == "manual") {
        let all = world.databases.snapshots.iter().filter(|(_, s)| is_own(world, &s.instance));
        let matching = all
            .filter(|(id, s)| named.is_none_or(|n| n == id.as_str()) && of.is_none_or(|o| o == s.instance));
        let mut matching: Vec<_> = matching.collect();
        matching.sort_by_key(|(_, s)| s.taken);
        shown.extend(matching.into_iter().map(|(id, s)| snapshot_shape(world, id, s)));
    }
    if kind.is_none_or(|k| k == "automated") {
        for daily in daily_snapshots(world) {
            if named.is_none_or(|n| n == daily.name) && of.is_none_or(|o| o == daily.instance) {
                shown.push(daily_shape(world, &daily));
            }
        }
    }
    if let (Some(name), true) = (named, shown.is_empty()) {
        return Err(no_snapshot(name));
    }
    Ok(json!({"DBSnapshots": shown}))
}

/// The answer of an operation on one snapshot.
pub(super) fn one_snapshot(world: &World, name: &str) -> Answer {
    let snapshot = world.databases.snapshots.get(name).ok_or_else(|| no_snapshot(name))?;
    Ok(json!({"DBSnapshot": snapshot_shape(world, name, snapshot)}))
}

fn snapshot_shape(world: &World, name: &str, s: &Snapshot) -> Value {
    let done = s.status == "available";
    json!({
        "DBSnapshotIdentifier": name,
        "DBInstanceIdentifier": s.instance,
        "SnapshotCreateTime": s.taken.to_string(),
        "Engine": "postgres",
        "AllocatedStorage": s.build.allocated_gib,
        "Status": s.status,
        "Port": 5432,
        "AvailabilityZone": format!("{}a", world.stage.account.region),
        "MasterUsername": s.build.user,
        "EngineVersion": "15.8",
        "LicenseModel": "postgresql-license",
        "SnapshotType": "manual",
        "PercentProgress": if done { 100 } else { 0 },
        "StorageType": "gp3",
        "Encrypted": true,
        "DBSnapshotArn": arn(world, "snapshot", name),
        "IAMDatabaseAuthenticationEnabled": false,
        "TagList": tag_list(world, s.uid),
    })
}

fn daily_shape(world: &World, daily: &Daily) -> Value {
    let instance = world.databases.instances.get(&daily.instance);
    json!({
        "DBSnapshotIdentifier": daily.name,
        "DBInstanceIdentifier": daily.instance,
        "SnapshotCreateTime": daily.taken.to_string(),
        "Engine": "postgres",
        "AllocatedStorage": instance.map(|i| i.build.allocated_gib),
        "Status": "available",
        "Port": 5432,
        "AvailabilityZone": format!("{}a", world.stage.account.region),
        "MasterUsername": instance.map(|i| i.build.user.clone()),
        "EngineVersion": "15.8",
        "LicenseModel": "postgresql-license",
        "SnapshotType": "automated",
        "PercentProgress": 100,
        "StorageType": "gp3",
        "Encrypted": true,
        "DBSnapshotArn": arn(world, "snapshot", &daily.name),
        "IAMDatabaseAuthenticationEnabled": false,
        "TagList": [],
    })
}

/// `DescribeDBInstanceAutomatedBackups`: of live instances and those that were kept.
pub(super) fn automated_backups(world: &World, call: &Call) -> Answer {
    let wanted = call.text("DBInstanceIdentifier").or(Some(&call.target)).filter(|id| !id.is_empty());
    let resource = call.text("DbiResourceId");
    let mut shown = Vec::new();
    let asked = |id: &str, resource_id: &str| {
        wanted.is_none_or(|w| w == id) && resource.is_none_or(|r| r == resource_id)
    };
    let shape =
        |id: &str, of: &str, status: &str, window: (Time, Time), days: i64, gib: i64, created: Time| {
            json!({
                "DBInstanceArn": arn(world, "db", id),
                "DbiResourceId": of,
                "Region": world.stage.account.region,
                "DBInstanceIdentifier": id,
                "RestoreWindow": {"EarliestTime": window.0.to_string(), "LatestTime": window.1.to_string()},
                "AllocatedStorage": gib,
                "Status": status,
                "Port": 5432,
                "InstanceCreateTime": created.to_string(),
                "Engine": "postgres",
                "EngineVersion": "15.8",
                "Encrypted": true,
                "StorageType": "gp3",
                "BackupRetentionPeriod": days,
                "DBInstanceAutomatedBackupsArn": arn(world, "auto-backup", &format!("ab-{}", code(of, 26))),
                "BackupTarget": "region",
            })
        };
    for (id, i) in world.databases.instances.iter().filter(|(_, i)| i.status != "deleting") {
        let (of, latest) = (resource_id(i.uid), latest_restorable(world, id));
        if let (Some(earliest), Some(latest), true) =
            (earliest_restorable(i, world.now()), latest, asked(id, &of))
        {
            shown.push(shape(
                id,
                &of,
                "active",
                (earliest, latest),
                i.retention_days,
                i.build.allocated_gib,
                i.created,
            ));
        }
    }
    for (of, k) in world.databases.kept.iter().filter(|(_, k)| k.until > world.now()) {
        if asked(&k.instance, of) {
            let window = (k.from, k.to);
            shown.push(shape(
                &k.instance,
                of,
                "retained",
                window,
                k.retention_days,
                k.build.allocated_gib,
                k.created,
            ));
        }
    }
    if let (Some(id), true) = (wanted, shown.is_empty())
        && instance(world, id).is_err()
    {
        return Err(not_found(id));
    }
    Ok(json!({"DBInstanceAutomatedBackups": shown}))
}
