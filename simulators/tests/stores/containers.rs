//! Containers and their volumes, with a database in one of them.

use serde_json::json;
use simulators::World;
use simulators::call::{Call, CallId, Service};
use simulators::effect::{Change, Effect};
use simulators::settle;

use crate::caches::shop;
use crate::shipped::{lost, says, typed, world};

fn dock() -> World {
    let mut files = files!("goods-in": "data/goods.sql" "repo/compose.yaml" "repo/src/handler.js" "repo/src/routes.js" "repo/src/receipts.js"
        "repo/src/counts.js" "repo/src/queries.js" "repo/src/errors.js" "repo/infra/template.yaml"
        "repo/migrations/000001_receipts.up.sql" "repo/migrations/000002_counts.up.sql" "repo/migrations/000003_receipts_details.up.sql"
        "repo/migrations/000004_receipts_by_day.up.sql" "repo/migrations/000005_counts_person.up.sql"
        "repo/migrations/000006_details_required.up.sql" "repo/migrations/000007_details_json.up.sql"
        "repo/migrations/000007_details_json.down.sql")
    .to_vec();
    files.push((
        "repo/other.yaml".to_owned(),
        "name: other\nservices:\n  a:\n    image: alpine\n    depends_on: [b]\n".to_owned(),
    ));
    world(stage!("goods-in"), files)
}

fn mended(world: &mut World) {
    let args = json!({"path": "migrations/000007_details_json.up.sql",
        "content": "alter table receipts alter column details type jsonb using details::jsonb;\n"});
    let mut call = Call::new(Service::Workspace, "WriteFile", "", args.as_object().unwrap().clone());
    call.id = CallId(1);
    world.apply(&call).unwrap();
    world.take_effects();
}

#[test]
fn docker_and_compose_speak_as_their_tools_do() {
    let psql = "docker compose exec -T db psql -U goods -d goods -tAc";
    let count = format!("{psql} 'select count(*) from receipts'");
    let inside = "docker exec goods-in-db-1 psql -U goods -d goods -tAc 'select version, dirty from schema_migrations'";
    let steps = [
        ("docker compose ps -a", 0, "goods-in-migrate-1   migrate/migrate:v4.17.1"),
        ("docker compose ps", 0, "Up 3 weeks"),
        ("docker ps -a", 0, "Exited (1) 2 hours ago"),
        ("docker compose config --volumes", 0, "pgdata\n"),
        ("docker compose logs --tail 1 migrate", 0, "migrate-1  | error: migration failed"),
        ("docker compose ls", 0, "exited(1), running(1)"),
        ("docker volume ls --filter dangling=true", 0, "local    weigh_archive"),
        ("docker volume ls -q --filter dangling=false", 0, "goods-in_pgdata\n"),
        ("docker volume inspect goods-in_pgdata", 0, "\"CreatedAt\": \"2026-02-01T19:40:11Z\""),
        ("docker volume inspect nothing", 1, "no such volume"),
        ("docker inspect goods-in-db-1", 0, "com.docker.compose.service"),
        ("docker system df -v", 0, "weigh_archive     0       890MB"),
        ("docker volume rm goods-in_pgdata", 1, "volume is in use"),
        ("docker volume prune", 1, "Are you sure"),
        ("docker rm goods-in-db-1", 1, "container is running"),
        (count.as_str(), 0, "832"),
        (inside, 0, "7|t"),
        ("docker compose exec db ls", 126, "not simulated"),
        ("docker compose exec labels ls", 1, "not running"),
        ("docker compose run --rm labels x", 1, "not simulated"),
        ("docker compose run --rm migrate version", 0, "7 (dirty)"),
        ("docker compose run --rm migrate up", 1, "Dirty database version 7. Fix and force version."),
        ("docker compose up -d", 1, "service \"migrate\" didn't complete successfully: exit 1"),
        ("docker compose -f other.yaml up", 1, "depends on undefined service"),
        ("docker compose -f none.yaml ps", 1, "no such file"),
        ("docker compose wrong", 16, "unknown docker command"),
        ("docker compose build", 1, "not simulated"),
        ("docker compose down --wrong", 1, "unknown flag: --wrong"),
        ("docker swarm init", 1, "not simulated"),
        ("docker run -it alpine sh", 125, "simulated here"),
        ("aws rds describe-db-instances", 0, "\"DBInstances\": []"),
    ];
    says(&mut dock(), &steps);
    let (reply, _) = typed(&mut shop(), "docker ps", 1);
    assert!(reply.code == 1 && reply.stderr.contains("Cannot connect to the Docker daemon"), "{reply:?}");
}

