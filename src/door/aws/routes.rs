//! Methods and paths of the services that have no other name for an operation, from the published API models.

use axum::http::{HeaderMap, Method};
use serde_json::{Map, Value, json};

use super::form::unescaped;

/// What the body of a request is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Body {
    /// Nothing that counts.
    None,
    /// A JSON object of arguments.
    Members,
    /// The text of one argument.
    Text(&'static str),
    /// The bytes of one argument.
    Blob(&'static str),
    /// One argument in XML.
    Xml(&'static str),
}

/// A name in the query or in the headers, and the argument that it is.
type Names = &'static [(&'static str, &'static str)];

/// One operation by method and path.
#[derive(Debug)]
pub struct Route {
    /// The operation.
    pub operation: &'static str,
    method: &'static str,
    /// Steps of the path. `{Name}` is an argument, `{Name+}` one of all that follows.
    path: &'static str,
    /// A name that has to stand in the query; empty: none has to, and none of [`SUBRESOURCES`] may.
    marked: &'static str,
    /// Arguments in the query.
    pub query: Names,
    /// Arguments in headers.
    pub headers: Names,
    /// The body.
    pub body: Body,
}

const QUALIFIER: Names = &[("Qualifier", "Qualifier")];
const VERSION: Names = &[("versionId", "VersionId")];
const LISTING: Names = &[
    ("delimiter", "Delimiter"),
    ("encoding-type", "EncodingType"),
    ("max-keys", "MaxKeys"),
    ("prefix", "Prefix"),
];
const LISTING_2: Names = &[
    ("delimiter", "Delimiter"),
    ("encoding-type", "EncodingType"),
    ("max-keys", "MaxKeys"),
    ("prefix", "Prefix"),
    ("start-after", "StartAfter"),
    ("marker", "StartAfter"),
];

const fn at(operation: &'static str, method: &'static str, path: &'static str) -> Route {
    Route { operation, method, path, marked: "", query: &[], headers: &[], body: Body::None }
}

const LAMBDA: &[Route] = &[
    at("ListFunctions", "GET", "2015-03-31/functions"),
    Route { query: QUALIFIER, ..at("GetFunction", "GET", "2015-03-31/functions/{FunctionName}") },
    Route {
        query: QUALIFIER,
        ..at("GetFunctionConfiguration", "GET", "2015-03-31/functions/{FunctionName}/configuration")
    },
    Route {
        body: Body::Members,
        ..at("UpdateFunctionCode", "PUT", "2015-03-31/functions/{FunctionName}/code")
    },
    Route {
        body: Body::Members,
        ..at("UpdateFunctionConfiguration", "PUT", "2015-03-31/functions/{FunctionName}/configuration")
    },
    Route {
        query: QUALIFIER,
        headers: &[("x-amz-invocation-type", "InvocationType"), ("x-amz-log-type", "LogType")],
        body: Body::Blob("Payload"),
        ..at("Invoke", "POST", "2015-03-31/functions/{FunctionName}/invocations")
    },
    Route { query: QUALIFIER, ..at("DeleteFunction", "DELETE", "2015-03-31/functions/{FunctionName}") },
];

const APIGATEWAY: &[Route] =
    &[at("GetRestApis", "GET", "restapis"), at("DeleteRestApi", "DELETE", "restapis/{restApiId}")];

const S3: &[Route] = &[
    at("ListBuckets", "GET", ""),
    at("HeadBucket", "HEAD", "{Bucket}"),
    Route { marked: "versioning", ..at("GetBucketVersioning", "GET", "{Bucket}") },
    Route {
        marked: "versioning",
        body: Body::Xml("VersioningConfiguration"),
        ..at("PutBucketVersioning", "PUT", "{Bucket}")
    },
    Route { marked: "tagging", ..at("GetBucketTagging", "GET", "{Bucket}") },
    Route { marked: "location", ..at("GetBucketLocation", "GET", "{Bucket}") },
    Route { marked: "versions", query: LISTING, ..at("ListObjectVersions", "GET", "{Bucket}") },
    Route { query: LISTING_2, ..at("ListObjectsV2", "GET", "{Bucket}") },
    Route { query: VERSION, ..at("HeadObject", "HEAD", "{Bucket}/{Key+}") },
    Route { query: VERSION, ..at("GetObject", "GET", "{Bucket}/{Key+}") },
    Route {
        headers: &[
            ("x-amz-copy-source", "CopySource"),
            ("content-type", "ContentType"),
            ("x-amz-tagging", "Tagging"),
        ],
        ..at("CopyObject", "PUT", "{Bucket}/{Key+}")
    },
    Route {
        headers: &[("content-type", "ContentType"), ("x-amz-tagging", "Tagging")],
        body: Body::Text("Body"),
        ..at("PutObject", "PUT", "{Bucket}/{Key+}")
    },
    Route { query: VERSION, ..at("DeleteObject", "DELETE", "{Bucket}/{Key+}") },
    Route { marked: "delete", body: Body::Xml("Delete"), ..at("DeleteObjects", "POST", "{Bucket}") },
    at("DeleteBucket", "DELETE", "{Bucket}"),
    Route { body: Body::Xml("CreateBucketConfiguration"), ..at("CreateBucket", "PUT", "{Bucket}") },
];

/// Names in the query that make another operation of a request to S3.
const SUBRESOURCES: &[&str] = &[
    "accelerate",
    "acl",
    "analytics",
    "attributes",
    "cors",
    "delete",
    "encryption",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "lifecycle",
    "location",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "partNumber",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "replication",
    "requestPayment",
    "restore",
    "retention",
    "select",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versioning",
    "versions",
    "website",
];

/// The route of a request, with the arguments that stand in its path and in headers of any name.
pub fn route(
    service: &str,
    method: &Method,
    path: &str,
    query: &[(String, String)],
    headers: &HeaderMap,
) -> Option<(&'static Route, Map<String, Value>)> {
    let table = match service {
        "lambda" => LAMBDA,
        "apigateway" => APIGATEWAY,
        _ => S3,
    };
    let has = |name: &str| query.iter().any(|(given, _)| given == name);
    let is_s3 = service == "s3";
    let fits = |route: &&Route| {
        route.method == method.as_str()
            && (route.operation == "CopyObject") <= headers.contains_key("x-amz-copy-source")
            && match route.marked {
                "" => !is_s3 || !SUBRESOURCES.iter().any(|name| has(name)),
                marked => has(marked),
            }
    };
    let (route, mut args) =
        table.iter().filter(fits).find_map(|route| Some((route, along(route.path, path)?)))?;
    let metadata: Map<String, Value> = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().strip_prefix("x-amz-meta-")?, value.to_str().ok()?)))
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    if is_s3 && !metadata.is_empty() {
        args.insert("Metadata".to_owned(), Value::Object(metadata));
    }
    Some((route, args))
}

