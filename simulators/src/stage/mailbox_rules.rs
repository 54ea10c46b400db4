//! What can be wrong in `[[mailbox]]`: addresses and ids that stand twice, times out of order.

use crate::stage::Stage;
use crate::stage_problems::Problems;
use crate::stage_rules::before_epoch;

/// Messages of one kind.
const COUNT_MAX: i64 = 20_000;

pub(crate) fn of_mailboxes(stage: &Stage, found: &mut Problems) {
    let addresses = stage.mailbox.iter().map(|mailbox| mailbox.address.as_str());
    found.unique(addresses, |i| format!("mailbox[{i}].address"), "the address of a mailbox");
    for (i, mailbox) in stage.mailbox.iter().enumerate() {
        let at = |key: &str| format!("mailbox[{i}].{key}");
        let is_address = mailbox.address.contains('@');
        found.add_if(
            !is_address,
            at("address"),
            &mailbox.address,
            "an address, such as `claims@lindholm.example`",
        );
        before_epoch(stage, at("created"), mailbox.created, found);
        let ids = mailbox.message.iter().map(|message| message.id.as_str());
        found.unique(ids, |j| at(&format!("message[{j}].id")), "the beginning of ids");
        for (j, message) in mailbox.message.iter().enumerate() {
            let at = |key: &str| at(&format!("message[{j}].{key}"));
            found.within(at("count"), message.count.into(), (1, COUNT_MAX), "messages");
            before_epoch(stage, at("last"), message.last, found);
            found.add_if(message.last < message.first, at("last"), message.last, "a time not before `first`");
        }
    }
}
