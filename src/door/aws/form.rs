//! Query strings, and the query protocol's way to spell structures: `Parameters.member.1.ParameterKey=…`.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// Names between dots of one parameter. A request that needs more is none of ours.
const STEPS_MAX: usize = 24;

/// The pairs of a query string or a form, decoded, in order. A name without a value has an empty one.
pub fn pairs(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

/// A text without its percent escapes.
pub fn unescaped(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// What stands under a name, or in the places of a list.
enum Node {
    Leaf(String),
    Branch(BTreeMap<String, Node>),
}

/// The arguments that a form spells. `None`: it nests deeper than any request does.
pub fn arguments(pairs: impl IntoIterator<Item = (String, String)>) -> Option<Map<String, Value>> {
    let mut root = BTreeMap::new();
    for (name, value) in pairs {
        let steps: Vec<&str> = name.split('.').collect();
        if steps.len() > STEPS_MAX {
            return None;
        }
        put(&mut root, &steps, value);
    }
    Some(root.into_iter().map(|(name, node)| (name, node.value())).collect())
}

fn put(branch: &mut BTreeMap<String, Node>, steps: &[&str], value: String) {
    let Some((first, rest)) = steps.split_first() else { return };
    if rest.is_empty() {
        branch.insert((*first).to_owned(), Node::Leaf(value));
        return;
    }
    let under = branch.entry((*first).to_owned()).or_insert_with(|| Node::Branch(BTreeMap::new()));
    if let Node::Leaf(_) = under {
        *under = Node::Branch(BTreeMap::new());
    }
    if let Node::Branch(under) = under {
        put(under, rest, value);
    }
}

impl Node {
    fn value(self) -> Value {
        match self {
            Self::Leaf(text) => Value::String(text),
            Self::Branch(branch) if are_places(&branch) => in_order(branch),
            Self::Branch(mut branch) => match branch.pop_first() {
                // The places of a list stand under a name of their own, such as `member`.
                Some((_, Self::Branch(places))) if branch.is_empty() && are_places(&places) => {
                    in_order(places)
                }
                first => {
                    let all = first.into_iter().chain(branch);
                    Value::Object(all.map(|(name, node)| (name, node.value())).collect())
                }
            },
        }
    }
}

/// Names that are all numbers: the places of a list.
fn are_places(branch: &BTreeMap<String, Node>) -> bool {
    branch.keys().all(|key| key.parse::<u32>().is_ok())
}

fn in_order(branch: BTreeMap<String, Node>) -> Value {
    let mut places: Vec<(u32, Node)> =
        branch.into_iter().map(|(place, node)| (place.parse().unwrap_or(u32::MAX), node)).collect();
    places.sort_by_key(|(place, _)| *place);
    places.into_iter().map(|(_, node)| node.value()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(text: &str) -> Value {
        Value::Object(arguments(pairs(text)).unwrap())
    }

    #[test]
    fn structures_and_lists_are_spelt_out() {
        assert_eq!(read("StackName=a%2Fb+c&Empty="), json!({"StackName": "a/b c", "Empty": ""}));
        assert_eq!(
            read("P.member.2.K=b&P.member.1.K=a&P.member.10.K=c&R.member.1=x"),
            json!({"P": [{"K": "a"}, {"K": "b"}, {"K": "c"}], "R": ["x"]})
        );
        assert_eq!(
            read("Filters.Filter.1.Name=n&Filters.Filter.1.Values.Value.1=v&Tags.1.Key=k"),
            json!({"Filters": [{"Name": "n", "Values": ["v"]}], "Tags": [{"Key": "k"}]})
        );
        assert_eq!(read("D.A=1&D.B=2"), json!({"D": {"A": "1", "B": "2"}}));
        assert!(arguments(pairs(&"a.".repeat(60_000))).is_none());
    }
}
