//! Which Rego policies can be evaluated on the spot: those that call only functions whose work is bounded by the size of
//! what they are given, and that the engine's timer can therefore end soon. All others get a thread of their own.
//!
//! This reads words and not the language, and takes for slow what it does not know.

use std::collections::BTreeSet;

use super::rego_text::{code_only, references};

/// Builtins whose work is bounded by what they are given. Not here: what makes much of little (`numbers.range`,
/// `net.cidr_expand`, widths of `sprintf`), what compiles its argument (`regex`, `glob`), and what parses (`json`, `yaml`).
const BOUNDED: &[&str] = &[
    "abs",
    "array.concat",
    "array.reverse",
    "array.slice",
    "ceil",
    "concat",
    "contains",
    "count",
    "endswith",
    "floor",
    "indexof",
    "intersection",
    "is_array",
    "is_boolean",
    "is_null",
    "is_number",
    "is_object",
    "is_set",
    "is_string",
    "lower",
    "max",
    "min",
    "object.get",
    "object.keys",
    "round",
    "sort",
    "split",
    "startswith",
    "strings.any_prefix_match",
    "strings.any_suffix_match",
    "substring",
    "sum",
    "to_number",
    "trim",
    "trim_left",
    "trim_prefix",
    "trim_right",
    "trim_space",
    "trim_suffix",
    "type_name",
    "union",
    "upper",
];
/// The engine's other functions without a dot in their names: a rule that has such a name is taken for a call of it, as a call
/// that stands at the left margin inside a rule is.
const UNBOUNDED: &[&str] =
    &["format_int", "indexof_n", "print", "product", "replace", "sprintf", "trace", "walk"];
/// Words before a bracket that are no function.
const KEYWORDS: &[&str] = &["else", "every", "if", "in", "not", "some"];

/// Whether policies call bounded functions and their own, and nothing else. One that puts functions in the place of
/// others (`with`) is taken for slow.
pub(super) fn is_quick(texts: &[String]) -> bool {
    let codes: Vec<String> = texts.iter().map(|text| code_only(text)).collect();
    let mut own = BTreeSet::new();
    let mut called = BTreeSet::new();
    for (text, code) in texts.iter().zip(&codes) {
        for reference in references(text, code) {
            let name = reference.dotted();
            if name == "with" {
                return false;
            }
            let rest = code.get(reference.end()..).unwrap_or_default();
            let before = code.get(..reference.start).unwrap_or_default();
            let is_rule = (before.is_empty() || before.ends_with('\n')) && !before.trim_end().ends_with('.');
            match rest.trim_start().starts_with('(') {
                true if is_rule && !name.contains('.') && !UNBOUNDED.contains(&name.as_str()) => {
                    own.insert(name);
                }
                true => drop(called.insert(name)),
                false => {}
            }
        }
    }
    let known = |name: &String| {
        own.contains(name) || BOUNDED.contains(&name.as_str()) || KEYWORDS.contains(&name.as_str())
    };
    called.iter().all(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quick(text: &str) -> bool {
        is_quick(&[text.to_owned()])
    }

    #[test]
    fn functions_of_bounded_work_and_own_ones_are_quick() {
        for text in [
            "package p\ndeny if input.x == 1",
            "deny if count(input.x) > 0",
            "deny if not startswith(lower(input.x), \"prod\")",
            "deny if object.get(input, [\"a\", \"b\"], 0) > 1",
            "f(x) := y if { y := count(x) }\ndeny if f(input.x) > 2",
            "# numbers.range(1, 2)\ndeny if input.x == \"numbers.range(1, 2)\"",
            "deny if not (input.x)",
        ] {
            assert!(quick(text), "{text}");
        }
        let texts = ["f(x) := count(x)".to_owned(), "deny if f(input.x) > 2".to_owned()];
        assert!(is_quick(&texts), "functions of another file");
    }

    #[test]
    fn what_makes_much_of_little_is_slow_however_it_is_spelt() {
        for text in [
            "x := numbers.range(1, 1000000000)",
            "x := numbers[\"range\"](1, 1000000000)",
            "x := numbers[\"r\\u0061nge\"](1, 1000000000)",
            "x := numbers.\nrange (1, 1000000000)",
            "x := numbers[y](1, 1000000000)",
            "deny if f(1, 2) with f as numbers.range",
            "import data.lib\ndeny if lib.f(1)",
            "deny if count(numbers.range(1, 10)) > 1",
            "f(x) := regex.match(\"a+\", x)\ndeny if f(input.x)",
            "deny if sprintf(\"%1000000000d\", [1]) == \"\"",
            "deny if {\nsprintf(\"%1000000000d\", [1]) == \"\"\n}",
            "deny if {\nnumbers.range(1, 1000000000)[_] == 5\n}",
        ] {
            assert!(!quick(text), "{text}");
        }
    }
}
