//! Search clusters: indices, aliases, and the feed beside them.

use simulators::World;
use simulators::effect::{Change, Effect};
use simulators::settle;

use crate::shipped::{lost, typed, world};

fn parts() -> World {
    let files = files!("find-parts": "data/parts.sql" "data/feed.sql" "repo/search/mapping.json" "repo/src/handler.js" "repo/src/routes.js"
        "repo/src/parts.js" "repo/src/notes.js" "repo/src/queries.js" "repo/src/errors.js" "repo/infra/template.yaml");
    world(stage!("find-parts"), files)
}

/// A request to the cluster, written short: `POST /path body`.
fn asked(world: &mut World, line: &str, number: u32) -> (i32, String, Vec<Effect>) {
    let (method, rest) = line.split_once(' ').unwrap();
    let (path, body) = rest.split_once(' ').unwrap_or((rest, ""));
    let data = if body.is_empty() { String::new() } else { format!(" -d '{body}'") };
    let host = if path.starts_with("/run") || path == "/status" { "parts-feed" } else { "parts-es:9200" };
    let line = format!("curl -s -w ' %{{http_code}}' -X {method} 'http://{host}{path}'{data}");
    let (reply, effects) = typed(world, &line, number);
    (reply.code, reply.stdout + &reply.stderr, effects)
}

const COPY: &str = r#"POST /_reindex {"source":{"index":"parts_v3"},"dest":{"index":"parts_v4"}}"#;
const TURN: &str = r#"POST /_aliases {"actions":[{"remove":{"index":"parts_v3","alias":"parts"}},{"add":{"index":"parts_v4","alias":"parts"}}]}"#;

