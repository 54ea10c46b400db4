//! What became of a call, as the service's protocol says it.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value, json};
use simulators::call::Refusal;
use simulators::clock::Time;

use super::request::{Request, Speaks};
use super::xml::{self, Lists};

/// The namespace of a service's XML.
fn namespace(service: &str) -> &'static str {
    match service {
        "cloudformation" => "http://cloudformation.amazonaws.com/doc/2010-05-15/",
        "iam" => "https://iam.amazonaws.com/doc/2010-05-08/",
        "monitoring" => "http://monitoring.amazonaws.com/doc/2010-08-01/",
        "rds" => "http://rds.amazonaws.com/doc/2014-10-31/",
        "sts" => "https://sts.amazonaws.com/doc/2011-06-15/",
        _ => "http://s3.amazonaws.com/doc/2006-03-01/",
    }
}

/// Services whose answers in JSON hold moments as seconds since 1970.
const IN_SECONDS: &[&str] = &["apigateway", "cloudtrail", "monitoring"];

/// The root of an answer of S3, of operations that answer in XML.
const ROOTS: &[(&str, &str)] = &[
    ("ListBuckets", "ListAllMyBucketsResult"),
    ("GetBucketVersioning", "VersioningConfiguration"),
    ("GetBucketTagging", "Tagging"),
    ("ListObjectsV2", "ListBucketResult"),
    ("ListObjectVersions", "ListVersionsResult"),
    ("CopyObject", "CopyObjectResult"),
    ("DeleteObjects", "DeleteResult"),
];

/// The header of a fact of an object.
const FACTS: &[(&str, &str)] = &[
    ("AcceptRanges", "accept-ranges"),
    ("BucketRegion", "x-amz-bucket-region"),
    ("ContentType", "content-type"),
    ("DeleteMarker", "x-amz-delete-marker"),
    ("ETag", "etag"),
    ("LastModified", "last-modified"),
    ("Location", "location"),
    ("VersionId", "x-amz-version-id"),
    ("ExecutedVersion", "x-amz-executed-version"),
    ("FunctionError", "x-amz-function-error"),
];

/// An answer on its way.
struct Sent {
    status: StatusCode,
    kind: &'static str,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Sent {
    fn xml(status: StatusCode, body: String) -> Self {
        let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}");
        Self { status, kind: "text/xml", headers: Vec::new(), body }
    }

    fn json(status: StatusCode, value: &Value) -> Self {
        Self { status, kind: "application/json", headers: Vec::new(), body: value.to_string() }
    }

    /// As HTTP, with the id of the request.
    fn response(self, request: &Request, id: &str) -> Response {
        let mut response = Response::new(if request.is_head { Body::empty() } else { Body::from(self.body) });
        *response.status_mut() = self.status;
        let named = [("x-amzn-requestid", id.to_owned()), ("x-amz-request-id", id.to_owned())];
        let headers = response.headers_mut();
        if self.status != StatusCode::NO_CONTENT {
            headers.insert("content-type", HeaderValue::from_static(self.kind));
        }
        for (name, value) in named.into_iter().chain(self.headers) {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
        response
    }
}

/// The service's answer.
pub fn answered(request: &Request, value: &Value, id: &str) -> Response {
    let sent = match request.speaks {
        Speaks::Query => query(request, value, id),
        Speaks::Json => Sent::json(StatusCode::OK, &plain(request, value)),
        Speaks::RestJson => rest_json(request, value),
        Speaks::RestXml => s3(request, value),
    };
    sent.response(request, id)
}

/// The service's refusal.
pub fn refused(request: &Request, refusal: &Refusal, id: &str) -> Response {
    let Refusal { code, message } = refusal;
    let status = status_of(code);
    let sent = match request.speaks {
        Speaks::Query | Speaks::RestXml => {
            let mut error = String::new();
            let place = json!({"Code": code, "Message": message});
            xml::write(&place, Lists::Member, &mut error);
            let xmlns = namespace(&request.service);
            Sent::xml(
                status,
                match request.speaks {
                    Speaks::RestXml => format!("<Error>{error}<RequestId>{id}</RequestId></Error>"),
                    _ => format!(
                        "<ErrorResponse xmlns=\"{xmlns}\"><Error><Type>Sender</Type>{error}</Error><RequestId>{id}</RequestId></ErrorResponse>"
                    ),
                },
            )
        }
        Speaks::Json | Speaks::RestJson => {
            let told = Sent::json(status, &json!({"__type": code, "message": message}));
            Sent { headers: vec![("x-amzn-errortype", code.clone())], ..told }
        }
    };
    sent.response(request, id)
}

/// The refusal of what the gate denied: the services' own word for it.
pub fn denial(request: &Request, text: String) -> Refusal {
    match request.speaks {
        Speaks::Query | Speaks::RestXml => Refusal::new("AccessDenied", text),
        Speaks::Json | Speaks::RestJson => Refusal::new("AccessDeniedException", text),
    }
}

/// Clients go by the code in the body; the status decides whether they try again.
fn status_of(code: &str) -> StatusCode {
    match code {
        "404" => StatusCode::NOT_FOUND,
        "403" => StatusCode::FORBIDDEN,
        "ReadTimeout" => StatusCode::GATEWAY_TIMEOUT,
        "ServiceUnavailable" | "ServiceUnavailableException" | "SlowDown" => StatusCode::SERVICE_UNAVAILABLE,
        "InternalError" | "InternalFailure" => StatusCode::INTERNAL_SERVER_ERROR,
        "NotImplemented" => StatusCode::NOT_IMPLEMENTED,
        "TooManyRequestsException" => StatusCode::TOO_MANY_REQUESTS,
        "BucketNotEmpty" | "BucketAlreadyExists" | "BucketAlreadyOwnedByYou" => StatusCode::CONFLICT,
        code if code.starts_with("AccessDenied") || code.contains("Token") => StatusCode::FORBIDDEN,
        code if code.starts_with("NoSuch") || code.contains("NotFound") => StatusCode::NOT_FOUND,
        _ => StatusCode::BAD_REQUEST,
    }
}

