//! Machines of brokers: who leads, who is in sync, and what goes with the last copy.

use serde_json::json;
use simulators::World;
use simulators::effect::Change;
use simulators::settle;

use crate::shipped::{lost, transcript, typed, world};

fn tide() -> World {
    let files = files!("tide-marks": "data/gauges.sql" "repo/docs/exercise.md" "repo/src/handler.js" "repo/src/routes.js"
        "repo/src/levels.js" "repo/src/marks.js" "repo/src/queries.js" "repo/src/errors.js" "repo/infra/template.yaml");
    world(stage!("tide-marks"), files)
}

const BUS: &str = "--bootstrap-server tide-bus:9092";

#[test]
fn what_no_machine_in_sync_has_is_gone_with_the_last_one() {
    let mut world = tide();
    let tool = |line: &str| {
        let (name, rest) = line.split_once(' ').unwrap();
        format!("{name} {BUS} {rest}")
    };
    let levels = "Topic: tide.levels\tPartitionCount: 6\tReplicationFactor: 2\tConfigs: retention.ms=-1\n\
        \tTopic: tide.levels\tPartition: 0\tLeader: 1\tReplicas: 1,2\tIsr: 1,2\n\
        \tTopic: tide.levels\tPartition: 1\tLeader: 2\tReplicas: 2,3\tIsr: 2\n\
        \tTopic: tide.levels\tPartition: 2\tLeader: 1\tReplicas: 3,1\tIsr: 1\n\
        \tTopic: tide.levels\tPartition: 3\tLeader: 1\tReplicas: 1,2\tIsr: 1,2\n\
        \tTopic: tide.levels\tPartition: 4\tLeader: 2\tReplicas: 2,3\tIsr: 2\n\
        \tTopic: tide.levels\tPartition: 5\tLeader: 1\tReplicas: 3,1\tIsr: 1\n";
    let (describe, under) = (
        tool("kafka-topics --describe --topic tide.levels"),
        tool("kafka-topics --describe --under-replicated-partitions"),
    );
    transcript(
        &mut world,
        &[(&describe, levels), (&tool("kafka-topics --describe --unavailable-partitions"), "")],
    );
    let (reply, effects) = typed(&mut world, &under, 1);
    assert!(reply.stdout.lines().count() == 9 && effects.is_empty(), "{}", reply.stdout);
    let prefer = tool("kafka-leader-election --election-type preferred --all-topic-partitions");
    let (reply, effects) = typed(&mut world, &prefer, 2);
    assert!(
        reply.code == 1
            && reply.stderr.contains(
                "tide.levels-2: org.apache.kafka.common.errors.PreferredLeaderNotAvailableException"
            ),
        "{reply:?}"
    );
    assert!(effects.is_empty(), "{effects:?}");
    let fresh = world.clone();

    // Whoever waits until nothing is under-replicated loses nothing, neither by an election nor by replacing one machine.
    world.advance(world.now().plus(2 * 3600));
    assert_eq!(typed(&mut world, &under, 3).0.stdout, "");
    let (reply, effects) = typed(&mut world, &prefer, 4);
    assert!(reply.code == 0 && reply.stdout.starts_with("Successfully completed leader election (PREFERRED) for partitions tide.activity-0, tide.alarms-1, tide.levels-2"), "{reply:?}");
    assert!(
        effects.iter().all(|e| matches!(&e.change, Change::Configured { what, .. } if what == "leaders")),
        "{effects:?}"
    );
    let (reply, effects) =
        typed(&mut world, "aws ec2 terminate-instances --instance-ids i-0a4f7c21d93be8510", 5);
    assert!(reply.stdout.contains("shutting-down"), "{}", reply.stderr);
    assert_eq!((lost(&effects), effects.len(), effects[0].resource.stateful), (0, 1, false), "{effects:?}");
    world.advance(world.now().plus(3 * 3600));
    let replaced = world.take_effects();
    assert!(
        replaced.iter().any(|e| matches!(e.change, Change::Created { predecessor: Some(_) })),
        "{replaced:?}"
    );
    assert_eq!(typed(&mut world, &under, 6).0.stdout, "");
    let (reply, _) = typed(&mut world, "aws ec2 terminate-instances --instance-ids i-0a4f7c21d93be8510", 7);
    assert!(reply.stderr.contains("(InvalidInstanceID.NotFound)"), "{}", reply.stderr);

    // Partitions are moved once those who are to have them do.
    let offsets = json!({"partitions": [{"topic": "tide.alarms", "partition": 0, "replicas": [1]}, {"topic": "tide.levels", "partition": 0, "replicas": [3, 2]}]});
    world.carry([("move.json".to_owned(), offsets.to_string())].into());
    let (reply, effects) =
        typed(&mut world, &tool("kafka-reassign-partitions --reassignment-json-file move.json --execute"), 8);
    assert!(
        reply.stdout.contains("tide.alarms-0,tide.levels-0") && effects.len() == 2,
        "{reply:?} {effects:?}"
    );
    let verify = tool("kafka-reassign-partitions --reassignment-json-file move.json --verify");
    let (reply, _) = typed(&mut world, &verify, 9);
    assert!(
        reply.stdout.contains("tide.alarms-0 is completed")
            && reply.stdout.contains("tide.levels-0 is still in progress"),
        "{}",
        reply.stdout
    );
    world.advance(world.now().plus(3 * 3600));
    assert!(!typed(&mut world, &verify, 10).0.stdout.contains("progress"));
    assert!(
        typed(&mut world, &describe, 11)
            .0
            .stdout
            .contains("Partition: 0\tLeader: 2\tReplicas: 3,2\tIsr: 2,3\n")
    );

    // Whoever does not wait loses what lay on the machine alone, and five minutes later what the next one had.
    let mut world = fresh;
    let (_, effects) = typed(&mut world, "aws ec2 terminate-instances --instance-ids i-0a4f7c21d93be8510", 1);
    assert_eq!((lost(&effects), effects[0].resource.stateful), (800_000 + 12_000, true), "{effects:?}");
    assert!(
        typed(&mut world, &tool("kafka-topics --describe --unavailable-partitions"), 2)
            .0
            .stdout
            .contains("Partition: 2\tLeader: none\tReplicas: 3,1\tIsr: 1\n")
    );
    world.advance(world.now().plus(300));
    let (reply, _) = typed(&mut world, &describe, 3);
    assert!(
        reply.stdout.contains("Partition: 2\tLeader: 1\tReplicas: 3,1\tIsr: 1\n"),
        "it leads again, empty: {}",
        reply.stdout
    );
    world.take_effects();
    let (_, effects) = typed(&mut world, "aws ec2 terminate-instances --instance-ids i-0c19e6b7402d5fa38", 4);
    assert_eq!(lost(&effects), 1_600_000 + 24_000 + 5_400, "{effects:?}");
    world.advance(world.now().plus(86_400));
    let (reply, _) =
        typed(&mut world, &tool("kafka-leader-election --election-type unclean --all-topic-partitions"), 5);
    assert_eq!(reply.code, 0, "{reply:?}");
    let left: u64 = settle::settle(&mut world)
        .stores
        .iter()
        .filter(|s| s.name.starts_with("tide."))
        .map(|s| s.records_before - s.records_lost)
        .sum();
    assert_eq!(left, 0);
}