#[test]
fn a_search_cluster_answers_as_one() {
    let mut world = parts();
    let steps = [
        ("GET /", "\"tagline\":\"You Know, for Search\""),
        ("GET /_cluster/health", "\"status\":\"green\""),
        ("GET /_cat/indices?v", "green  open   parts_v3"),
        ("GET /_cat/indices/parts?h=index,docs.count", "parts_v3 832\n 200"),
        ("GET /_cat/indices?format=json&h=docs.count", "[{\"docs.count\":\"832\"}] 200"),
        ("GET /_alias/parts", "{\"parts_v3\":{\"aliases\":{\"parts\":{}}}} 200"),
        ("GET /_alias/none", "404"),
        ("GET /parts/_mapping", "\"price\":{\"type\":\"keyword\"}"),
        ("GET /parts/_count?q=source:workshop", "\"count\":144"),
        ("GET /parts/_count?q=source%3Aworkshop%20AND%20kind%3A%22belt%22", "\"count\":48"),
        (
            r#"POST /parts/_count {"query":{"bool":{"must":[{"term":{"kind":"belt"}}],"must_not":{"term":{"source":"feed"}}}}}"#,
            "\"count\":48",
        ),
        (
            r#"GET /parts/_search {"size":0,"aggs":{"s":{"terms":{"field":"source"}}}}"#,
            "[{\"key\":\"feed\",\"doc_count\":688},{\"key\":\"workshop\",\"doc_count\":144}]",
        ),
        (r#"GET /parts/_search {"query":{"range":{"stock":{"gt":3}}}}"#, "not simulated"),
        ("GET /parts/_doc/ws-1", "from machine 11, checked by Pia"),
        ("GET /nothing/_count", "index_not_found_exception"),
        ("GET /_cat/snapshots/nightly", "nightly-2026-05-14 FAILED"),
        ("GET /_snapshot/other/_all", "[other] missing"),
        ("GET /status", "\"documents\":688"),
        (
            r#"PUT /parts/_mapping {"properties":{"price":{"type":"double"}}}"#,
            "mapper [price] cannot be changed from type [keyword] to [double]",
        ),
        ("PUT /_snapshot/nightly/mine", "access denied"),
        ("DELETE /_all", "Wildcard expressions or all indices are not allowed"),
        ("DELETE /parts", "matches an alias"),
        ("PUT /parts_v3", "resource_already_exists_exception"),
        ("POST /_snapshot/nightly/nightly-2026-05-02/_restore", "cannot restore index [parts_v3]"),
        ("POST /parts/_close", "not simulated"),
    ];
    let before = world.digest();
    for (line, part) in steps {
        let (_, text, effects) = asked(&mut world, line, 1);
        assert!(text.contains(part) && effects.is_empty(), "{line}: {text} {effects:?}");
    }
    assert_eq!(world.digest(), before, "looking and being refused changed something");
    let (reply, _) = typed(&mut world, "curl -sf http://parts-es:9200/nothing/_count", 1);
    assert_eq!(reply.code, 22);
}

/// A copy beside it loses nothing, even if the old one goes then; made anew from its feed it loses what the feed does not know.
#[test]
fn an_index_holds_what_no_feed_knows() {
    let mut world = parts();
    let mapping = text!("find-parts/repo/search/mapping.json");
    let make = format!("PUT /parts_v4 {}", mapping.split_whitespace().collect::<String>());
    for line in [make.as_str(), COPY, TURN, "DELETE /parts_v3"] {
        let (_, text, effects) = asked(&mut world, line, 2);
        assert!(text.ends_with(" 200") && lost(&effects) == 0, "{line}: {text} {effects:?}");
    }
    assert!(asked(&mut world, "GET /parts/_doc/ws-1", 3).1.contains("\"price\":4.0"));
    let settled = settle::settle(&mut world);
    let store = settled.stores.iter().find(|s| s.name == "parts_v3").unwrap();
    assert_eq!(
        (store.records_before, store.records_lost, settled.healthy),
        (144, 0, true),
        "{:?}",
        settled.steps
    );
    // From the feed.
    let mut world = parts();
    let (_, _, effects) = asked(&mut world, "DELETE /parts_v3", 1);
    assert!(lost(&effects) == 144 && effects[0].restorable().is_none(), "{effects:?}");
    let (_, _, effects) = asked(&mut world, &make, 2);
    assert!(
        effects.iter().any(|e| matches!(e.change, Change::Created { predecessor: Some(_) })),
        "{effects:?}"
    );
    asked(&mut world, "PUT /parts_v4/_alias/parts", 3);
    asked(&mut world, "POST /run?into=parts_v4", 4);
    world.advance(world.now().plus(1_000));
    assert!(asked(&mut world, "GET /parts/_count", 5).1.contains("\"count\":688"));
    let store = settle::settle(&mut world).stores.into_iter().find(|s| s.name == "parts_v3").unwrap();
    assert_eq!(store.records_lost, 144);
    // One by one, by a question, and by a change of aliases; and with nobody who mends it the feed is run.
    let mut world = parts();
    assert_eq!(lost(&asked(&mut world, "DELETE /parts/_doc/sp-2001", 1).2), 0);
    assert_eq!(lost(&asked(&mut world, "DELETE /parts/_doc/ws-1", 2).2), 1);
    let query = r#"POST /parts/_delete_by_query {"query":{"term":{"source":"workshop"}}}"#;
    assert_eq!(lost(&asked(&mut world, query, 3).2), 143);
    let drop = r#"POST /_aliases {"actions":[{"remove_index":{"index":"parts_v3"}}]}"#;
    let (_, _, effects) = asked(&mut world, drop, 4);
    assert!(effects.iter().any(|e| matches!(e.change, Change::Destroyed { .. })), "{effects:?}");
    let settled = settle::settle(&mut world);
    assert!(settled.steps.iter().any(|s| s.what.contains("feed")), "{:?}", settled.steps);
    // Where the disk has no room, nothing is copied.
    let stage = stage!("find-parts").replace("repository = \"nightly\"", "docs_max = 900");
    let files = files!("find-parts": "data/parts.sql" "data/feed.sql" "repo/src/handler.js" "repo/src/routes.js" "repo/src/parts.js"
        "repo/src/notes.js" "repo/src/queries.js" "repo/src/errors.js" "repo/infra/template.yaml");
    let mut world = crate::shipped::world(&stage, files);
    assert!(asked(&mut world, COPY, 1).1.contains("flood-stage watermark"));
}
