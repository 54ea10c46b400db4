//! How each tool words that a service is busy, broken or gone, in our own words with the facts of the real ones.

use crate::call::{Call, Refusal, Service};
use crate::stage::Account;

/// The code of a refusal that no service sent: the tool gave up waiting.
pub(crate) const TIMED_OUT: &str = "ReadTimeout";

/// How a call is answered that the service did not answer as it should.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outage {
    Throttled,
    Failed,
    TimedOut,
}

/// Which tool words it.
enum Tool {
    Aws,
    Psql,
    Git,
    Gh,
    Chat,
    Curl,
    Dig,
    Kafka,
    Redis,
    Kubectl,
    Docker,
    Gam,
    Ssh,
    Tram,
}

fn tool(call: &Call) -> Tool {
    match (call.service, call.operation.as_str()) {
        (Service::Databases, "Query" | "DescribeDatabase") | (Service::Migrations, _) => Tool::Psql,
        (Service::Dns, "Resolve") => Tool::Dig,
        (Service::Brokers, _) => Tool::Kafka,
        (Service::Caches, _) => Tool::Redis,
        (Service::Cluster, _) => Tool::Kubectl,
        (Service::Docker, _) => Tool::Docker,
        (Service::Hosts, _) => Tool::Ssh,
        (Service::Mailboxes, _) => Tool::Gam,
        (Service::Platform, _) => Tool::Tram,
        (Service::Functions, "Request") | (Service::Indices, _) => Tool::Curl,
        (Service::Workspace, _) => Tool::Git,
        (Service::Forge, _) => Tool::Gh,
        (Service::People, _) => Tool::Chat,
        _ => Tool::Aws,
    }
}

/// The refusal that the call's tool prints.
pub(crate) fn refusal(call: &Call, outage: Outage, account: &Account) -> Refusal {
    use Outage::{Failed, Throttled, TimedOut};
    let (code, message) = match (tool(call), outage) {
        (Tool::Aws, _) => return aws(call, outage, account),
        (Tool::Psql, Throttled) => {
            ("53300", "connection to server failed: FATAL:  sorry, too many clients already")
        }
        (Tool::Psql, Failed) => (
            "57P03",
            "connection to server failed: FATAL:  the database system is not yet accepting connections",
        ),
        (Tool::Psql, TimedOut) => (
            TIMED_OUT,
            "server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally\n\t\
             before or while processing the request.\nconnection to server was lost",
        ),
        (Tool::Git, Throttled) => {
            ("fatal", "unable to access the remote: The requested URL returned error: 429")
        }
        (Tool::Git, Failed) => {
            ("fatal", "unable to access the remote: The requested URL returned error: 503")
        }
        (Tool::Git, TimedOut) => ("fatal", "the remote end hung up unexpectedly"),
        (Tool::Gh, Throttled) => {
            ("HTTP 403", "HTTP 403: API rate limit exceeded for this user. Wait a while and try again.")
        }
        (Tool::Gh, Failed) => ("HTTP 502", "HTTP 502: Bad Gateway"),
        (Tool::Gh, TimedOut) => {
            (TIMED_OUT, "net/http: request canceled (Client.Timeout exceeded while awaiting headers)")
        }
        (Tool::Chat, Throttled) => ("ratelimited", "too many messages, try again in a minute"),
        (Tool::Chat, Failed) => ("internal_error", "the server could not take the request (internal_error)"),
        (Tool::Chat, TimedOut) => (TIMED_OUT, "no answer from the server within 30 seconds"),
        (other, outage) => of_servers(&other, outage),
    };
    Refusal::new(code, message)
}