/// The arguments in a path, if it is one of this shape.
fn along(shape: &str, path: &str) -> Option<Map<String, Value>> {
    let mut args = Map::new();
    let mut rest = path.trim_start_matches('/');
    for step in shape.split('/').filter(|step| !step.is_empty()) {
        if rest.is_empty() {
            return None;
        }
        if let Some(name) = step.strip_prefix('{').and_then(|name| name.strip_suffix("+}")) {
            args.insert(name.to_owned(), json!(unescaped(rest)));
            return Some(args);
        }
        let (given, after) = rest.split_once('/').unwrap_or((rest, ""));
        match step.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) => drop(args.insert(name.to_owned(), json!(unescaped(given)))),
            None if step == given => {}
            None => return None,
        }
        rest = after;
    }
    rest.is_empty().then_some(args)
}

/// What clients send as `<Object>` the API calls `Objects`.
pub fn shaped(argument: &str, value: Value) -> Value {
    match (argument, value) {
        ("Delete", Value::Object(mut members)) => {
            let objects = members.remove("Object").unwrap_or(Value::Array(Vec::new()));
            let objects = if objects.is_array() { objects } else { Value::Array(vec![objects]) };
            let mut shaped = Map::new();
            shaped.insert("Objects".to_owned(), objects);
            shaped.extend(members.remove("Quiet").map(|quiet| ("Quiet".to_owned(), quiet)));
            Value::Object(shaped)
        }
        (_, value @ Value::Object(_)) => value,
        _ => Value::Object(Map::new()),
    }
}

/// A name for a request to a service that nothing is known of.
pub fn unknown(method: &Method, path: &str) -> String {
    format!("{method} {}", path.chars().take(200).collect::<String>())
}

/// A name for a request that has no route: of S3's, what its API would call it.
pub fn unknown_of(service: &str, method: &Method, path: &str, query: &[(String, String)]) -> String {
    let marked = SUBRESOURCES.iter().find(|name| query.iter().any(|(given, _)| given == *name));
    let Some(marked) = marked.filter(|_| service == "s3") else { return unknown(method, path) };
    let verb = match method.as_str() {
        "GET" | "HEAD" => "Get",
        "DELETE" => "Delete",
        _ => "Put",
    };
    let steps = path.split('/').filter(|step| !step.is_empty()).count();
    let what = if steps > 1 { "Object" } else { "Bucket" };
    let mut letters = marked.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase()).into_iter();
    format!("{verb}{what}{}", first.chain(letters).collect::<String>())
}