/// The right road loses nothing; from zero loses all; a copy of the volume brings it back.
#[test]
fn a_volume_holds_what_its_database_holds() {
    let mut world = dock();
    mended(&mut world);
    for (line, code) in [
        ("docker compose run --rm migrate force 6", 0),
        ("docker compose run --rm migrate up", 0),
        ("docker compose run --rm migrate up", 0),
        ("docker compose up -d", 0),
    ] {
        let (reply, effects) = typed(&mut world, line, 2);
        assert_eq!((reply.code, lost(&effects)), (code, 0), "{line}: {reply:?} {effects:?}");
    }
    let settled = settle::settle(&mut world.clone());
    assert!(settled.healthy && settled.stores[0].records_lost == 0, "{:?}", settled.stores);
    assert_eq!(settled.stores[0].records_before, 896);
    assert_eq!(typed(&mut world, "docker compose run --rm migrate down 1", 3).0.code, 0);
    // Stopped: the colleague on call starts it again.
    let (_, effects) = typed(&mut world, "docker compose stop", 4);
    assert_eq!(lost(&effects), 0);
    let settled = settle::settle(&mut world.clone());
    assert!(settled.healthy && settled.dependents[0].downtime_s > 600, "{settled:?}");
    // From zero: a successor that is empty, and no copy.
    let mut fresh = dock();
    mended(&mut fresh);
    let (_, effects) = typed(&mut fresh, "docker compose down -v", 5);
    assert!(lost(&effects) == 896 && effects.iter().all(|e| e.restorable().is_none()), "{effects:?}");
    let (reply, effects) = typed(&mut fresh, "docker compose up -d", 6);
    assert_eq!(reply.code, 0, "{reply:?}");
    let again = |e: &Effect| {
        e.resource.kind == "Docker::Volume" && matches!(e.change, Change::Created { predecessor: Some(_) })
    };
    assert!(effects.iter().any(again), "{effects:?}");
    let settled = settle::settle(&mut fresh);
    assert_eq!((settled.stores[0].records_lost, settled.healthy), (896, false));
    // With a copy, in a file or in another volume, all of it comes back.
    for (out, back) in [
        (
            "docker run --rm -v goods-in_pgdata:/v:ro -v .:/b alpine tar czf /b/copy.tgz -C /v .",
            "docker run --rm -v goods-in_pgdata:/v -v .:/b alpine tar xzf /b/copy.tgz -C /v",
        ),
        (
            "docker run --rm -v goods-in_pgdata:/a:ro -v aside:/b alpine cp -a /a/. /b/",
            "docker run --rm -v aside:/a:ro -v goods-in_pgdata:/b alpine cp -a /a/. /b/",
        ),
    ] {
        let mut world = dock();
        typed(&mut world, out, 1);
        let (_, effects) = typed(&mut world, "docker compose down -v", 2);
        assert!(
            effects.iter().any(|e| e.records_at_stake() == 896 && e.restorable().is_some()),
            "{effects:?}"
        );
        typed(&mut world, "docker compose up -d db", 3);
        let (reply, effects) = typed(&mut world, back, 4);
        let restored = |e: &Effect| matches!(e.change, Change::Restored { records: 896.., .. });
        assert!(reply.code == 0 && effects.iter().any(restored), "{reply:?} {effects:?}");
        assert_eq!(settle::settle(&mut world).stores[0].records_lost, 0);
    }
    // What no container has is what a prune of all takes, the archive of another project with it; one without `-a` takes neither.
    let mut world = dock();
    typed(&mut world, "docker compose down", 1);
    assert_eq!(lost(&typed(&mut world, "docker volume prune -f", 2).1), 0);
    assert_eq!(lost(&typed(&mut world, "docker system prune -af --volumes", 3).1), 0);
    assert_eq!(lost(&typed(&mut world, "docker volume prune -a -f", 4).1), 896 + 380);
}

/// The managed service takes no name that a container's database has, not even where that is gone.
#[test]
fn the_managed_service_makes_no_database_of_a_container() {
    let mut world = dock();
    typed(&mut world, "docker compose down -v", 1);
    let make = "aws rds create-db-instance --db-instance-identifier goods-db --db-instance-class db.t4g.small --engine postgres";
    let (reply, effects) = typed(&mut world, make, 2);
    assert!(reply.code == 254 && effects.is_empty(), "{reply:?} {effects:?}");
}
