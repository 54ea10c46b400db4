//! Which operation a request asks for, and with which arguments.

use axum::http::{HeaderMap, Method, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::form;
use super::routes;

/// How a service is spoken to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Speaks {
    /// A form in, XML out.
    Query,
    /// JSON both ways, the operation in a header.
    Json,
    /// JSON both ways, the operation in method and path.
    RestJson,
    /// XML both ways, the operation in method and path.
    RestXml,
}

/// A request, understood as far as its protocol goes.
#[derive(Clone, PartialEq, Debug)]
pub struct Request {
    /// The service, as the signature names it.
    pub service: String,
    /// Whose key it is signed with.
    pub key: String,
    /// How it speaks.
    pub speaks: Speaks,
    /// The operation. Where method and path are none that are known, a name made of them.
    pub operation: String,
    /// The arguments, by the API's names.
    pub args: Map<String, Value>,
    /// An answer to it has no body.
    pub is_head: bool,
}

/// What is wrong with a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wrong {
    /// It is not signed.
    Unsigned,
    /// Its body is not what its protocol has.
    Malformed,
}

/// What came over the wire.
#[derive(Clone, Copy, Debug)]
pub struct Wire<'a> {
    /// The method.
    pub method: &'a Method,
    /// Path and query.
    pub uri: &'a Uri,
    /// Headers.
    pub headers: &'a HeaderMap,
    /// The body.
    pub body: &'a [u8],
}

impl Wire<'_> {
    /// A header's text, or nothing.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as text. Bytes that are none are replaced: objects and documents here are texts.
    fn text(&self) -> String {
        let is_chunked = self.header("x-amz-content-sha256").is_some_and(|sum| sum.starts_with("STREAMING-"));
        let whole = is_chunked.then(|| unchunked(self.body)).flatten();
        String::from_utf8_lossy(whole.as_deref().unwrap_or(self.body)).into_owned()
    }
}