/// The same for tools that speak to one server, and for `curl`.
fn of_servers(tool: &Tool, outage: Outage) -> (&'static str, &'static str) {
    use Outage::{Failed, Throttled, TimedOut};
    match (tool, outage) {
        (Tool::Kafka, Throttled) => {
            ("ThrottlingQuotaExceededException", "The throttling quota has been exceeded.")
        }
        (Tool::Kafka, Failed) => ("BrokerNotAvailableException", "The broker is not available."),
        (Tool::Kafka, TimedOut) => (
            TIMED_OUT,
            "org.apache.kafka.common.errors.TimeoutException: Timed out waiting for a node assignment.",
        ),
        (Tool::Gam, Throttled) => ("429", "rateLimitExceeded: Quota exceeded for quota metric Queries"),
        (Tool::Gam, Failed) => ("503", "backendError: Service unavailable. Please try again"),
        (Tool::Gam, TimedOut) => (TIMED_OUT, "Timeout: The read operation timed out"),
        (Tool::Ssh, Throttled) => ("255", "kex_exchange_identification: Connection closed by remote host"),
        (Tool::Ssh, Failed) => ("255", "connect to host port 22: Connection refused"),
        (Tool::Ssh, TimedOut) => (TIMED_OUT, "connect to host port 22: Connection timed out"),
        (Tool::Tram, Throttled) => ("RateLimited", "You are being ratelimited. Please try again later"),
        (Tool::Tram, Failed) => ("InternalServerError", "Problem processing request"),
        (Tool::Tram, TimedOut) => {
            (TIMED_OUT, "(28) Operation timed out after 30000 milliseconds with 0 bytes received")
        }
        (Tool::Redis, Throttled) => ("ERR", "max number of clients reached"),
        (Tool::Redis, Failed) => ("LOADING", "Redis is loading the dataset in memory"),
        (Tool::Redis, TimedOut) => (TIMED_OUT, "Error: Connection timed out"),
        (Tool::Kubectl, Throttled) => (
            "TooManyRequests",
            "Error from server (TooManyRequests): the server has received too many requests and has asked us to try again later",
        ),
        (Tool::Kubectl, Failed) => (
            "InternalError",
            "Error from server (InternalError): an error on the server has prevented the request from succeeding",
        ),
        (Tool::Kubectl, TimedOut) => (
            TIMED_OUT,
            "Unable to connect to the server: net/http: request canceled (Client.Timeout exceeded while awaiting headers)",
        ),
        (Tool::Docker, Throttled) => ("toomanyrequests", "toomanyrequests: you have reached your rate limit"),
        (Tool::Docker, Failed) => ("Internal", "Error response from daemon: Internal Server Error"),
        (Tool::Docker, TimedOut) => {
            (TIMED_OUT, "context deadline exceeded while waiting for the Docker daemon")
        }
        (Tool::Dig, Throttled | Failed) => {
            ("SERVFAIL", "communications error to 10.0.0.2#53: connection refused")
        }
        (Tool::Dig, TimedOut) => (TIMED_OUT, "communications error to 10.0.0.2#53: timed out"),
        (_, Throttled) => ("429", "(22) The requested URL returned error: 429"),
        (_, Failed) => ("503", "(22) The requested URL returned error: 503"),
        (_, TimedOut) => {
            (TIMED_OUT, "(28) Operation timed out after 30000 milliseconds with 0 bytes received")
        }
    }
}

fn aws(call: &Call, outage: Outage, account: &Account) -> Refusal {
    match (outage, call.service) {
        (Outage::Throttled, Service::Objects) => Refusal::new("SlowDown", "Please reduce your request rate."),
        (Outage::Throttled, Service::Functions) => Refusal::new("TooManyRequestsException", "Rate exceeded"),
        (Outage::Throttled, Service::Observability) => Refusal::new("ThrottlingException", "Rate exceeded"),
        (Outage::Throttled, _) => Refusal::new("Throttling", "Rate exceeded"),
        (Outage::Failed, Service::Objects) => {
            Refusal::new("InternalError", "We encountered an internal error. Please try again.")
        }
        (Outage::Failed, Service::Functions) => {
            Refusal::new("ServiceException", "The service encountered an internal error.")
        }
        (Outage::Failed, _) => Refusal::new(
            "InternalFailure",
            "The request failed because of an unknown error, exception or failure.",
        ),
        (Outage::TimedOut, service) => {
            let host = match service {
                Service::Stacks => "cloudformation",
                Service::Databases => "rds",
                Service::Objects => "s3",
                Service::Identity => "iam",
                Service::Observability => "monitoring",
                Service::Functions => "lambda",
                _ => "api",
            };
            let end = if account.partition == "aws-cn" { ".cn" } else { "" };
            let url = format!("https://{host}.{}.amazonaws.com{end}/", account.region);
            Refusal::new(TIMED_OUT, format!("Read timeout on endpoint URL: \"{url}\""))
        }
    }
}
