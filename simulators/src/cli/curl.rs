//! `curl`: requests to the simulated APIs, and how it prints what comes back.

use serde_json::{Map, Value, json};

use super::elastic::{self, Asked};
use super::options::{Given, Misuse, read};
use super::shell::answer;
use super::{Parsed, Render, Reply, tram};
use crate::World;
use crate::call::{Answer, Call, Service};
use crate::service::http::Address;
use crate::service::platform;
use crate::world::fault_words::TIMED_OUT;

/// How `curl` prints an answer.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Output {
    headers: bool,
    fail: bool,
    quiet_errors: bool,
    discard: bool,
    write: Option<String>,
    /// The answer is GraphQL's, and stands under this name.
    graph: Option<String>,
}

impl Output {
    pub(super) fn reply(&self, answer: &Answer) -> Reply {
        let refused;
        let value = match answer {
            Ok(value) => value,
            Err(refusal) if self.graph.is_some() && refusal.code != TIMED_OUT => {
                refused =
                    json!({"errors": [{"message": refusal.message, "path": [self.graph]}], "data": null})
                        .to_string()
                        .into();
                &refused
            }
            // The service words it as curl does, with the exit code in front: `(6) Could not resolve host: …`.
            Err(refusal) => {
                let digits: String = refusal.message.chars().filter(char::is_ascii_digit).take(1).collect();
                let code = digits.parse().ok().filter(|_| refusal.message.starts_with('(')).unwrap_or(7);
                let text =
                    if self.quiet_errors { String::new() } else { format!("curl: {}\n", refusal.message) };
                return Reply::failed(code, text);
            }
        };
        let status = value.get("status").and_then(Value::as_u64).unwrap_or(200);
        let body = value.get("text").or(Some(value)).and_then(Value::as_str).unwrap_or_default();
        let written = self.write.as_deref().unwrap_or_default();
        let written = written
            .replace("%{http_code}", &status.to_string())
            .replace("%{response_code}", &status.to_string());
        let written = written.replace("\\n", "\n");
        if self.fail && status >= 400 {
            let text = format!("curl: (22) The requested URL returned error: {status}\n");
            return Reply {
                stdout: written,
                stderr: if self.quiet_errors { String::new() } else { text },
                code: 22,
            };
        }
        let mut out = String::new();
        if self.headers {
            out = format!(
                "HTTP/2 {status} \ncontent-type: application/json\ncontent-length: {}\n\n",
                body.len()
            );
        }
        if !self.discard {
            out.push_str(body);
        }
        Reply::ok(out + &written)
    }
}

pub(super) fn parse(world: &World, words: &[String]) -> Parsed {
    let table = "s:silent S:show-error i:include f:fail o:output! w:write-out! L:location=_ k:insecure=_ m:max-time=_! \
                 connect-timeout=_! H:header+ G:get g:globoff=_ compressed=_ retry=_! url! A:user-agent=_! v:verbose=_ X:request! \
                 d:data! data-raw=data! data-binary=data! json=data! I:head ~F:form! ~T:upload-file! ~u:user! ~x:proxy! ~O:remote-name ~data-urlencode!";
    let mut given = match read(words, table) {
        Ok(given) => given,
        Err(Misuse::Unsimulated(option)) => {
            return answer(Reply::failed(2, format!("curl: {option} is not simulated here\n")), true);
        }
        Err(Misuse::Unknown(option)) => {
            let text =
                format!("curl: option {option}: is unknown\ncurl: try 'curl --help' for more information\n");
            return answer(Reply::failed(2, text), false);
        }
        Err(Misuse::NeedsValue(option)) => {
            return answer(Reply::failed(2, format!("curl: option {option}: requires parameter\n")), false);
        }
    };
    let method = match given.text("request") {
        Some(method) => method.to_uppercase(),
        None if given.has("head") => "HEAD".to_owned(),
        None if given.has("data") && !given.has("get") => "POST".to_owned(),
        None => "GET".to_owned(),
    };
    let output = given.text("output").unwrap_or("/dev/stdout").to_owned();
    if !["/dev/null", "/dev/stdout", "-"].contains(&output.as_str()) {
        return answer(Reply::failed(23, "curl: writing into a file is not simulated here\n"), true);
    }
    let url = given.text("url").map(str::to_owned).or_else(|| given.args.pop());
    let Some(url) = url else {
        return answer(Reply::failed(2, "curl: (2) no URL specified\n"), false);
    };
    let output = Output {
        headers: given.has("include") || given.has("head"),
        fail: given.has("fail"),
        quiet_errors: given.has("silent") && !given.has("show-error"),
        discard: output == "/dev/null" || given.has("head"),
        write: given.text("write-out").map(str::to_owned),
        graph: None,
    };
    if Address::of(&url).host == platform::HOST && world.stage().platform.is_some() {
        return graph(world, &given, output);
    }
    match elastic::request(world, &method, &url, given.text("data")) {
        Some(Asked::Call(call)) => return Parsed::Call(call, Render::Curl(output)),
        Some(Asked::Beyond(what)) => {
            let text = format!("curl: {what} is not simulated here\n");
            return answer(Reply::failed(2, text), true);
        }
        None => {}
    }
    if method != "GET" {
        return answer(Reply::failed(2, "curl: only GET is simulated here\n"), true);
    }
    let mut args = Map::new();
    args.insert("url".to_owned(), url.clone().into());
    Parsed::Call(Call::new(Service::Functions, "Request", &url, args), Render::Curl(output))
}

/// A request to the API of the platform.
fn graph(world: &World, given: &Given, output: Output) -> Parsed {
    match tram::request(world, &given.texts("header"), given.text("data")) {
        Ok((call, key)) => Parsed::Call(call, Render::Curl(Output { graph: Some(key), ..output })),
        Err(parsed) => *parsed,
    }
}
