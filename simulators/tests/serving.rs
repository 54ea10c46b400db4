//! Functions behind an API, and the consumers that poll it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may fail by panicking")]

mod stand;

use serde_json::{Value, json};
use simulators::World;
use simulators::call::{Answer, Service};
use simulators::dependents::{counts, counts_of, experience, failing_since};
use simulators::effect::Change;
use simulators::engine::Request;
use simulators::service::functions;
use stand::{API, DATABASE, FUNCTION, apply, effects, time, wait, world, world_of};

fn ask(world: &mut World, url: &str) -> Answer {
    apply(world, Service::Functions, "Request", "", json!({"url": url}))
}

fn lambda(world: &mut World, operation: &str, args: Value) -> Answer {
    apply(world, Service::Functions, operation, FUNCTION, args)
}

#[test]
fn a_request_goes_through_api_function_and_database() {
    let mut world = world();
    let base = format!("https://{API}.execute-api.cn-north-1.amazonaws.com.cn");
    let answer = ask(&mut world, &format!("{base}/prod/report?account=a%31&x=+")).unwrap();
    assert_eq!(answer["status"], 200);
    let body: Value = serde_json::from_str(answer["text"].as_str().unwrap()).unwrap();
    let lines = json!([{"id": 1, "amount": 10}, {"id": 2, "amount": 20}]);
    assert_eq!(body, json!({"lines": lines, "on": "2025-12-15T01:40:00.000Z"}));
    let status = |world: &mut World, url: &str| ask(world, url).unwrap()["status"].clone();
    assert_eq!(status(&mut world, &format!("{base}/prod/nothing")), 404);
    assert_eq!(status(&mut world, &format!("{base}/test/report")), 403);
    assert_eq!(status(&mut world, "https://zzzz.execute-api.cn-north-1.amazonaws.com.cn/prod/x"), 403);
    let api = lambda(&mut world, "GetRestApis", json!({})).unwrap()["items"][0].clone();
    assert_eq!(api["name"], API);
    let by_id = format!(
        "https://{}.execute-api.cn-north-1.amazonaws.com.cn/prod/report",
        api["id"].as_str().unwrap()
    );
    assert_eq!(status(&mut world, &by_id), 200);
    let refused = ask(&mut world, "https://example.com/").unwrap_err();
    assert_eq!(refused.to_string(), "CouldNotResolveHost: (6) Could not resolve host: example.com");
    assert_eq!(effects(&mut world), []);
}

#[test]
fn code_and_settings_change_with_effects() {
    let mut world = world();
    let old = json!({"FunctionName": FUNCTION, "S3Bucket": "finops-builds", "S3Key": "cost-explorer/report-40.zip"});
    let digest = world.digest();
    for (code, args) in [
        ("InvalidParameterValueException", json!({"S3Key": "report-99.zip"})),
        ("InvalidParameterValueException", json!({"ZipFile": "UEsDBA=="})),
        ("ResourceNotFoundException", json!({"FunctionName": "nobody", "Build": 40})),
    ] {
        assert_eq!(lambda(&mut world, "UpdateFunctionCode", args).unwrap_err().code, code);
    }
    assert_eq!(world.digest(), digest);
    lambda(&mut world, "UpdateFunctionCode", old).unwrap();
    let deployed = |from: &str, to: &str, older| Change::Deployed { from: from.into(), to: to.into(), older };
    assert_eq!(effects(&mut world), [(FUNCTION.to_owned(), deployed("41", "40", true))]);
    let answer = lambda(&mut world, "Invoke", json!({"Payload": "{\"path\":\"/report\"}"})).unwrap();
    assert_eq!(answer["FunctionError"], "Unhandled");
    assert_eq!(answer["Payload"]["errorMessage"], "Error: not yet at src/handler.js:1");
    lambda(&mut world, "UpdateFunctionCode", json!({"Build": 41})).unwrap();
    assert_eq!(effects(&mut world), [(FUNCTION.to_owned(), deployed("40", "41", false))]);
    lambda(&mut world, "UpdateFunctionCode", json!({"Build": 41})).unwrap();
    let settings =
        json!({"Timeout": 20, "Environment": {"Variables": {"DB_INSTANCE": "other", "LEVEL": "debug"}}});
    let shown = lambda(&mut world, "UpdateFunctionConfiguration", settings).unwrap();
    assert_eq!(shown["Environment"]["Variables"], json!({"DB_INSTANCE": "other", "LEVEL": "debug"}));
    let configured = |what: &str, from: &str, to: &str| {
        (FUNCTION.to_owned(), Change::Configured { what: what.into(), from: from.into(), to: to.into() })
    };
    assert_eq!(
        effects(&mut world),
        [
            configured("timeout_s", "30", "20"),
            configured("variable DB_INSTANCE", DATABASE, "other"),
            configured("variable LEVEL", "", "debug"),
        ]
    );
}

