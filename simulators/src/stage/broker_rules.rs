//! What can be wrong in `[[broker]]`: names that point nowhere, times out of order, numbers out of range.

use crate::stage::Stage;
use crate::stage_problems::Problems;
use crate::stage_rules::before_epoch;

pub(crate) fn of_brokers(stage: &Stage, found: &mut Problems) {
    found.unique(
        stage.broker.iter().map(|b| b.id.as_str()),
        |i| format!("broker[{i}].id"),
        "the id of a broker",
    );
    for (i, broker) in stage.broker.iter().enumerate() {
        let at = |key: &str| format!("broker[{i}].{key}");
        found.not_empty(at("id"), &broker.id, "the id of a broker");
        before_epoch(stage, at("created"), broker.created, found);
        found.within(
            at("fill_mib_per_s"),
            i64::try_from(broker.fill_mib_per_s).unwrap_or(i64::MAX),
            (1, 100_000),
            "MiB per second",
        );
        found.duration(at("starts_s"), broker.starts_s);
        let instances = broker.node.iter().map(|node| node.instance.as_str());
        found.unique(instances, |j| at(&format!("node[{j}].instance")), "the name of a machine");
        for (j, node) in broker.node.iter().enumerate() {
            let at = |key: &str| at(&format!("node[{j}].{key}"));
            let again = broker.node.iter().take(j).any(|before| before.id == node.id);
            found.add_if(again, at("id"), node.id, "a number that no other machine of this broker has");
            before_epoch(stage, at("back_since"), node.back_since.unwrap_or(broker.created), found);
        }
        let names: Vec<&str> = broker.topic.iter().map(|topic| topic.name.as_str()).collect();
        found.unique(names.iter().copied(), |j| at(&format!("topic[{j}].name")), "the name of a topic");
        for (j, topic) in broker.topic.iter().enumerate() {
            let at = |key: &str| at(&format!("topic[{j}].{key}"));
            found.within(at("partitions"), topic.partitions.into(), (1, 64), "partitions");
            let most = i64::try_from(broker.node.len()).unwrap_or(64);
            found.within(
                at("replicas"),
                topic.replicas.into(),
                (1, if most == 0 { 64 } else { most }),
                "machines",
            );
            before_epoch(stage, at("newest"), topic.newest, found);
            found.add_if(
                topic.newest < topic.oldest,
                at("newest"),
                topic.newest,
                "a time not before `oldest`",
            );
        }
        for (j, group) in broker.group.iter().enumerate() {
            found.one_of(
                at(&format!("group[{j}].topic")),
                &group.topic,
                "the name of a topic of this broker",
                &names,
            );
        }
    }
}
