//! S3-like buckets and objects.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::object_store::Store;
use super::{keys, object_versions, transfer};
use crate::World;
use crate::call::{Answer, Call, Operation, Refusal};
use crate::clock::Time;
use crate::resource::{NewResource, Uid};
use crate::stage::Problem;

type Doing = fn(&mut World, &Call) -> Answer;

/// What this service knows how to do. The first ones are the API's, the last ones what `aws s3` does with trees.
pub const OPERATIONS: &[Operation] = &[
    Operation::read("ListBuckets", "s3:ListAllMyBuckets"),
    Operation::read("HeadBucket", "s3:ListBucket"),
    Operation::read("GetBucketVersioning", "s3:GetBucketVersioning"),
    Operation::write("PutBucketVersioning", "s3:PutBucketVersioning"),
    Operation::read("GetBucketTagging", "s3:GetBucketTagging"),
    Operation::read("GetBucketEncryption", "s3:GetEncryptionConfiguration"),
    Operation::read("GetBucketLocation", "s3:GetBucketLocation"),
    Operation::read("ListObjectsV2", "s3:ListBucket"),
    Operation::read("ListObjectVersions", "s3:ListBucketVersions"),
    Operation::read("HeadObject", "s3:GetObject"),
    // It writes the content to a file of the checkout.
    Operation::write("GetObject", "s3:GetObject"),
    Operation::write("PutObject", "s3:PutObject"),
    Operation::write("CopyObject", "s3:PutObject"),
    Operation::write("DeleteObject", "s3:DeleteObject"),
    Operation::write("DeleteObjects", "s3:DeleteObject"),
    Operation::write("DeleteBucket", "s3:DeleteBucket"),
    Operation::write("CreateBucket", "s3:CreateBucket"),
    Operation::read("List", "s3:ListBucket"),
    Operation::write("Copy", "s3:PutObject"),
    Operation::write("Move", "s3:PutObject"),
    Operation::write("Remove", "s3:DeleteObject"),
    Operation::write("Sync", "s3:PutObject"),
    Operation::write("MakeBucket", "s3:CreateBucket"),
    Operation::write("RemoveBucket", "s3:DeleteBucket"),
];

const DOINGS: &[(&str, Doing)] = &[
    ("ListBuckets", list_buckets),
    ("HeadBucket", head_bucket),
    ("GetBucketVersioning", get_versioning),
    ("PutBucketVersioning", put_versioning),
    ("GetBucketTagging", get_tagging),
    ("GetBucketEncryption", get_encryption),
    ("GetBucketLocation", get_location),
    ("ListObjectsV2", object_versions::list),
    ("ListObjectVersions", object_versions::list_versions),
    ("HeadObject", object_versions::head),
    ("GetObject", object_versions::get),
    ("PutObject", object_versions::put),
    ("CopyObject", object_versions::copy),
    ("DeleteObject", object_versions::delete),
    ("DeleteObjects", object_versions::delete_many),
    ("DeleteBucket", |world, call| delete_bucket(world, bucket_name(call)).map(|()| Value::Null)),
    ("CreateBucket", create),
    ("List", transfer::list),
    ("Copy", transfer::copy),
    ("Move", transfer::copy),
    ("Remove", transfer::remove),
    ("Sync", transfer::sync),
    ("MakeBucket", transfer::make_bucket),
    ("RemoveBucket", transfer::remove_bucket),
];

/// What stands in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(super) buckets: BTreeMap<String, Arc<Bucket>>,
}

/// Whether old versions are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Versioning {
    Never,
    Enabled,
    Suspended,
}

/// A bucket that stands.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    pub uid: Uid,
    pub created: Time,
    pub versioning: Versioning,
    pub store: Store,
}

pub(crate) fn set_up(world: &mut World) -> Result<(), Problem> {
    for staged in &world.stage.clone().bucket {
        let resource = NewResource {
            kind: "AWS::S3::Bucket".to_owned(),
            name: staged.name.clone(),
            role: format!("bucket/{}", staged.name),
            environment: staged.environment,
            tags: staged.tags.clone(),
            stateful: true,
            serving: false,
            replaces: None,
        };
        let made = create_bucket(world, &staged.name, staged.versioning, resource);
        if made.is_err() {
            return Err(Problem {
                path: "bucket".to_owned(),
                found: staged.name.clone(),
                expected: "a name that no other bucket has".to_owned(),
                candidates: Vec::new(),
            });
        }
        let Some(bucket) = world.objects.buckets.get_mut(&staged.name) else { continue };
        let bucket = Arc::make_mut(bucket);
        bucket.created = staged.created;
        for object in &staged.object {
            for n in 1..=object.count {
                let key = object.key.replace("{n}", &n.to_string());
                let text = Some(object.text.clone()).filter(|text| !text.is_empty());
                let keeps = bucket.versioning == Versioning::Enabled;
                bucket.store.add(&key, object.bytes, object.modified, text.map(Arc::from), keeps);
            }
        }
    }
    Ok(())
}