fn query(request: &Request, value: &Value, id: &str) -> Sent {
    let lists = if request.service == "rds" { Lists::Named } else { Lists::Member };
    let mut result = String::new();
    xml::write(value, lists, &mut result);
    let (name, xmlns) = (&request.operation, namespace(&request.service));
    Sent::xml(
        StatusCode::OK,
        format!(
            "<{name}Response xmlns=\"{xmlns}\"><{name}Result>{result}</{name}Result>\
             <ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{name}Response>"
        ),
    )
}

/// An answer in JSON, with its moments as the service has them.
fn plain(request: &Request, value: &Value) -> Value {
    if value.is_null() {
        return json!({});
    }
    if IN_SECONDS.contains(&request.service.as_str()) { in_seconds(value) } else { value.clone() }
}

fn in_seconds(value: &Value) -> Value {
    match value {
        Value::String(text) if text.len() == 20 && text.ends_with('Z') => {
            Time::parse(text).map_or_else(|| value.clone(), |time| json!(time.unix()))
        }
        Value::Array(items) => items.iter().map(in_seconds).collect(),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), in_seconds(value))).collect())
        }
        other => other.clone(),
    }
}

fn rest_json(request: &Request, value: &Value) -> Sent {
    match request.operation.as_str() {
        "Invoke" => {
            let status =
                value.get("StatusCode").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
            let status = status.and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or(StatusCode::OK);
            let payload = value.get("Payload");
            let body =
                payload.map(|payload| payload.as_str().map_or_else(|| payload.to_string(), str::to_owned));
            let sent = Sent::json(status, &Value::Null);
            Sent { headers: facts(value), body: body.unwrap_or_default(), ..sent }
        }
        "DeleteFunction" => Sent { body: String::new(), ..Sent::json(StatusCode::NO_CONTENT, &Value::Null) },
        "DeleteRestApi" => Sent { body: String::new(), ..Sent::json(StatusCode::ACCEPTED, &Value::Null) },
        // Lists of this service stand under `item` on the wire.
        "GetRestApis" => {
            let items = value.get("items").cloned().unwrap_or_default();
            Sent::json(StatusCode::OK, &plain(request, &json!({"item": items})))
        }
        _ => Sent::json(StatusCode::OK, &plain(request, value)),
    }
}

fn s3(request: &Request, value: &Value) -> Sent {
    let operation = request.operation.as_str();
    if operation == "GetBucketLocation" {
        let place = value.get("LocationConstraint").and_then(Value::as_str).unwrap_or_default();
        let xmlns = namespace("s3");
        let root = format!("<LocationConstraint xmlns=\"{xmlns}\">{place}</LocationConstraint>");
        return Sent::xml(StatusCode::OK, root);
    }
    let Some((_, root)) = ROOTS.iter().find(|(name, _)| *name == operation) else {
        let status = if operation.starts_with("Delete") { StatusCode::NO_CONTENT } else { StatusCode::OK };
        let body = value.get("Body").and_then(Value::as_str).unwrap_or_default().to_owned();
        return Sent { body, headers: facts(value), ..Sent::xml(status, String::new()) };
    };
    let inner = value.get("CopyObjectResult").unwrap_or(value);
    let mut members = inner.as_object().cloned().unwrap_or_default();
    if let "ListObjectsV2" | "ListObjectVersions" = operation {
        about_listing(request, &mut members);
    }
    let mut body = String::new();
    xml::write(&Value::Object(members), Lists::Flat, &mut body);
    Sent::xml(StatusCode::OK, format!("<{root} xmlns=\"{}\">{body}</{root}>", namespace("s3")))
}

/// What a listing says of itself, which the tool does not show.
fn about_listing(request: &Request, members: &mut Map<String, Value>) {
    members.remove("RequestCharged");
    members.insert("Name".to_owned(), request.args.get("Bucket").cloned().unwrap_or_default());
    members.insert("IsTruncated".to_owned(), Value::Bool(false));
    let listed = members.get("Contents").and_then(Value::as_array).map_or(0, Vec::len);
    members.insert("KeyCount".to_owned(), json!(listed));
    members.insert("MaxKeys".to_owned(), json!(1000));
}

/// Facts of an answer that travel in headers.
fn facts(value: &Value) -> Vec<(&'static str, String)> {
    let header = |(name, header): &(&str, &'static str)| {
        let fact = value.get(name)?;
        let text = fact.as_str().map_or_else(|| fact.to_string(), str::to_owned);
        Some((*header, if *header == "last-modified" { http_date(&text).unwrap_or(text) } else { text }))
    };
    let mut facts: Vec<(&'static str, String)> = FACTS.iter().filter_map(header).collect();
    if let Some(length) = value.get("ContentLength").filter(|_| value.get("Body").is_none()) {
        facts.push(("content-length", length.to_string()));
    }
    facts
}

fn http_date(text: &str) -> Option<String> {
    let seconds = u64::try_from(Time::parse(text)?.unix()).ok()?;
    let moment = std::time::SystemTime::UNIX_EPOCH.checked_add(std::time::Duration::from_secs(seconds))?;
    Some(httpdate::fmt_http_date(moment))
}