#[test]
fn consumers_poll_and_remember_outages() {
    let mut world = world();
    wait(&mut world, 599);
    let before = world.digest();
    assert_eq!(experience(&world).iter().map(|e| (e.polls, e.failed)).collect::<Vec<_>>(), [(9, 0), (1, 0)]);
    lambda(&mut world, "DeleteFunction", json!({"FunctionName": FUNCTION})).unwrap();
    assert_ne!(world.digest(), before);
    wait(&mut world, 13 * 3600);
    let down = experience(&world);
    assert_eq!((down[0].polls, down[0].failed, down[0].downtime_s), (789, 780, 46_799));
    assert_eq!(down[0].outages, [(time("2025-12-15T01:50:00Z"), None)]);
    assert_eq!(down[0].reason, format!("HTTP 503 the function `{FUNCTION}` behind the API is not there"));
    assert_eq!((down[1].polls, down[1].failed), (157, 156));
    assert_eq!(failing_since(&world, "partner-feed"), Some(time("2025-12-15T01:50:00Z")));
    assert_eq!(failing_since(&world, "nobody"), None);
}

#[test]
fn an_outage_ends_with_the_next_good_poll() {
    let mut world = world();
    wait(&mut world, 70);
    let variables = |instance: &str| json!({"Environment": {"Variables": {"DB_INSTANCE": instance}}});
    lambda(&mut world, "UpdateFunctionConfiguration", variables("nowhere")).unwrap();
    wait(&mut world, 600);
    lambda(
        &mut world,
        "UpdateFunctionConfiguration",
        variables(&format!("{DATABASE}.x.rds.amazonaws.com.cn")),
    )
    .unwrap();
    wait(&mut world, 300);
    let portal = experience(&world).remove(0);
    assert_eq!(portal.outages, [(time("2025-12-15T01:42:00Z"), Some(time("2025-12-15T01:52:00Z")))]);
    assert_eq!((portal.polls, portal.failed, portal.downtime_s), (16, 10, 600));
    assert_eq!(
        portal.reason,
        "HTTP 500 Error: connection to the database failed: the server is not there or not accepting connections \
         at src/handler.js:4"
    );
    let from = time("2025-12-15T01:40:00Z");
    assert_eq!(counts(&world, from, world.now().plus(1), 600), [(from, 10, 9), (from.plus(600), 9, 3),]);
    assert_eq!(counts_of(&world, "another", from, world.now(), 600), []);
    assert_eq!(failing_since(&world, "finance-portal"), None);
}

#[test]
fn how_time_is_cut_changes_nothing() {
    let polled = |steps: &[i64]| {
        let mut world = world();
        steps.iter().for_each(|seconds| wait(&mut world, *seconds));
        (experience(&world), world.digest())
    };
    assert_eq!(polled(&[7200]), polled(&[1, 59, 60, 61, 3599, 0, 3420]));
}

#[test]
fn nobody_polls_in_a_preview() {
    let world = world();
    let delete =
        stand::call(Service::Functions, "DeleteFunction", FUNCTION, json!({"FunctionName": FUNCTION}));
    let before = (world.digest(), experience(&world));
    let preview = world.preview(&delete);
    assert_eq!(preview.effects.len(), 1);
    assert!(preview.effects[0].is_destructive());
    assert_eq!((world.digest(), experience(&world)), before);
}

#[test]
fn a_version_changes_with_what_could_be_answered() {
    let mut world = world();
    let request = Request { path: "/report".into(), query: [("account".into(), "a1".into())].into() };
    let first = functions::path_version(&world, API);
    assert_eq!(functions::respond(&world, API, &request).status, 200);
    wait(&mut world, 3600);
    assert_eq!(functions::path_version(&world, API), first);
    stand::sql(&mut world, "DELETE FROM cost_lines");
    let emptied = functions::path_version(&world, API);
    assert_ne!(emptied, first);
    wait(&mut world, 60);
    assert_eq!(experience(&world)[0].reason, "HTTP 200 with nothing in `lines`");
    lambda(&mut world, "DeleteRestApi", json!({"restApiId": API})).unwrap();
    assert_eq!(functions::respond(&world, API, &request).status, 503);
    assert_ne!(functions::path_version(&world, API), emptied);
}

#[test]
#[should_panic(expected = "dependent[0].every_s")]
fn a_consumer_that_never_waits_is_a_problem() {
    world_of(|text| text.replace("every_s = 60", "every_s = 0"));
}