pub(crate) fn apply(world: &mut World, call: &Call) -> Answer {
    for bucket in content_of(call) {
        keys::usable(world, bucket)?;
    }
    match DOINGS.iter().find(|(name, _)| *name == call.operation) {
        Some((_, doing)) => doing(world, call),
        None => Err(Refusal::new("InvalidAction", call.operation.clone())),
    }
}

/// The buckets whose content a call reads or writes, and not only their names.
fn content_of(call: &Call) -> Vec<&str> {
    fn bucket(path: &str) -> Option<&str> {
        path.strip_prefix("s3://").and_then(|rest| rest.split('/').next())
    }
    match call.operation.as_str() {
        "GetObject" | "PutObject" => vec![bucket_name(call)],
        "CopyObject" => {
            let source =
                call.text("CopySource").and_then(|path| path.trim_start_matches('/').split('/').next());
            source.into_iter().chain([bucket_name(call)]).collect()
        }
        "Copy" | "Move" | "Sync" => {
            ["Source", "Destination"].iter().filter_map(|name| call.text(name)).filter_map(bucket).collect()
        }
        _ => Vec::new(),
    }
}

/// The permissions that a call needs, each with what it is for. What `aws s3` does with trees takes several.
pub(super) fn needs(call: &Call) -> Vec<(String, String)> {
    let action = call.known().map(|operation| operation.action).unwrap_or_default();
    match transfer::needs(call) {
        Some(needs) => needs.into_iter().map(|(action, place)| (action.to_owned(), place)).collect(),
        None if call.operation == "DeleteObject" && call.text("VersionId").is_some() => {
            vec![("s3:DeleteObjectVersion".to_owned(), call.target.clone())]
        }
        None if call.operation == "DeleteObjects" => {
            vec![(action.to_owned(), format!("{}/*", call.target))]
        }
        None => vec![(action.to_owned(), call.target.clone())],
    }
}

/// Makes an empty bucket.
pub(crate) fn create_bucket(
    world: &mut World,
    name: &str,
    versioning: bool,
    resource: NewResource,
) -> Result<(), Refusal> {
    if world.objects.buckets.contains_key(name) {
        let text = "Your previous request to create the named bucket succeeded and you already own it.";
        return Err(Refusal::new("BucketAlreadyOwnedByYou", text));
    }
    if !valid(name) {
        return Err(Refusal::new("InvalidBucketName", "The specified bucket is not valid."));
    }
    let uid = world.create(resource);
    if let Some(made) = world.resource_mut(uid).filter(|_| versioning) {
        made.protections.insert("versioning".to_owned());
    }
    let versioning = if versioning { Versioning::Enabled } else { Versioning::Never };
    let bucket = Bucket { uid, created: world.now(), versioning, store: Store::default() };
    world.objects.buckets.insert(name.to_owned(), Arc::new(bucket));
    Ok(())
}

/// Between 3 and 63 letters, digits, dots and hyphens.
fn valid(name: &str) -> bool {
    (3..=63).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c))
}

/// Deletes a bucket; refused (`BucketNotEmpty`) while anything lies in it, old versions included.
pub(crate) fn delete_bucket(world: &mut World, name: &str) -> Result<(), Refusal> {
    let bucket = bucket(world, name)?;
    if !bucket.store.is_empty() {
        let text = match bucket.versioning {
            Versioning::Never => "The bucket you tried to delete is not empty",
            _ => "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
        };
        return Err(Refusal::new("BucketNotEmpty", text));
    }
    let uid = bucket.uid;
    world.objects.buckets.remove(name);
    world.destroy(uid, 0, None);
    Ok(())
}

/// The identity of a bucket that stands.
pub fn uid(world: &World, name: &str) -> Option<Uid> {
    world.objects.buckets.get(name).map(|bucket| bucket.uid)
}