/// Reads a request.
///
/// # Errors
/// It is not signed, or its body is not what its protocol has.
pub fn read(wire: &Wire<'_>) -> Result<Request, Wrong> {
    let query = form::pairs(wire.uri.query().unwrap_or_default());
    let (key, service) = signed(wire, &query).ok_or(Wrong::Unsigned)?;
    let request = |speaks, operation: String, args| {
        Ok(Request {
            service: service.clone(),
            key: key.clone(),
            speaks,
            operation,
            args,
            is_head: wire.method == Method::HEAD,
        })
    };
    if let Some(target) = wire.header("x-amz-target") {
        let operation = target.rsplit('.').next().unwrap_or(target).to_owned();
        return request(Speaks::Json, operation, object(&wire.text())?);
    }
    if let "s3" | "lambda" | "apigateway" = service.as_str() {
        let speaks = if service == "s3" { Speaks::RestXml } else { Speaks::RestJson };
        let (operation, args) = rest(&service, wire, &query)?;
        return request(speaks, operation, args);
    }
    let is_form =
        wire.header("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let mut pairs = query;
    if is_form {
        pairs.extend(form::pairs(&wire.text()));
    }
    match pairs.iter().find(|(name, _)| name == "Action").map(|(_, value)| value.clone()) {
        Some(operation) => {
            let given = pairs.into_iter().filter(|(name, _)| !matches!(name.as_str(), "Action" | "Version"));
            let given = given.filter(|(name, _)| !name.starts_with("X-Amz-"));
            request(Speaks::Query, operation, form::arguments(given).ok_or(Wrong::Malformed)?)
        }
        None => request(Speaks::RestJson, routes::unknown(wire.method, wire.uri.path()), Map::new()),
    }
}

/// Key and service out of the signature, which is not checked: who holds the key is who was given it.
fn signed(wire: &Wire<'_>, query: &[(String, String)]) -> Option<(String, String)> {
    let header = || wire.header("authorization")?.split_once("Credential=").map(|(_, rest)| rest.to_owned());
    let presigned =
        || query.iter().find(|(name, _)| name == "X-Amz-Credential").map(|(_, value)| value.clone());
    let credential = header().or_else(presigned)?;
    let scope: Vec<&str> = credential.split(',').next()?.trim().split('/').collect();
    match scope.as_slice() {
        [key, _day, _region, service, "aws4_request"] => Some(((*key).to_owned(), (*service).to_owned())),
        _ => None,
    }
}

fn object(text: &str) -> Result<Map<String, Value>, Wrong> {
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_str(text).map_err(|_| Wrong::Malformed)
}

/// Operation and arguments of a request whose method and path say what it is.
fn rest(
    service: &str,
    wire: &Wire<'_>,
    query: &[(String, String)],
) -> Result<(String, Map<String, Value>), Wrong> {
    let path = wire.uri.path();
    let Some((route, mut args)) = routes::route(service, wire.method, path, query, wire.headers) else {
        return Ok((routes::unknown_of(service, wire.method, path, query), Map::new()));
    };
    for (name, argument) in route.query {
        if let Some((_, value)) = query.iter().find(|(given, _)| given == name) {
            args.insert((*argument).to_owned(), json!(value));
        }
    }
    for (name, argument) in route.headers {
        if let Some(value) = wire.header(name) {
            args.insert((*argument).to_owned(), json!(value));
        }
    }
    match route.body {
        routes::Body::None => {}
        routes::Body::Members => args.extend(object(&wire.text())?),
        routes::Body::Text(argument) => drop(args.insert(argument.to_owned(), json!(wire.text()))),
        routes::Body::Blob(argument) if wire.body.is_empty() => drop(args.remove(argument)),
        routes::Body::Blob(argument) => {
            drop(args.insert(argument.to_owned(), json!(STANDARD.encode(wire.body))))
        }
        routes::Body::Xml(argument) => {
            let text = wire.text();
            if !text.trim().is_empty() {
                let value = super::xml::read(&text).ok_or(Wrong::Malformed)?;
                args.insert(argument.to_owned(), routes::shaped(argument, value));
            }
        }
    }
    Ok((route.operation.to_owned(), args))
}

/// The content of a body that is sent in signed chunks: `length;chunk-signature=…`, the bytes, and so on to one of length 0.
fn unchunked(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let end = body.windows(2).position(|two| two == b"\r\n")?;
        let head = std::str::from_utf8(body.get(..end)?).ok()?;
        let length = usize::from_str_radix(head.split(';').next()?, 16).ok()?;
        if length == 0 {
            return Some(whole);
        }
        let from = end.checked_add(2)?;
        let to = from.checked_add(length)?;
        whole.extend_from_slice(body.get(from..to)?);
        body = body.get(to.checked_add(2)?..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(
        method: Method,
        uri: &str,
        service: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Request, Wrong> {
        let mut all = HeaderMap::new();
        let signed = format!(
            "AWS4-HMAC-SHA256 Credential=AKIA/20251215/cn-north-1/{service}/aws4_request, SignedHeaders=host"
        );
        all.insert("authorization", signed.parse().unwrap());
        for (name, value) in headers {
            all.insert(axum::http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        let uri = uri.parse().unwrap();
        read(&Wire { method: &method, uri: &uri, headers: &all, body: body.as_bytes() })
    }

    #[test]
    fn each_protocol_says_what_it_asks() {
        let form = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
        let target = [("x-amz-target", "Logs_20140328.DeleteLogGroup")];
        let copy = [("x-amz-copy-source", "b/k?versionId=7"), ("x-amz-meta-who", "me")];
        let chunks = [("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")];
        for (method, uri, service, headers, body, operation, args) in [
            (
                Method::POST,
                "/",
                "cloudformation",
                &form[..],
                "Action=DeleteStack&Version=2010-05-15&StackName=a%20b",
                "DeleteStack",
                json!({"StackName": "a b"}),
            ),
            (
                Method::POST,
                "/",
                "logs",
                &target[..],
                r#"{"logGroupName": "g"}"#,
                "DeleteLogGroup",
                json!({"logGroupName": "g"}),
            ),
            (
                Method::DELETE,
                "/2015-03-31/functions/f%3A1?Qualifier=2",
                "lambda",
                &[],
                "",
                "DeleteFunction",
                json!({"FunctionName": "f:1", "Qualifier": "2"}),
            ),
            (
                Method::PUT,
                "/2015-03-31/functions/f/code",
                "lambda",
                &[],
                r#"{"Publish": true}"#,
                "UpdateFunctionCode",
                json!({"FunctionName": "f", "Publish": true}),
            ),
            (
                Method::POST,
                "/2015-03-31/functions/f/invocations",
                "lambda",
                &[],
                "{}",
                "Invoke",
                json!({"FunctionName": "f", "Payload": "e30="}),
            ),
            (Method::GET, "/", "s3", &[], "", "ListBuckets", json!({})),
            (
                Method::GET,
                "/b?list-type=2&prefix=a%2F",
                "s3",
                &[],
                "",
                "ListObjectsV2",
                json!({"Bucket": "b", "Prefix": "a/"}),
            ),
            (Method::GET, "/b/", "s3", &[], "", "ListObjectsV2", json!({"Bucket": "b"})),
            (Method::GET, "/b/?versioning", "s3", &[], "", "GetBucketVersioning", json!({"Bucket": "b"})),
            (
                Method::PUT,
                "/b/a/k%20%2B.csv",
                "s3",
                &[],
                "1,2",
                "PutObject",
                json!({"Bucket": "b", "Key": "a/k +.csv", "Body": "1,2"}),
            ),
            (
                Method::PUT,
                "/b/k",
                "s3",
                &chunks[..],
                "3;chunk-signature=x\r\nabc\r\n0;chunk-signature=y\r\n\r\n",
                "PutObject",
                json!({"Bucket": "b", "Key": "k", "Body": "abc"}),
            ),
            (
                Method::PUT,
                "/b/n",
                "s3",
                &copy[..],
                "",
                "CopyObject",
                json!({"Bucket": "b", "Key": "n", "CopySource": "b/k?versionId=7", "Metadata": {"who": "me"}}),
            ),
            (
                Method::DELETE,
                "/b/k?versionId=3",
                "s3",
                &[],
                "",
                "DeleteObject",
                json!({"Bucket": "b", "Key": "k", "VersionId": "3"}),
            ),
            (
                Method::POST,
                "/b?delete",
                "s3",
                &[],
                "<Delete><Object><Key>k</Key></Object><Quiet>true</Quiet></Delete>",
                "DeleteObjects",
                json!({"Bucket": "b", "Delete": {"Objects": [{"Key": "k"}], "Quiet": "true"}}),
            ),
            (Method::GET, "/b?acl", "s3", &[], "", "GetBucketAcl", json!({})),
            (Method::PUT, "/b/k?uploadId=1&partNumber=2", "s3", &[], "x", "PutObjectPartNumber", json!({})),
        ] {
            let read = asked(method, uri, service, headers, body).unwrap();
            assert_eq!((read.operation.as_str(), Value::Object(read.args)), (operation, args), "{uri}");
        }
    }

    #[test]
    fn what_is_no_request_is_told_apart() {
        let headers = HeaderMap::new();
        let uri = "/".parse().unwrap();
        let bare = Wire { method: &Method::GET, uri: &uri, headers: &headers, body: b"" };
        assert_eq!(read(&bare), Err(Wrong::Unsigned));
        let target = [("x-amz-target", "Logs_20140328.DeleteLogGroup")];
        assert_eq!(asked(Method::POST, "/", "logs", &target, "{"), Err(Wrong::Malformed));
        assert_eq!(asked(Method::POST, "/b?delete", "s3", &[], "<Delete>"), Err(Wrong::Malformed));
    }
}