/// The bucket that a call names.
pub(super) fn bucket_name(call: &Call) -> &str {
    call.text("Bucket").unwrap_or_default()
}

pub(super) fn bucket<'w>(world: &'w World, name: &str) -> Result<&'w Bucket, Refusal> {
    let found = world.objects.buckets.get(name).map(Arc::as_ref);
    found.ok_or_else(|| Refusal::new("NoSuchBucket", "The specified bucket does not exist"))
}

pub(super) fn bucket_mut<'w>(world: &'w mut World, name: &str) -> Result<&'w mut Bucket, Refusal> {
    let found = world.objects.buckets.get_mut(name).map(Arc::make_mut);
    found.ok_or_else(|| Refusal::new("NoSuchBucket", "The specified bucket does not exist"))
}

fn create(world: &mut World, call: &Call) -> Answer {
    new_bucket(world, bucket_name(call))?;
    Ok(json!({"Location": format!("/{}", bucket_name(call))}))
}

/// A bucket that a caller makes by hand.
pub(super) fn new_bucket(world: &mut World, name: &str) -> Result<(), Refusal> {
    let resource = NewResource {
        kind: "AWS::S3::Bucket".to_owned(),
        name: name.to_owned(),
        role: format!("bucket/{name}"),
        environment: crate::resource::Environment::Production,
        tags: BTreeMap::new(),
        stateful: true,
        serving: false,
        replaces: None,
    };
    create_bucket(world, name, false, resource)
}

fn list_buckets(world: &mut World, _: &Call) -> Answer {
    let account = &world.stage.account;
    let buckets = world.objects.buckets.iter();
    let buckets = buckets.map(|(name, bucket)| json!({"Name": name, "CreationDate": bucket.created}));
    Ok(json!({
        "Buckets": buckets.collect::<Vec<_>>(),
        "Owner": {"DisplayName": format!("account-{}", account.id), "ID": account.id},
    }))
}

fn head_bucket(world: &mut World, call: &Call) -> Answer {
    match bucket(world, bucket_name(call)) {
        Ok(_) => Ok(json!({"BucketRegion": world.stage.account.region, "AccessPointAlias": false})),
        Err(_) => Err(Refusal::new("404", "Not Found")),
    }
}

fn get_versioning(world: &mut World, call: &Call) -> Answer {
    Ok(match bucket(world, bucket_name(call))?.versioning {
        Versioning::Never => Value::Null,
        Versioning::Enabled => json!({"Status": "Enabled"}),
        Versioning::Suspended => json!({"Status": "Suspended"}),
    })
}

fn put_versioning(world: &mut World, call: &Call) -> Answer {
    let status =
        call.args.get("VersioningConfiguration").and_then(|c| c.get("Status")).and_then(Value::as_str);
    let versioning = match status {
        Some("Enabled") => Versioning::Enabled,
        Some("Suspended") => Versioning::Suspended,
        _ => {
            let text = "The versioning configuration needs the status Enabled or Suspended";
            return Err(Refusal::new("IllegalVersioningConfigurationException", text));
        }
    };
    let bucket = bucket_mut(world, bucket_name(call))?;
    bucket.versioning = versioning;
    let uid = bucket.uid;
    world.protect(uid, "versioning", versioning == Versioning::Enabled);
    Ok(Value::Null)
}

fn get_tagging(world: &mut World, call: &Call) -> Answer {
    let uid = bucket(world, bucket_name(call))?.uid;
    match world.resource(uid).map(|resource| &resource.tags) {
        Some(tags) if !tags.is_empty() => Ok(json!({"TagSet": super::trail::tag_list(tags)})),
        _ => Err(Refusal::new("NoSuchTagSet", "The TagSet does not exist")),
    }
}

fn get_location(world: &mut World, call: &Call) -> Answer {
    bucket(world, bucket_name(call))?;
    Ok(json!({"LocationConstraint": world.stage.account.region}))
}

fn get_encryption(world: &mut World, call: &Call) -> Answer {
    let name = bucket_name(call);
    bucket(world, name)?;
    let by_default = match keys::of_bucket(world, name) {
        Some(key) => json!({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}),
        None => json!({"SSEAlgorithm": "AES256"}),
    };
    let rule = json!({"ApplyServerSideEncryptionByDefault": by_default, "BucketKeyEnabled": false});
    Ok(json!({"ServerSideEncryptionConfiguration": {"Rules": [rule]}}))
}
